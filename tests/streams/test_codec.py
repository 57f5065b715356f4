"""A frame comes back as it was sent, and damage is said."""

from contextlib import suppress
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.codec import VERSION, decode, encode
from tests.streams.pieces import event, frames_of
from tollwatch.errors import InputError, VersionError
from tollwatch.frames import Frame, Span

SCALARS = st.fixed_dictionaries(
    {
        "t": st.one_of(st.none(), st.text(max_size=20)),
        "n": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        "b": st.one_of(st.none(), st.booleans()),
        "h": st.integers(0, 2**64 - 1),
        "l": st.one_of(st.none(), st.lists(st.text(max_size=3), max_size=3)),
        "m": st.one_of(st.none(), st.lists(st.fixed_dictionaries({"key": st.text(max_size=3)}), max_size=2)),
    }
)
KINDS: Any = {
    "t": pl.String,
    "n": pl.Int64,
    "b": pl.Boolean,
    "h": pl.UInt64,
    "l": pl.List(pl.String),
    "m": pl.List(pl.Struct({"key": pl.String})),
}
SPANS = st.builds(
    Span,
    partition=st.text(max_size=5),
    begin=st.integers(0, 9),
    end=st.integers(9, 99),
    watermark=st.integers(-(2**62), 2**62),
    state=st.sampled_from(["open", "idle", "closed"]),
)
TABLES = st.lists(SCALARS, max_size=6).map(lambda rows: pl.DataFrame(rows, schema=KINDS))


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["usage", "orders", "é"]), TABLES), st.lists(SPANS, max_size=3), st.integers(0))
def test_there_and_back(tables: dict[str, pl.DataFrame], spans: list[Span], sequence: int) -> None:
    """Every kind of column, nulls, empty tables, several streams and spans."""
    frame = Frame("calling_number", 7, sequence % 2**63, tuple(spans), tables)
    back = decode(encode(frame))
    assert (back.key_space, back.partition, back.sequence, back.spans) == (
        frame.key_space,
        7,
        frame.sequence,
        frame.spans,
    )
    assert back.tables.keys() == tables.keys()
    for stream, table in tables.items():
        assert back.tables[stream].schema == table.schema
        assert back.tables[stream].equals(table)


def test_the_same_frame_is_the_same_bytes() -> None:
    """Sent twice, the log has the same twice."""
    rows = [event(n, 10 * n) for n in range(100)]
    assert [encode(f) for f in frames_of("p", [rows])] == [encode(f) for f in frames_of("p", [rows])]


@settings(max_examples=80)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_damage_is_said_or_harmless(where: int, flip: int) -> None:
    """A byte that turned over, or an end cut off, gives our error or a frame, never another exception."""
    data = bytearray(encode(frames_of("p", [[event(n, n) for n in range(5)]])[0]))
    cut = bytes(data[: where % len(data)])
    data[where % len(data)] ^= flip
    for bad in (bytes(data), cut):
        with suppress(InputError, VersionError):
            decode(bad)


def test_a_newer_frame_is_not_guessed_at() -> None:
    """The sentence says what to upgrade."""
    data = bytearray(encode(frames_of("p", [])[0]))
    data[3] = VERSION + 1
    with pytest.raises(VersionError, match="upgrade the workers first"):
        decode(bytes(data))
