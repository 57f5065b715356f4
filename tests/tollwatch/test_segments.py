"""Only what has changed is written again, in few segments, and what they hold together is everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.saved import standing
from tollwatch.errors import StoreError
from tollwatch.segments import FAN_OUT, Chain, Deferred, Segment, pack, packed_sizes, unpack


class Counter:
    """A part to which numbers come: a save writes those from `begin` on."""

    def __init__(self, most_level: int = 99) -> None:
        self.chain, self.next = Chain("n", most_level), 0

    def save(self, stored: set[str]) -> dict[str, Segment]:
        """The segments of this save; the new one names its numbers."""
        begin = self.chain.begin(self.next, stored)
        numbers = ",".join(map(str, range(begin, self.next))).encode()
        kept = self.chain.kept()
        return kept | {self.chain.add(begin, self.next, self.next - begin): numbers}


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_the_segments_that_stand_hold_everything_once(saves: list[tuple[int, int, bool]]) -> None:
    """Whatever was saved when, lost on the way, or taken up by another process."""
    part, stored = Counter(), dict[str, bytes]()
    for more, lost, again in saves:
        part.next += more
        attempt = standing(stored, part.save(set(stored)))
        if lost:
            stored = attempt  # else the disk was full: the last snapshot stands
        if again and stored:
            taken, part = part, Counter()
            part.next = max(link.end for link, _ in part.chain.load(stored))
            assert part.next <= taken.next
        held = b",".join(segment for _, segment in Chain("n").load(stored))
        reached = max([link.end for link, _ in Chain("n").load(stored)], default=0)
        assert held == ",".join(map(str, range(reached))).encode()


def test_segments_stay_few_and_each_number_is_written_few_times() -> None:
    """A thousand saves: some dozen segments, and each number written as often as there are levels."""
    part, stored, written = Counter(), dict[str, bytes](), 0
    for _ in range(1000):
        part.next += 1
        saved = part.save(set(stored))
        written += sum(segment.count(b",") + 1 for segment in saved.values() if isinstance(segment, bytes))
        stored = standing(stored, saved)
        assert len(stored) <= (FAN_OUT - 1) * 4 + 1
    assert written <= 1000 * 4


def test_what_nobody_needs_any_more_leaves_from_the_old_end() -> None:
    """And the newest stay, needed or not, in their order."""
    part, stored = Counter(most_level=0), dict[str, bytes]()
    for _ in range(5):
        part.next += 1
        stored = standing(stored, part.save(set(stored)))
    part.chain.drop(lambda link: link.end <= 3)
    assert [link.begin for link in part.chain.links] == [3, 4]


def test_arrays_come_back_as_they_were() -> None:
    """Empty ones too; with how many bytes each takes."""
    arrays = {"a": np.arange(6, dtype=np.int64).reshape(3, 2), "none": np.empty((0, 4), np.uint32)}
    packed = pack(arrays, first=7)
    found, values = unpack(Deferred(lambda: packed), "it")
    assert values == {"first": 7}
    assert all((found[name] == array).all() and found[name].shape == array.shape for name, array in arrays.items())
    assert packed_sizes(packed)["none"] == 0 < packed_sizes(packed)["a"]
    found["a"][0, 0] = 5  # one's own


@pytest.mark.parametrize("damage", [b"", b"\xff", pack({"a": np.arange(99)})[:-20]])
def test_what_is_damaged_is_said(damage: bytes) -> None:
    """With the name of what it is of."""
    with pytest.raises(StoreError, match="the log: the saved state cannot be read"):
        unpack(damage, "the log")
