"""Names that cannot be forged: by key, by tenant, by purpose, and parts that stay parts."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tollwatch.identity import Hasher, joined

ONE, OTHER = Hasher(bytes(range(16))), Hasher(bytes(range(1, 17)))


def test_another_key_another_purpose_another_tenant() -> None:
    """Each changes every hash; what is found out of one installation is worth nothing in another."""
    texts = pl.Series([f"44710000{n:04}" for n in range(500)])
    made = [
        ONE.texts(texts, "key"),
        OTHER.texts(texts, "key"),
        ONE.texts(texts, "value"),
        ONE.texts(texts, "key", pl.Series(["b"] * 500)),
    ]
    assert len({int(each) for hashes in made for each in hashes}) == 2000


def test_a_tenant_beside_changes_nothing() -> None:
    """In a batch of several tenants each has the hashes it has alone; who names none is the installation's own."""
    hasher = Hasher(bytes(range(16)), "mine")
    both = hasher.texts(pl.Series(["1", "1", "1", "1"]), "key", pl.Series(["a", None, "b", "mine"]))
    assert [int(each) for each in both] == [hasher.text("1", "key", name) for name in ("a", "mine", "b", "mine")]
    assert hasher.texts(pl.Series(["1"]), "key")[0] == both[1] == both[3]


@given(st.lists(st.lists(st.text("\x1f\\\\ua", max_size=4), min_size=2, max_size=2), min_size=2, max_size=2))
def test_parts_of_an_id_cannot_run_into_one_another(parts: list[list[str]]) -> None:
    """A subject that has the separator in it is still one subject."""
    assert (joined(*parts[0]) == joined(*parts[1])) == (parts[0] == parts[1])


def test_lists_and_maps_are_content() -> None:
    """A map with another value is another content; one that is absent too."""
    kind = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
    maps = [[{"key": "x", "value": "y"}], [{"key": "x", "value": "z"}], [{"key": "xy", "value": ""}], None]
    rows = pl.DataFrame({"event_id": ["e"] * 4, "attributes": pl.Series(maps, dtype=kind)})
    assert len(set(ONE.rows("provisioned", rows).tolist())) == 4
