"""NDJSON files as source partitions, read by the compiled scan."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from streams.reading.decode import Decoder
from streams.reading.lines import chunks
from streams.reading.scan import scan_chunk
from tollwatch.frames import ReadBatch


class NdjsonSource:
    """One NDJSON file with the fields of its stream."""

    def __init__(self, path: Path, stream: str, *, partition: str | None = None) -> None:
        self.path, self.stream = path, stream
        self.partition = partition or ("stdin" if str(path) == "-" else path.name)

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """Rows from record `start` on, chunk by chunk."""
        decoder, at = Decoder(self.stream, self.partition), 0
        for chunk, reason in chunks(self.path):
            if reason:
                yield ReadBatch(self.stream, self.partition, no_rows(), at, at + 1, [decoder.refuse(chunk, at, reason)])
                at += 1
                continue
            scanned = scan_chunk(chunk, decoder, first=at)
            begin, at = at, at + scanned.lines
            if at <= start:
                continue
            rows = scanned.rows.with_columns(_offset=pl.col("_line") + begin).drop("_line")
            if "event_id" not in rows.columns:
                rows = no_rows()
            if begin < start:
                rows = rows.filter(pl.col("_offset") >= start)
            yield ReadBatch(self.stream, self.partition, rows, max(begin, start), at, scanned.rejected, scanned.unknown)


def no_rows() -> pl.DataFrame:
    """A table of nothing, with the columns that every table has."""
    return pl.DataFrame(schema={"event_id": pl.String, "event_time": pl.Int64, "_offset": pl.Int64})
