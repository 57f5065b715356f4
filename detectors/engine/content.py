"""The rows themselves, kept for as long as an alert may want to show them, newest in memory, older compressed."""

import io
from bisect import bisect_right
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tollwatch.frames import Ints

MEMORY_BYTES = 32 << 20


@dataclass(slots=True)
class _Chunk:
    first: int
    stream: npt.NDArray[np.int8]
    row: npt.NDArray[np.int32]
    tables: dict[str, pl.DataFrame] | dict[str, bytes]
    size: int
    until: int


def _pack(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.rechunk().write_ipc(out, compression="lz4", compat_level=pl.CompatLevel.oldest())
    return out.getvalue()


class Content:
    """Chunks of rows by their place in the log. `names` are the streams by code."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.chunks: list[_Chunk] = []
        self.loose = 0

    def add(self, first: int, stream: npt.NDArray[np.int8], row: npt.NDArray[np.int32], tables: dict[str, pl.DataFrame],
            until: int) -> None:  # fmt: skip
        """Keep the rows logged from `first` on: their stream and place in its table. `until` is the latest time."""
        size = sum(int(table.estimated_size()) for table in tables.values())
        self.chunks.append(_Chunk(first, stream, row, tables, size, until))
        self.loose += size
        packing = 0
        while self.loose > MEMORY_BYTES and packing < len(self.chunks):
            chunk = self.chunks[packing]
            packing += 1
            if chunk.size:
                chunk.tables = {
                    name: _pack(table) for name, table in chunk.tables.items() if isinstance(table, pl.DataFrame)
                }
                self.loose -= chunk.size
                chunk.size = 0

    def trim(self, horizon: int) -> int | None:
        """Let go of chunks wholly before `horizon`; gives the first place kept, or None where nothing is kept."""
        gone = 0
        while gone < len(self.chunks) and self.chunks[gone].until < horizon:
            self.loose -= self.chunks[gone].size
            gone += 1
        del self.chunks[:gone]
        return self.chunks[0].first if self.chunks else None

    def table(self, chunk: _Chunk, stream: str) -> pl.DataFrame:
        """The rows of one stream in a chunk."""
        table = chunk.tables[stream]
        return pl.read_ipc(table) if isinstance(table, bytes) else table

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
                    table = self.table(chunk, name)
                    if columns is not None:
                        table = pl.DataFrame([column for column in table.get_columns() if column.name in columns])
                    tables.append(table[chunk.row[inside[mine]]])
            at = end
        return {name: (np.concatenate(i), pl.concat(t, how="diagonal")) for name, (i, t) in found.items()}

    def bytes_used(self) -> int:
        """Bytes of rows held, compressed ones as compressed."""
        packed = sum(len(t) for chunk in self.chunks for t in chunk.tables.values() if isinstance(t, bytes))
        return self.loose + packed + sum(chunk.row.nbytes + chunk.stream.nbytes for chunk in self.chunks)
