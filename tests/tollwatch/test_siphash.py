"""SipHash is SipHash: the authors' vectors, ClickHouse's function, whatever the lengths, however Arrow holds them."""

import numpy as np
import polars as pl
import pytest
from chdb import query
from hypothesis import given
from hypothesis import strategies as st

from tollwatch.siphash import RowHash, hash_texts

KEY = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
"""The key of the published vectors: bytes 00 to 0f."""
BEFORE = np.array([0x0706050403020100], np.uint64)
VECTORS = {8: 0x93F5F5799A932462, 9: 0x9E0082DF0BA9E4B0, 15: 0xA129CA6149BE45E5, 16: 0x3F2ACC7F57C29BDB}
"""Of the messages 00 01 02 …, by length (Aumasson and Bernstein, reference code, vectors_sip64)."""


@pytest.mark.parametrize("size", sorted(VECTORS))
def test_the_published_vectors(size: int) -> None:
    """Message 00 01 … of each length, of which the first eight bytes stand before the text."""
    text = bytes(range(8, size)).decode()
    assert int(hash_texts(pl.Series([text]), KEY, BEFORE)[0]) == VECTORS[size]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.integers(0, 2**64 - 1))
def test_clickhouse_says_the_same(texts: list[str], before: int) -> None:
    """Any text, sliced or whole, inline or long."""
    series = pl.Series(["x" * 20, *texts])[1:]
    found = hash_texts(series, KEY, np.array([before], np.uint64)).tolist()
    asked = ", ".join(
        f"sipHash64Keyed(({KEY[0]}::UInt64, {KEY[1]}::UInt64), "
        f"unhex('{(before.to_bytes(8, 'little') + text.encode()).hex()}'))"
        for text in texts
    )
    assert [int(each) for each in query(f"SELECT {asked}", "TSV").bytes().decode().split()] == found


def test_null_is_as_empty_and_nothing_is_nothing() -> None:
    """A column may have holes, and may have no rows."""
    found = hash_texts(pl.Series(["a", None, ""]), KEY)
    assert found[1] == found[2] != found[0]
    assert len(hash_texts(pl.Series([], dtype=pl.String), KEY)) == 0


@given(st.lists(st.tuples(st.one_of(st.none(), st.text(max_size=20)), st.one_of(st.none(), st.integers(-5, 5)))))
def test_rows_are_equal_only_if_they_say_the_same(rows: list[tuple[str | None, int | None]]) -> None:
    """Two columns of text and one of numbers: a value that moves from one to the other is another row."""
    table = pl.DataFrame(rows, schema={"a": pl.String, "n": pl.Int64}, orient="row").with_columns(b=pl.col("a"))
    seen: dict[int, object] = {}
    for first, second in (("a", None), ("b", None), ("a", "b")):
        made = RowHash(len(table), KEY)
        for tag, name in enumerate(("a", "b")):
            if name in (first, second):
                made.texts(table[name], tag)
        made.numbers(table["n"], 9)
        for value, row in zip(made.finish().tolist(), rows, strict=True):
            text = row[0]
            said = (text if "a" in (first, second) else None, text if "b" in (first, second) else None, row[1])
            assert seen.setdefault(value, said) == said
