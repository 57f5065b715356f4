"""The tables of the state: keys and their cells, values that were seen, the log of rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.engine import kernel as k
from detectors.engine.cells import PackedCells, resized
from detectors.engine.program import Program
from tollwatch.frames import Aligned, Hashes, Ints


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
    """The rows of the last horizon, each chained to the one before it of its key, for claims and evidence.

    Of each its time, id, place among the raw events, the distance to the one before it of its key (0: none), and its
    filter bits, in whose lowest bit stands whether it is late. The rows from number `first` to `next` are kept, that of
    number `origin` would lie at the beginning of the arrays.
    """

    def __init__(self, filters: int, size: int = 1 << 10) -> None:
        self.time, self.id = np.zeros(size, np.int64), np.zeros(size, np.uint64)
        self.place, self.back = np.zeros(size, np.int64), np.zeros(size, np.uint32)
        self.mask: npt.NDArray[Any] = np.zeros(size, _mask_type(filters))
        self.first = self.next = self.origin = 0

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name."""
        return {"time": self.time, "id": self.id, "place": self.place, "back": self.back, "mask": self.mask}

    def reserve(self, more: int) -> None:
        """Make room for so many rows: where few are kept they move to the beginning, else the arrays grow."""
        live, size = self.next - self.first, len(self.time)
        if self.next - self.origin + more <= size:
            return
        if self.first > self.origin:
            for column in self.columns().values():
                k.slide(column, self.first - self.origin, live)
            self.origin = self.first
        if (live + more) * 8 > size * 7:
            for column in self.columns().values():
                resized(column, (live + more) * 9 // 8 + more, 0)

    def add(self, rows: Aligned, masks: Hashes, places: Ints, keys: "Rows") -> Ints:
        """Log rows by their key's row (-1: not at all); gives the numbers that they have in the log."""
        owners, last = keys
        self.reserve(len(rows))
        seqs = np.empty(len(rows), np.int64)
        given = (rows.time, rows.ids, masks, places, owners, rows.late)
        log = (self.time, self.id, self.mask, self.place, self.back)
        self.next = int(k.log_rows(given, last, self.next, self.origin, log, seqs))
        return seqs

    def kept(self, column: npt.NDArray[Any], seqs: Ints) -> npt.NDArray[Any]:
        """A column of the log at some rows."""
        found: npt.NDArray[Any] = column[seqs - self.origin]
        return found

    def between(self, begin: int, end: int) -> dict[str, npt.NDArray[Any]]:
        """The columns of the rows from one number to another, copied."""
        part = slice(begin - self.origin, end - self.origin)
        return {name: column[part].copy() for name, column in self.columns().items()}

    def trim(self, oldest: int) -> None:
        """Let go of the oldest rows, as long as they are older than `oldest` (ms)."""
        self.first = int(k.first_since(self.time, self.origin, self.first, self.next, oldest))

    def begin_at(self, first: int) -> None:
        """Begin, empty, with a row of this number."""
        self.first = self.next = self.origin = first

    def put(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put rows behind the last."""
        (number,) = {len(values) for values in columns.values()}
        self.reserve(number)
        at = slice(self.next - self.origin, self.next - self.origin + number)
        for name, column in self.columns().items():
            column[at] = columns[name]
        self.next += number

    def change_masks(self, filters: int, change: Callable[[Hashes], Hashes]) -> None:
        """Give the filter bits of all rows to a function, and keep what it makes of them."""
        part = slice(self.first - self.origin, self.next - self.origin)
        kept = self.mask[part].astype(np.uint64)
        late, changed = kept & np.uint64(1), change(kept >> np.uint64(1))
        self.mask = np.zeros(len(self.time), _mask_type(filters))
        self.mask[part] = changed << np.uint64(1) | late

    def bytes_used(self) -> int:
        """Bytes of the arrays."""
        return sum(column.nbytes for column in self.columns().values())


Rows = tuple[npt.NDArray[np.int32], Ints]
"""The rows of keys, and by key the number of its last row in the log."""


def _mask_type(filters: int) -> type[np.unsignedinteger[Any]]:
    return np.uint32 if filters < 32 else np.uint64
