"""The tables of the state: keys and their cells, values that were seen, the log of rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.engine import kernel as k
from detectors.engine.cells import PackedCells, resized
from detectors.engine.program import Program
from tollwatch.frames import Hashes, Ints


def _power(n: int) -> int:
    return 1 << max(int(n - 1).bit_length(), 4)


class Keys:
    """What is remembered of each key, by its row: its hash, its packed cells, and some numbers of its own.

    `time` is that of its last event, `last` that one's place in the log, `lasting` whether it has a value that no
    window ends; `opened` is the first slot of its open episodes, `changed` the number of the save that follows its last
    change. `local` is scratch memory, -1 throughout.
    """

    def __init__(self, program: Program, rows: int = 1024) -> None:
        self.program, self.used = program, 0
        self.key = np.zeros(rows, np.uint64)
        self.cells = PackedCells(program.first_row, rows)
        self.time, self.last = np.full(rows, k.NULL), np.full(rows, -1, np.int64)
        self.opened, self.local = np.full(rows, -1, np.int32), np.full(rows, -1, np.int32)
        self.changed, self.lasting = np.zeros(rows, np.int32), np.zeros(rows, np.uint8)
        self._index(_power(rows * 2))

    def _arrays(self) -> dict[str, tuple[npt.NDArray[Any], Any]]:
        """The arrays by row, and what a new row has."""
        return {
            "key": (self.key, 0),
            "time": (self.time, k.NULL),
            "last": (self.last, -1),
            "opened": (self.opened, -1),
            "local": (self.local, -1),
            "changed": (self.changed, 0),
            "lasting": (self.lasting, 0),
        }

    def _index(self, size: int) -> None:
        self.table = np.full(size, k.EMPTY, np.int32)
        if self.used:
            rows = np.zeros(self.used, np.int32)
            found = self.key[: self.used].copy()
            k.find_rows(found, np.ones(self.used, np.uint64), self.table, self.key, 0, rows)

    def reserve(self, more: int) -> None:
        """Make room for so many new keys."""
        if self.used + more > len(self.key):
            size = max(self.used + more, len(self.key) * 5 // 4)
            for array, fill in self._arrays().values():
                resized(array, size, fill)
            self.cells.reserve(size)
        if (self.used + more) * 10 > len(self.table) * 7:
            self._index(_power((self.used + more) * 2))

    def find(self, keys: Hashes, mask: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """The row of every key that has a bit set, new rows for new keys; -1 for the others."""
        self.reserve(len(keys))
        rows = np.empty(len(keys), np.int32)
        self.used = int(k.find_rows(keys, mask, self.table, self.key, self.used, rows))
        return rows

    def keep(self, kept: npt.NDArray[np.bool_]) -> Ints:
        """Drop all other rows; gives the new row of each old one, -1 where dropped."""
        old = np.flatnonzero(kept)
        moved = np.full(self.used, -1, np.int64)
        moved[old] = np.arange(len(old))
        self.cells.keep(old, self.used)
        for name, (array, _) in self._arrays().items():
            setattr(self, name, array[old])
        self.used = len(old)
        self._index(_power(max(self.used, 1024) * 2))
        return moved

    def bytes_used(self) -> int:
        """Bytes of the arrays and the table."""
        return self.cells.bytes_used() + self.table.nbytes + sum(array.nbytes for array, _ in self._arrays().values())


class Seen:
    """Which values a distinct feature has seen (`table`: name, counts until), and the row of their key; exact."""

    def __init__(self, size: int = 1 << 12) -> None:
        self.table = np.zeros((size, 2), np.int64)
        self.row = np.zeros(size, np.int32)
        self.used = 0

    def alive(self) -> Ints:
        """The places that hold a value."""
        return np.flatnonzero(self.table[:, 0])

    def reserve(self, more: int, swept: int) -> None:
        """Make room for so many values; those whose windows had passed at the last sweep leave: nobody asks them."""
        if (self.used + more) * 3 > len(self.row) * 2:
            alive = np.flatnonzero((self.table[:, 0] != 0) & (self.table[:, 1] > swept))
            self.rebuild(self.table[alive], self.row[alive], more)

    def rebuild(self, known: Ints, row: npt.NDArray[np.int32], more: int = 0) -> None:
        """Take these values and no others."""
        size = _power((len(row) + more) * 2)
        self.table, self.row = np.zeros((size, 2), np.int64), np.zeros(size, np.int32)
        self.used = len(row)
        k.put_seen(known, row, self.table, self.row)

    def move_owners(self, moved: Ints) -> None:
        """The rows of keys have moved (-1: let go, with its values)."""
        alive = self.alive()
        alive = alive[moved[self.row[alive]] >= 0]
        self.rebuild(self.table[alive], moved[self.row[alive]].astype(np.int32))

    def bytes_used(self) -> int:
        """Bytes of the table."""
        return self.table.nbytes + self.row.nbytes


class Log:
    """The rows of the last horizon, each chained to the one before it of its key, for claims and evidence."""

    def __init__(self, size: int = 1 << 14) -> None:
        self.table = np.zeros((size, k.LOG_WIDTH), np.int64)
        self.first = 0
        self.next = 0

    def reserve(self, more: int) -> None:
        """Make room for so many rows without overwriting one that is kept."""
        size, needed = len(self.table), self.next - self.first + more + 1
        if needed > size:
            resized(self.table, _power(needed), 0)
            k.move_log(self.table, size, self.first, self.next)

    def kept(self, column: int, seqs: Ints) -> Ints:
        """A column of the log at some rows."""
        found: Ints = self.table[seqs & (len(self.table) - 1), column]
        return found

    def trim(self, oldest: int) -> None:
        """Let go of the oldest rows, as long as they are older than `oldest` (ms)."""
        self.first = int(k.first_since(self.table, self.first, self.next, oldest))

    def put(self, columns: Mapping[int, Ints]) -> None:
        """Put rows behind the last."""
        (number,) = {len(values) for values in columns.values()}
        at = np.arange(self.next, self.next + number) & (len(self.table) - 1)
        for column, values in columns.items():
            self.table[at, column] = values
        self.next += number

    def _inside(self) -> Ints:
        """The places in the table of the rows that are kept."""
        found: Ints = np.arange(self.first, self.next) & (len(self.table) - 1)
        return found

    def change_masks(self, change: Callable[[npt.NDArray[np.uint64]], npt.NDArray[np.uint64]]) -> None:
        """Give the filter bits of all rows to a function, and keep what it makes of them."""
        at = self._inside()
        self.table[at, k.LOG_MASK] = change(self.table[at, k.LOG_MASK].view(np.uint64)).view(np.int64)

    def bytes_used(self) -> int:
        """Bytes of the table."""
        return self.table.nbytes
