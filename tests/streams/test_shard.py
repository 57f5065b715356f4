"""Routing: each row of a key to one shard, each shard to one partition, nothing lost on the way."""

import numpy as np
import polars as pl
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.shard import route, split, with_hashes
from tests.make import HASHER
from tests.streams.pieces import SPACE, event
from tollwatch.frames import KeySpace
from tollwatch.identity import Hasher

KEYS = st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=30)


def routed(keys: list[str | None], space: KeySpace = SPACE, **columns: object) -> pl.DataFrame:
    """Rows of these calling numbers, routed."""
    rows = pl.DataFrame(
        [event(n, n) | {"calling_number": key} for n, key in enumerate(keys)],
        schema_overrides={"calling_number": pl.String},
    )
    rows = rows.with_columns(_offset=pl.int_range(len(keys)), _late=pl.lit(value=False), **columns)  # type: ignore[arg-type]
    table = route("usage", with_hashes("usage", rows, HASHER), space, HASHER)
    assert table is not None
    return table


@settings(max_examples=50)
@given(KEYS, st.integers(1, 64))
def test_each_row_comes_to_one_partition(keys: list[str | None], partitions: int) -> None:
    """All rows with a key, once, and all rows of a key together."""
    table = routed(keys)
    parts = split(table, SPACE, "usage", partitions)
    assert sum(map(len, parts)) == sum(key is not None for key in keys)
    assert pl.concat(parts).sort("event_id").equals(table.sort("event_id"))
    for n, part in enumerate(parts):
        assert (part["_shard"] % partitions == n).all()
    assert table.group_by("calling_number").agg(pl.col("_shard").n_unique())["_shard"].max() in (1, None)


def test_the_shard_of_a_number_never_changes() -> None:
    """It is on disk in snapshots: 64 shards by the upper bits of the key's hash, which the key decides alone."""
    table = routed(["447100000001", "447100000002", ""])
    assert table["_shard"].to_list() == [key >> 58 for key in table["_key"].to_list()]
    assert [hex(key) for key in table["_key"]] == ["0xe23a9369ae15d86a", "0x8a11eb910cf2a9d7", "0xafbcf238874f3e4d"]


def test_tenants_do_not_meet() -> None:
    """The same number of another operator is another key; the main tenant's is that of no tenant."""
    keys = ["1", "1", "1"]
    plain = routed(keys)["_key"]
    other = routed(keys, tenant=pl.Series(["main", "b", "c"]))["_key"]
    assert other[0] == plain[0]
    assert other.n_unique() == 3


def test_what_is_broadcast_goes_to_all() -> None:
    """A list must be known in every partition."""
    space = KeySpace(name="x", by={}, columns=SPACE.columns, broadcast=("usage",))
    parts = split(routed(["1", "2"], space), space, "usage", 3)
    assert [len(part) for part in parts] == [2, 2, 2]


def test_changes_go_to_all_and_the_rest_by_key() -> None:
    """An account's limit is known where the account is; a list and a rule everywhere."""
    columns: tuple[str, ...] = ("event_id", "event_time", "entity", "id")
    space = KeySpace(name="x", by={"reference": "id"}, columns={"reference": columns}, broadcast=("reference",))
    entities = ["account", "list", "account", "rule", "account"]
    rows = pl.DataFrame({"event_id": entities, "event_time": 1, "entity": entities, "id": ["1", "2", "3", "4", "5"]})
    rows = rows.with_columns(_offset=pl.int_range(5), _late=pl.lit(value=False))
    table = route("reference", with_hashes("reference", rows, HASHER), space, HASHER)
    assert table is not None
    parts = split(table, space, "reference", 3)
    assert all(set(part["id"]) >= {"2", "4"} for part in parts)
    assert sorted(id_ for part in parts for id_ in part["id"]) == sorted(["1", "3", "5", *"22", "2", *"44", "4"])


def test_content_is_what_is_said_not_how_it_arrived() -> None:
    """File and moment of arrival change nothing, any other field does; null is as absent."""
    base = pl.DataFrame([event(1, 1)])

    def content(**changes: object) -> int:
        kinds = {name: pl.String if value is None else None for name, value in changes.items()}
        made = base.with_columns(**{name: pl.lit(value, kinds[name]) for name, value in changes.items()})
        return int(with_hashes("usage", made, HASHER)["_content"][0])

    assert content() == content(file_id="f", received_at=5, source="other")
    assert content() == content(imsi=None)
    assert len({content(), content(imsi="1"), content(imei="1"), content(duration_s=2), content(ring_s=1)}) == 5


def test_a_tenant_beside_changes_no_hash_of_main() -> None:
    """A copy is a copy whether or not its neighbours name a tenant; another tenant has events of its own."""
    alone = pl.DataFrame({"event_id": ["e"], "event_time": [1], "calling_number": ["1"]})
    beside = pl.DataFrame(
        {
            "event_id": ["e", "e", "e"],
            "event_time": [1, 1, 1],
            "calling_number": ["1", "1", "1"],
            "tenant": [None, "main", "other"],
        }
    )
    first, found = with_hashes("usage", alone, HASHER), with_hashes("usage", beside, HASHER)
    assert found["_content"].to_list() == first["_content"].to_list() * 3
    assert found["_id"][0] == found["_id"][1] == first["_id"][0] != found["_id"][2]


def test_crafted_ids_do_not_meet_in_one_stretch_of_the_table() -> None:
    """Ids whose unkeyed hashes begin alike, as a flood of them would: under a key they are spread like any others."""
    found, n = [], 0
    while len(found) < 400:
        n += 1
        if xxhash.xxh64_intdigest(f"call-{n}".encode()) >> 1 & 0x3FF == 7:
            found.append(f"call-{n}")
    rows = pl.DataFrame({"event_id": found, "event_time": 1, "calling_number": found})
    ids = with_hashes("usage", rows, Hasher(bytes(range(16))))["_id"].to_numpy() >> np.uint64(1) & np.uint64(0x3FF)
    assert len(set(ids.tolist())) > 300
