"""Where rows lie among the raw events, each in one number: its source partition, and its offset in that."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tollwatch.frames import Aligned, Ints

OFFSET_BITS = 44
OFFSETS = (1 << OFFSET_BITS) - 1


class Places:
    """The source partitions from which rows have come, by number: `names` are (stream, partition)."""

    def __init__(self, names: Sequence[tuple[str, str]] = ()) -> None:
        self.names = list(names)
        self.numbers = {name: n for n, name in enumerate(self.names)}

    def of(self, rows: Aligned) -> Ints:
        """The place of every row."""
        places = np.zeros(len(rows), np.int64)
        for stream, at in rows.position.items():
            source = rows.source[at]
            number = np.zeros(int(source.max()) + 1 if len(source) else 0, np.int64)
            for each in np.unique(source).tolist():
                number[each] = self._number(stream, rows.sources[each])
            places[at] = number[source] << OFFSET_BITS | rows.offset[at]
        return places

    def _number(self, stream: str, partition: str) -> int:
        if (stream, partition) not in self.numbers:
            self.numbers[stream, partition] = len(self.names)
            self.names.append((stream, partition))
        return self.numbers[stream, partition]

    def read(self, places: Ints) -> pl.DataFrame:
        """Stream, partition and offset of places."""
        number = places >> OFFSET_BITS
        streams, partitions = pl.Series([s for s, _ in self.names]), pl.Series([p for _, p in self.names])
        return pl.DataFrame(
            {
                "stream": streams[number] if len(places) else [],
                "partition": partitions[number] if len(places) else [],
                "offset": places & OFFSETS,
            },
            schema={"stream": pl.String, "partition": pl.String, "offset": pl.Int64},
        )
