"""A file out of the order of time, sorted on disk before it is read; memory flat however long it is."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from streams.reading.source import no_rows
from tollwatch.frames import Ints, ReadBatch
from tollwatch.ports import Source
from tollwatch.private_files import private_folder

RUN_ROWS = 500_000
BATCH_ROWS = 50_000
PIECE_ROWS = 10_000
SAMPLED = 1_000


class SortedSource:
    """Another source in the order of (event_time, place in the file). Rows have the ordinals of the sorted file.

    Sorted runs are written to `folder` and merged, stretch of time by stretch of time. A file that has grown sorts
    differently and is another partition (`whole`).
    """

    whole = True

    def __init__(self, inner: Source, folder: Path) -> None:
        self.inner, self.folder = inner, folder
        self.stream, self.path = inner.stream, inner.path

    def __copy__(self) -> "SortedSource":
        """Another one over a copy of the file's source, whose partition can have another name."""
        return SortedSource(copy.copy(self.inner), self.folder)

    @property
    def partition(self) -> str:
        """The partition of the file."""
        return self.inner.partition

    @partition.setter
    def partition(self, name: str) -> None:
        self.inner.partition = name

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """First what was refused, then the rows from number `start` of the sorted file on."""
        private_folder(self.folder)
        with TemporaryDirectory(dir=self.folder) as made:
            runs = _Runs(Path(made))
            for batch in self.inner.batches():
                runs.add(batch.rows)
                if (batch.rejected or batch.unknown_fields or batch.left_out) and not start:
                    yield replace(batch, rows=no_rows(), begin=0, end=0, last=False)
            runs.write()
            at = 0
            for rows in runs.merged():
                begin, at = at, at + len(rows)
                if at > start:
                    numbered = rows.with_columns(_offset=pl.int_range(begin, at))
                    first = max(begin, start)
                    yield ReadBatch(self.stream, self.partition, numbered[first - begin :], first, at)


class _Runs:
    """Sorted pieces on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waiting: list[pl.DataFrame] = []
        self.rows = 0
        self.files: list[Path] = []
        self.sample: list[Ints] = []

    def add(self, rows: pl.DataFrame) -> None:
        if len(rows):
            self.waiting.append(rows)
            self.rows += len(rows)
        if self.rows >= RUN_ROWS:
            self.write()

    def write(self) -> None:
        """Sort what waits and put it on disk."""
        if not self.waiting:
            return
        run = pl.concat(self.waiting, how="diagonal").sort("event_time", "_offset")
        self.files.append(self.folder / f"{len(self.files):06}.arrow")
        run.write_ipc(self.files[-1], compression="lz4", record_batch_size=PIECE_ROWS)
        self.sample.append(run["event_time"].to_numpy()[::SAMPLED].copy())
        self.waiting, self.rows = [], 0

    def merged(self) -> Iterator[pl.DataFrame]:
        """All rows in order, a stretch of time after another."""
        if not self.files:
            return
        sample = np.sort(np.concatenate(self.sample))
        bounds = np.unique(sample[:: BATCH_ROWS // SAMPLED][1:])
        cuts = [_cuts(file, bounds) for file in self.files]
        for stretch in range(len(bounds) + 1):
            parts = [
                pl.scan_ipc(file).slice(cut[stretch], cut[stretch + 1] - cut[stretch]).collect()
                for file, cut in zip(self.files, cuts, strict=True)
            ]
            rows = pl.concat(parts, how="diagonal").sort("event_time", "_offset")
            edges = [*range(0, len(rows), BATCH_ROWS), len(rows)]
            yield from (rows[a:b] for a, b in pairwise(edges))


def _cuts(file: Path, bounds: Ints) -> list[int]:
    """Where the stretches of time begin and end in a run."""
    times = pl.scan_ipc(file).select("event_time").collect()["event_time"].to_numpy()
    return [0, *np.searchsorted(times, bounds).tolist(), len(times)]
