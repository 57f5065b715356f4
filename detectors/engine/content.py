"""The rows themselves, kept for as long as an alert may want to show them, newest as they came, older compressed."""

import io
from bisect import bisect_right
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from tollwatch.frames import Ints

LOOSE_BYTES = 8 << 20
"""How much is kept as it came. Its texts lie in what was read, all of which stays in memory as long as they do."""
COMPACT_BYTES = 256 << 20
"""How much is kept as Arrow tables of its own; what is older is compressed."""
OLD = pl.CompatLevel.oldest()

Kept: TypeAlias = "pl.DataFrame | pa.Table | bytes"


@dataclass(slots=True)
class _Chunk:
    first: int
    stream: npt.NDArray[np.int8]
    row: npt.NDArray[np.int32]
    tables: dict[str, Kept]
    size: int
    until: int


def _compact(table: Kept) -> Kept:
    return table.to_arrow(compat_level=OLD) if isinstance(table, pl.DataFrame) else table


def pack(table: Kept) -> bytes:
    """A table, compressed."""
    out = io.BytesIO()
    unpacked(table).write_ipc_stream(out, compression="lz4", compat_level=OLD)
    return out.getvalue()


def unpacked(table: Kept) -> pl.DataFrame:
    """A table as it was."""
    if isinstance(table, pl.DataFrame):
        return table
    return pl.read_ipc_stream(table) if isinstance(table, bytes) else cast("pl.DataFrame", pl.from_arrow(table))


def _picked(table: Kept, rows: npt.NDArray[np.int32], columns: AbstractSet[str] | None) -> pl.DataFrame:
    """Some rows of a table, of some columns."""
    if isinstance(table, bytes):
        table = unpacked(table)
    names = [name for name in _names(table) if columns is None or name in columns]
    picked = table.select(names)
    return picked[rows] if isinstance(picked, pl.DataFrame) else unpacked(picked.take(rows))


def _names(table: pl.DataFrame | pa.Table) -> list[str]:
    return table.columns if isinstance(table, pl.DataFrame) else table.column_names


def _size(tables: dict[str, Kept]) -> int:
    return sum(len(t) if isinstance(t, bytes) else _bytes(t) for t in tables.values())


def _bytes(table: pl.DataFrame | pa.Table) -> int:
    return int(table.estimated_size()) if isinstance(table, pl.DataFrame) else int(table.nbytes)


class Content:
    """Chunks of rows by their place in the log. `names` are the streams by code."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.chunks: list[_Chunk] = []
        self.held = [0, 0, 0]
        self.aged = [0, 0]

    def add(
        self,
        first: int,
        stream: npt.NDArray[np.int8],
        row: npt.NDArray[np.int32],
        tables: dict[str, pl.DataFrame],
        until: int,
    ) -> None:
        """Keep the rows logged from `first` on: their stream and place in its table. `until` is the latest time."""
        kept: dict[str, Kept] = dict(tables)
        self.chunks.append(_Chunk(first, stream, row, kept, _size(kept), until))
        self.held[0] += self.chunks[-1].size
        self._age(0, LOOSE_BYTES, _compact)
        self._age(1, COMPACT_BYTES, pack)

    def _age(self, tier: int, most: int, change: Callable[[Kept], Kept]) -> None:
        """Change the oldest of a tier, until what is left in it fits."""
        while self.held[tier] > most:
            chunk = self.chunks[self.aged[tier]]
            self.held[tier] -= chunk.size
            chunk.tables = {name: change(table) for name, table in chunk.tables.items()}
            chunk.size = _size(chunk.tables)
            self.held[tier + 1] += chunk.size
            self.aged[tier] += 1

    def trim(self, horizon: int) -> int | None:
        """Let go of chunks wholly before `horizon`; gives the first place kept, or None where nothing is kept."""
        gone = 0
        while gone < len(self.chunks) and self.chunks[gone].until < horizon:
            self.held[sum(gone < aged for aged in self.aged)] -= self.chunks[gone].size
            gone += 1
        del self.chunks[:gone]
        self.aged = [max(aged - gone, 0) for aged in self.aged]
        return self.chunks[0].first if self.chunks else None

    def table(self, chunk: _Chunk, stream: str) -> pl.DataFrame:
        """The rows of one stream in a chunk."""
        return unpacked(chunk.tables[stream])

    def fetch(self, seqs: Ints, columns: AbstractSet[str] | None = None) -> dict[str, tuple[Ints, pl.DataFrame]]:
        """The rows at these places: stream → (indices into `seqs`, rows). Places no longer kept are left out."""
        firsts = [chunk.first for chunk in self.chunks]
        order = np.argsort(seqs, kind="stable")
        found: dict[str, tuple[list[Ints], list[pl.DataFrame]]] = {}
        at = int(np.searchsorted(seqs[order], firsts[0])) if firsts else len(order)
        while at < len(order):
            index = bisect_right(firsts, int(seqs[order[at]])) - 1
            chunk = self.chunks[index]
            end = int(np.searchsorted(seqs[order], chunk.first + len(chunk.row)))
            if end == at:
                at += 1
                continue
            wanted = order[at:end]
            inside = seqs[wanted] - chunk.first
            for code, name in enumerate(self.names):
                mine = chunk.stream[inside] == code
                if mine.any():
                    indices, tables = found.setdefault(name, ([], []))
                    indices.append(wanted[mine])
                    tables.append(_picked(chunk.tables[name], chunk.row[inside[mine]], columns))
            at = end
        return {name: (np.concatenate(i), pl.concat(t, how="diagonal")) for name, (i, t) in found.items()}

    def bytes_used(self) -> int:
        """Bytes of rows held, compressed ones as compressed."""
        return sum(self.held) + sum(chunk.row.nbytes + chunk.stream.nbytes for chunk in self.chunks)
