"""The cells of keys, packed: what is as it was at first takes no memory. Rows are written out to be worked on."""

from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.engine import packing_kernel as p
from tollwatch.frames import Ints

Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int32]
LEAST_BYTES = 1 << 16
SMALLEST_COMPACTED = 1 << 20


def resized(array: npt.NDArray[Any], size: int, fill: Any) -> None:
    """Make an array longer where it lies (the operating system moves pages, nothing is copied)."""
    before = len(array)
    array.resize((size, *array.shape[1:]), refcheck=False)
    if fill != 0:
        array[before:] = fill


class PackedCells:
    """Cells by the row of their key. `first` is the row of a key that was never seen, in numbers of 64 bits."""

    def __init__(self, first: Ints, rows: int) -> None:
        self.first = first
        self.first_units = first.view(np.uint32)
        self.at, self.sizes = np.zeros(rows, np.uint32), np.zeros(rows, np.uint16)
        self.arena = np.zeros(LEAST_BYTES, np.uint8)
        most = len(self.first_units) * 5 + 64
        self.heads = np.full(most // p.STEP + 2, -1, np.int64)
        self.reached = np.zeros(2, np.int64)
        self.packed = np.zeros(most, np.uint8)

    def reserve(self, rows: int) -> None:
        """Make room for so many rows."""
        if rows > len(self.at):
            resized(self.at, rows, 0)
            resized(self.sizes, rows, 0)

    def read(self, rows: Rows) -> Ints:
        """The cells of some rows, each of them once."""
        cells = np.empty((len(rows), len(self.first)), np.int64)
        p.unpack(rows, self.at, self.sizes, self.arena, self.first_units, cells.view(np.uint32))
        return cells

    def write(self, rows: Rows, cells: Ints) -> None:
        """Put the cells of some rows back."""
        done, units = 0, cells.view(np.uint32)
        while True:
            done = p.pack(
                done,
                rows,
                self.at,
                self.sizes,
                self.arena,
                self.heads,
                self.reached,
                self.first_units,
                units,
                self.packed,
            )
            if done == len(rows):
                return
            self._grow()

    def _grow(self) -> None:
        resized(self.arena, len(self.arena) * 5 // 4 + len(self.packed), 0)

    def gathered(self, rows: Rows) -> tuple[npt.NDArray[np.uint16], Bytes]:
        """The packed cells of rows, and their sizes in steps, to be saved."""
        sizes = self.sizes[rows]
        out = np.empty(int(sizes.sum(dtype=np.int64)) * p.STEP, np.uint8)
        p.gather(rows, self.at, self.sizes, self.arena, out)
        return sizes, out

    def scatter(self, rows: Rows, sizes: npt.NDArray[np.uint16], blocks: Bytes) -> None:
        """Put back what was gathered."""
        done = place = 0
        tables = (self.at, self.sizes)
        while True:
            done, place = p.scatter(done, place, rows, sizes, blocks, *tables, self.arena, self.heads, self.reached)
            if done == len(rows):
                return
            self._grow()

    def keep(self, kept: Ints, used: int) -> None:
        """Keep some rows, in their order, and let go of the others."""
        gone = np.ones(used, np.bool_)
        gone[kept] = False
        p.release_all(np.flatnonzero(gone), self.at, self.sizes, self.arena, self.heads, self.reached)
        self.at, self.sizes = self.at[kept].copy(), self.sizes[kept].copy()
        if self.reached[p.FREE] * p.STEP > max(SMALLEST_COMPACTED, self.reached[p.TOP] * p.STEP // 4):
            self._compact()

    def _compact(self) -> None:
        rows = np.arange(len(self.at), dtype=np.int32)
        sizes, blocks = self.gathered(rows)
        self.heads[:], self.reached[:], self.sizes[:] = -1, 0, 0
        self.arena = np.zeros(max(len(blocks) * 9 // 8, LEAST_BYTES), np.uint8)
        self.scatter(rows, sizes, blocks)

    def bytes_used(self) -> int:
        """Bytes of the arrays."""
        return sum(each.nbytes for each in (self.at, self.sizes, self.arena, self.heads, self.packed))
