"""Packed cells are what was written, take little, and give memory back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.engine.cells import PackedCells, resized

WIDTH = 20
FIRST = np.array([-(2**61), -(2**63), *[0] * (WIDTH - 2)], np.int64)
VALUES = st.sampled_from([0, 1, -1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, -(2**63), 2**63 - 1, 1_767_225_600_000])
CHANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, WIDTH - 1), VALUES), max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CHANGES, st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_they_are_as_plain_ones(rounds: list[tuple[list[tuple[int, int, int]], bool, bool]]) -> None:
    """Whatever is written where, saved and loaded, rows let go and moved up: as a plain array says."""
    plain, packed = np.tile(FIRST, (31, 1)), PackedCells(FIRST, 31)
    for changes, moves, saves in rounds:
        rows = np.array(sorted({row % len(plain) for row, _, _ in changes}), np.int32)
        cells = packed.read(rows)
        assert (cells == plain[rows]).all()
        for row, column, value in changes:
            plain[row % len(plain), column] = value
        packed.write(rows, plain[rows])
        if moves and len(plain) > 3:
            kept = np.arange(0, len(plain), 2)
            packed.keep(kept, len(plain))
            plain = plain[kept]
        if saves:
            everything = np.arange(len(plain), dtype=np.int32)
            again = PackedCells(FIRST, len(plain))
            again.scatter(everything, *packed.gathered(everything))
            packed = again
    assert (packed.read(np.arange(len(plain), dtype=np.int32)) == plain).all()


def test_what_is_as_at_first_takes_nothing() -> None:
    """A thousand rows of which each has one count: some bytes each, and none once they are empty again."""
    packed, rows = PackedCells(np.zeros(400, np.int64), 100_000), np.arange(100_000, dtype=np.int32)
    empty = packed.bytes_used()
    for part in np.array_split(rows, 10):
        cells = packed.read(part)
        cells[:, 7] = 3
        packed.write(part, cells)
    assert packed.bytes_used() - empty < 20 * len(rows)
    for part in np.array_split(rows, 10):
        packed.write(part, np.zeros((len(part), 400), np.int64))
    packed.keep(rows[:10], len(rows))
    assert packed.bytes_used() < 1 << 20


def test_rows_that_shrink_give_their_blocks_to_others() -> None:
    """Half of the rows had much and have little; the other half finds room where that was."""
    packed, rows = PackedCells(np.zeros(64, np.int64), 2000), np.arange(2000, dtype=np.int32)
    much, little = np.full((1000, 64), 2**40), np.zeros((1000, 64), np.int64)
    packed.write(rows[:1000], much)
    packed.write(rows[:1000], little)
    before = packed.bytes_used()
    packed.write(rows[1000:], much)
    assert packed.bytes_used() == before


def test_blocks_that_became_free_are_used_again() -> None:
    """Rows that grow and shrink for ever do not fill memory."""
    packed, rows = PackedCells(FIRST, 100), np.arange(100, dtype=np.int32)
    rng, sizes = np.random.default_rng(1), []
    for _ in range(200):
        cells = np.tile(FIRST, (100, 1))
        cells[rng.random((100, WIDTH)) < rng.random()] = 2**40
        packed.write(rows, cells)
        sizes.append(packed.bytes_used())
    assert sizes[-1] == sizes[20]


def test_arrays_grow_where_they_lie() -> None:
    """What was there stays, what is new has its value."""
    array = np.arange(6, dtype=np.int64).reshape(3, 2)
    array = array.copy()
    resized(array, 5, -1)
    assert array.tolist() == [[0, 1], [2, 3], [4, 5], [-1, -1], [-1, -1]]
