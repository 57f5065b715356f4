"""Rows that wait for their labels: what was known when they were scored, and nothing else."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from tollwatch.segments import KEPT, NOTHING, Deferred, Segment, pack, unpack

GENUINE, FRAUD, CORRECTED = 1, 2, 4
ROWS = 1 << 14
"""Rows of a block: 1.9 MB with twenty inputs, found by halving it 14 times, and what one changed label writes again."""
FIRST_ROWS = 1 << 8


@numba.njit(cache=True)
def _first(names: npt.NDArray[np.uint64], order: npt.NDArray[np.uint16], name: np.uint64) -> int:
    """The first place in `order`, which sorts `names`, that is not less than `name`."""
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) >> 1
        if names[order[middle]] < name:
            low = middle + 1
        else:
            high = middle
    return low


class _Block:
    """Up to `ROWS` rows, one after another. `changes` counts how often it was changed, and is saved with it."""

    def __init__(self, row: np.dtype[Any], changes: int = 0) -> None:
        self.rows: Any = np.zeros(FIRST_ROWS, row)
        self.used, self.changes = 0, changes
        self.orders: list[npt.NDArray[np.uint16]] = []

    def room(self, wanted: int) -> int:
        """How many of the wanted rows fit; there is memory for them afterwards."""
        fits = min(wanted, ROWS - self.used)
        if self.used + fits > len(self.rows):
            grown = np.zeros(min(ROWS, max(2 * len(self.rows), self.used + fits)), self.rows.dtype)
            grown[: self.used] = self.rows[: self.used]
            self.rows = grown
        return fits

    def changed(self) -> None:
        """Let the next snapshot hold it again."""
        self.changes += 1

    def find(self, name: np.uint64) -> Iterator[int]:
        """Its rows with a name. A full block is searched by halves: its order is made at the first question."""
        names = self.rows["names"][: self.used]
        if self.used < ROWS:
            yield from np.flatnonzero((names == name).any(axis=1)).tolist()
            return
        if not self.orders:
            self.orders = [np.argsort(names[:, n], kind="stable").astype(np.uint16) for n in range(names.shape[1])]
        for n, order in enumerate(self.orders):
            at = _first(names[:, n], order, name)
            while at < ROWS and names[order[at], n] == name:
                yield int(order[at])
                at += 1


class Pending:
    """A queue of scored rows in order of time: inputs as 32-bit floats, three names each, and a state.

    A row has three names: the hashes of its event_id, of what the model knows it by, and of the alert it stood in. It
    is dropped once it is too old to be corrected. `bytes_per_row` × rows is what it costs. Its place is its number
    since the beginning. Rows lie in blocks, and a snapshot writes those that have changed.
    """

    def __init__(self, inputs: int) -> None:
        self.row = np.dtype([("time", "<i8"), ("names", "<u8", 3), ("state", "u1"), ("inputs", "<f4", inputs)])
        self.blocks: dict[int, _Block] = {}
        self.first, self.end, self.due = 0, 0, 0

    @property
    def bytes_per_row(self) -> int:
        """What one waiting row costs."""
        return self.row.itemsize

    def __len__(self) -> int:
        return self.end - self.first

    def _at(self, place: int) -> tuple[_Block, int]:
        return self.blocks[place // ROWS], place % ROWS

    def add(
        self,
        times: npt.NDArray[np.int64],
        events: npt.NDArray[np.uint64],
        known_by: npt.NDArray[np.uint64],
        inputs: npt.NDArray[np.float64],
    ) -> int:
        """Append rows; returns the place of the first, which `stand_in_alert` takes."""
        first, done = self.end, 0
        while done < len(times):
            number = self.end // ROWS
            block = self.blocks.get(number)
            if block is None:
                block = self.blocks[number] = _Block(self.row)
            fits = block.room(len(times) - done)
            part, new = slice(done, done + fits), block.rows[block.used : block.used + fits]
            new["time"], new["inputs"] = times[part], inputs[part]
            new["names"][:, 0], new["names"][:, 1] = events[part], known_by[part]
            block.used += fits
            block.changed()
            self.end, done = self.end + fits, done + fits
        return first

    def stand_in_alert(self, place: int, name: int) -> None:
        """Remember in which alert a row stood."""
        block, at = self._at(place)
        block.rows["names"][at, 2] = name
        block.orders = []
        block.changed()

    def drop(self, before: int) -> None:
        """Forget rows older than `before` that were due."""
        while self.first < self.due:
            block, at = self._at(self.first)
            until = min(block.used, at + self.due - self.first)
            old = int(np.searchsorted(block.rows["time"][at:until], before))
            self.first += old
            if self.first % ROWS == 0 and old:
                del self.blocks[self.first // ROWS - 1]
            if at + old < until:
                break

    def next_due(self) -> int | None:
        """The time of the oldest row that has not fallen due."""
        if self.due == self.end:
            return None
        block, at = self._at(self.due)
        return int(block.rows["time"][at])

    def fall_due(self) -> int | None:
        """Take the oldest row that has not fallen due; its place where it is still without a label."""
        place, self.due = self.due, self.due + 1
        block, at = self._at(place)
        unlabelled = not block.rows["state"][at]
        return place if unlabelled and self.label(place, fraud=False) else None

    def find(self, name: int) -> list[int]:
        """The places of the rows known by a hash."""
        wanted = np.uint64(name)
        places = (number * ROWS + at for number, block in self.blocks.items() for at in block.find(wanted))
        return sorted({place for place in places if place >= self.first})

    def label(self, place: int, *, fraud: bool) -> bool:
        """Label a row; True where this changes what is known: the first label, or the first correction of it."""
        block, at = self._at(place)
        state, given = int(block.rows["state"][at]), FRAUD if fraud else GENUINE
        if state & given or state & CORRECTED:
            return False
        block.rows["state"][at] = given | (CORRECTED if state else 0)
        block.changed()
        return True

    def inputs(self, place: int) -> list[float]:
        """What was known of a row when it was scored."""
        block, at = self._at(place)
        values: list[float] = block.rows["inputs"][at].tolist()
        return values

    def save(self, stored: AbstractSet[str] = NOTHING) -> tuple[list[int], dict[str, Segment]]:
        """Where it begins, ends and falls due; and its blocks: those that `stored` does not name, or that changed."""
        saved: dict[str, Segment] = {}
        for number, block in self.blocks.items():
            name = f"{number}@{block.changes}"
            saved[name] = KEPT if name in stored else _deferred(block)
        return [self.first, self.end, self.due], saved

    def load(self, bounds: list[int], blocks: Mapping[str, Segment]) -> None:
        """Take up saved rows. Raises StoreError where one is damaged."""
        self.first, self.end, self.due = bounds
        self.blocks = {}
        for name in sorted(blocks, key=lambda name: int(name.partition("@")[0])):
            number, _, changes = name.partition("@")
            columns, _ = unpack(blocks[name], "payments that wait for their labels")
            block = self.blocks[int(number)] = _Block(self.row, int(changes))
            block.used = len(columns["time"])
            block.rows = np.zeros(block.used, self.row)
            for column, values in columns.items():
                block.rows[column] = values


def _deferred(block: _Block) -> Deferred:
    return Deferred(lambda: {name: block.rows[name][: block.used].copy() for name in block.rows.dtype.names}, pack)
