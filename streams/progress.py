"""How far a source partition has come, as the frames tell: what it holds back, and from which moment on it does not."""

from dataclasses import dataclass, field

import msgspec

from streams.codec import decode, encode
from streams.frame import NEVER
from tollwatch.frames import Frame, Span


@dataclass
class SourceProgress:
    """A source partition: `steps` are (when its rows had arrived, the watermark then), the oldest that counts first.

    `whole` is its greatest event time once it was idle or closed; it counts when all are, and never before.
    """

    watermark: int = NEVER
    whole: int = NEVER
    end: int = 0
    open: bool = True
    arrived: int = NEVER
    steps: list[tuple[int, int]] = field(default_factory=lambda: [(NEVER, NEVER)])
    early: list[Frame] = field(default_factory=list)

    def step(self, span: Span) -> None:
        """Note how far it has come."""
        self.end, self.open = max(self.end, span.end), span.state == "open"
        if self.open:
            self.watermark = max(self.watermark, span.watermark)
        self.whole, self.arrived = max(self.whole, span.watermark), max(self.arrived, span.arrived)
        came = span.arrived if span.end > span.begin else NEVER
        if came > self.steps[-1][0]:
            self.steps.append((came, self.watermark))
        else:
            self.steps[-1] = (self.steps[-1][0], self.watermark)

    def watermark_at(self, moment: int) -> int:
        """The watermark over what had arrived by a moment."""
        past = [watermark for came, watermark in self.steps if came <= moment]
        return past[-1] if past else NEVER

    def forget_steps(self, before: int) -> None:
        """Let go of steps that no moment from this one on asks for."""
        while len(self.steps) > 1 and self.steps[1][0] <= before:
            del self.steps[0]

    def holds(self, moment: int) -> bool:
        """Whether it has a say: it is open, or has rows that came after the moment."""
        return self.open or self.steps[-1][0] > moment

    def save(self) -> "SavedProgress":
        """Give everything, to be saved."""
        early = [encode(frame) for frame in self.early]
        return SavedProgress(self.watermark, self.whole, self.end, self.open, self.arrived, self.steps, early)

    def load(self, saved: "SavedProgress", *, reopen: bool) -> None:
        """Go on from there; with `reopen` as a partition that is read on, all of whose rows have been seen."""
        self.watermark, self.whole, self.end, self.open = saved.watermark, saved.whole, saved.end, saved.open
        self.arrived, self.steps = saved.arrived, list(saved.steps)
        self.early = [decode(frame) for frame in saved.early]
        if reopen:
            self.open, self.arrived, self.watermark, self.early = True, NEVER, saved.whole, []
            self.steps = [(NEVER, saved.whole)]


class SavedProgress(msgspec.Struct, frozen=True):
    """A source partition as it is saved."""

    watermark: int
    whole: int
    end: int
    open: bool
    arrived: int
    steps: list[tuple[int, int]]
    early: list[bytes]
