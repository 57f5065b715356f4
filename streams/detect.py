"""One key space in one frames partition: rows are aligned, then the stage that keeps its state takes them."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from streams.align import Aligner, Released
from streams.careful import advance_carefully
from tollwatch.frames import Aligned, Findings, Frame, KeySpace
from tollwatch.ports import Stage
from tollwatch.segments import NOTHING, Segment, below, prefixed, segments_below


class NoopStage:
    """A stage that finds nothing: alignment alone, to feed a model."""

    def advance(self, rows: Aligned) -> Findings:
        """Find nothing."""
        del rows
        return Findings()

    def flush(self) -> Findings:
        """Give nothing: nothing waits."""
        return Findings()

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give nothing: there is no state."""
        del stored
        return {}

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take nothing up: there is no state."""


@dataclass
class AlignedStage:
    """A pure function of the frames it is given, however they are cut. `make` makes its stage, with no state yet."""

    key_space: KeySpace
    aligner: Aligner
    make: Callable[[], Stage]

    def __post_init__(self) -> None:
        """Begin with no state."""
        self.stage = self.make()

    def advance(self, frame: Frame, *, careful: bool = False) -> tuple[Findings, Released]:
        """Take one frame; gives what the stage found, and the rows that alignment released and dropped.

        With `careful` a row that makes the stage fail is put aside (`streams.careful`).
        """
        before = self.aligner.released
        self.aligner.take(frame)
        return self._released(before, careful=careful)

    def advance_all(self, frames: Sequence[Frame]) -> list[tuple[Findings, Released]]:
        """Take frames as one after another would be taken, with less work: small ones cost as much as large ones.

        Rows are let go together as long as this changes nothing of their order.
        """
        made = []
        before, waits = self.aligner.released, False
        for frame in frames:
            plain = self.aligner.is_plain(frame)
            if waits and not plain:
                made.append(self._released(before))
                before = self.aligner.released
            self.aligner.take(frame)
            waits = plain and self.aligner.reach()
            if not waits:
                made.append(self._released(before))
                before = self.aligner.released
        if waits:
            made.append(self._released(before))
        return made

    def _released(self, before: int, *, careful: bool = False) -> tuple[Findings, Released]:
        released = self.aligner.release()
        if not len(released.rows) and released.rows.watermark == before:
            return Findings(), released
        if careful:
            self.stage, found = advance_carefully(self.key_space.name, self.stage, self.make, released.rows, before)
            return found, released
        return self.stage.advance(released.rows), released

    def memory(self) -> dict[str, int]:
        """Bytes of its state in memory by part; of the part `keys` how many keys."""
        measure = getattr(self.stage, "memory", dict[str, int])
        return {"ids": self.aligner.dedupe.bytes_used(), **measure()}

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the stage's segments, and what alignment has seen of ids and holds; `KEPT` for what is stored."""
        saved = prefixed("align-", self.aligner.save(below(stored, "align-")))
        return saved | prefixed("stage-", self.stage.save(below(stored, "stage-")))

    def load(self, segments: Mapping[str, Segment], *, reopen: bool = False) -> None:
        """Take up a saved state; with `reopen` its source partitions are open again: files are read on."""
        self.aligner.load(segments_below(segments, "align-"), reopen=reopen)
        self.stage.load(segments_below(segments, "stage-"))
