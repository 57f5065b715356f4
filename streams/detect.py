"""One key space in one frames partition: rows are aligned, then the stage that keeps its state takes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from streams.align import Aligner, Released
from streams.frame import NEVER
from tollwatch.frames import Aligned, Findings, Frame, KeySpace
from tollwatch.ports import Stage

Dropped = Callable[[str, str, pl.DataFrame], None]


def _ignore(stream: str, mark: str, rows: pl.DataFrame) -> None:
    del stream, mark, rows


@dataclass
class Line:
    """A pure function of the frames it is given, in any number of pieces. `dropped` is told what changed nothing."""

    key_space: KeySpace
    aligner: Aligner
    stage: Stage
    dropped: Dropped = _ignore

    def advance(self, frame: Frame) -> tuple[Findings, Aligned]:
        """Take one frame; gives what the stage found and the rows it took."""
        before = self.aligner.released
        self.aligner.take(frame)
        released: Released = self.aligner.release()
        for stream, mark, rows in released.dropped:
            self.dropped(stream, mark, rows)
        if not len(released.rows) and released.rows.watermark == before:
            return Findings(), released.rows
        return self.stage.advance(released.rows), released.rows

    def save(self) -> dict[str, bytes]:
        """The stage's segments, and what alignment has seen of ids and holds."""
        held = {
            stream: pl.concat(tables, how="diagonal").write_ipc(None).getvalue()
            for stream, tables in sorted(self.aligner.held.items())
        }
        reached = {name: part.save() for name, part in sorted(self.aligner.partitions.items())}
        late = {
            stream: [(due, table.write_ipc(None).getvalue()) for due, table in tables]
            for stream, tables in sorted(self.aligner.late.items())
        }
        state = [self.aligner.released, self.aligner.dedupe.save().tobytes(), held, reached, late]
        return {"align": msgspec.msgpack.encode(state)} | {f"stage-{n}": s for n, s in self.stage.save().items()}

    def load(self, segments: Mapping[str, bytes], *, whole: bool = False) -> None:
        """Take up a saved state; with `whole` its partitions are as they were, else open, for files are read on."""
        self.aligner.released, seen, held, reached, late = msgspec.msgpack.decode(segments["align"])
        self.aligner.dedupe.load(np.frombuffer(seen, np.uint64).reshape(-1, 2))
        self.aligner.held = {stream: [pl.read_ipc(table)] for stream, table in held.items()}
        self.aligner.late = {
            stream: [(due, pl.read_ipc(table)) for due, table in tables] for stream, tables in late.items()
        }
        for name, part in self.aligner.partitions.items():
            if name in reached and whole:
                part.load(reached[name])
            elif name in reached:
                part.load(reached[name])
                part.open, part.arrived, part.watermark, part.early = True, NEVER, part.whole, []
                part.steps = [(NEVER, part.whole)]
        self.stage.load({n.removeprefix("stage-"): s for n, s in segments.items() if n.startswith("stage-")})
