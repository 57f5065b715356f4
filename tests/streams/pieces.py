"""Events cut into frames of several source partitions, and what comes out of a line behind them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import polars as pl
from hypothesis import strategies as st

from detectors.engine import Engine
from detectors.language import count, distinct
from detectors.rule import Rule
from streams.align import Aligner, Released
from streams.detect import AlignedStage, NoopStage
from streams.frame import Framer
from streams.shard import route, split, with_hashes
from tests.make import HASHER, START_MS, part_of
from tollwatch.config import Settings
from tollwatch.frames import Aligned, Findings, Frame, KeySpace, ReadBatch

DISORDER_S = 2.0
SETTINGS = Settings(disorder_s=DISORDER_S)
AS_OF_MS = START_MS + 10**10
COLUMNS = ("event_id", "event_time", "calling_number", "called_number", "duration_s")
SPACE = KeySpace(name="calling_number", by={"usage": "calling_number"}, columns={"usage": COLUMNS})
RULE = Rule(
    name="busy",
    streams=("usage",),
    by="calling_number",
    features={
        "calls": count(over=timedelta(minutes=1)),
        "numbers": distinct("called_number", over=timedelta(minutes=5)),
    },
    warning="calls >= 3",
    critical="calls >= 4 and numbers >= 2",
    claim="calls",
    quiet_period=timedelta(minutes=2),
)
Row = dict[str, Any]


def event(number: int, after_ms: int, key: int = 0) -> Row:
    """A call; its time is `after_ms` behind the start of 2026."""
    return {
        "event_id": f"e{number:04}",
        "event_time": START_MS + after_ms,
        "calling_number": f"4471{key}",
        "called_number": f"4473{number % 3}",
        "duration_s": number % 7,
        "source": "msc",
        "service": "voice",
    }


@st.composite
def events(draw: st.DrawFn, span_s: int = 240, most: int = 60) -> list[Row]:
    """Calls of few numbers within some minutes; times repeat."""
    times = draw(st.lists(st.integers(0, span_s * 4), max_size=most))
    keys = draw(st.lists(st.integers(0, 4), min_size=len(times), max_size=len(times)))
    return [event(n, 250 * time, key) for n, (time, key) in enumerate(zip(times, keys, strict=True))]


def disordered(draw: st.DrawFn, rows: Sequence[Row]) -> list[Row]:
    """In an order in which no row is further behind than the allowed disorder."""
    jitter = draw(st.lists(st.integers(0, int(DISORDER_S * 1000) - 1), min_size=len(rows), max_size=len(rows)))
    order = sorted(range(len(rows)), key=lambda n: rows[n]["event_time"] + jitter[n])
    return [rows[n] for n in order]


def cut_up(draw: st.DrawFn, rows: Sequence[Row]) -> list[Sequence[Row]]:
    """In pieces, empty ones too."""
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    return [rows[a:b] for a, b in pairwise([0, *cuts, len(rows)])]


def frames_of(name: str, pieces: Iterable[Sequence[Row]], space: KeySpace = SPACE) -> list[Frame]:
    """The frames of one source partition, the last one closing it."""
    framer, made, begin = Framer(name, SETTINGS, AS_OF_MS), [], 0
    for piece, closed in [*((piece, False) for piece in pieces), ((), True)]:
        table = pl.DataFrame(piece) if piece else pl.DataFrame([event(0, 0)]).clear()
        table = table.with_columns(_offset=pl.int_range(begin, begin + len(piece)))
        stamped = framer.stamp(ReadBatch("usage", name, table, begin, begin + len(piece)))
        assert not stamped.rejected
        span = framer.span(begin, closed=closed)
        routed = route("usage", with_hashes("usage", stamped.rows, HASHER), space, HASHER)
        assert routed is not None
        made.append(Frame(space.name, 0, len(made), (span,), {"usage": routed}))
        begin += len(piece)
    return made


def interleaved(draw: st.DrawFn, by_partition: Sequence[list[Frame]], *, doubled: bool = True) -> list[Frame]:
    """By turns, the order within a partition kept; some taken twice, later again."""
    left, order = [list(frames) for frames in by_partition], []
    while any(left):
        which = draw(st.sampled_from([n for n, frames in enumerate(left) if frames]))
        order.append(left[which].pop(0))
        if doubled and draw(st.integers(0, 4)) == 0:
            order.append(draw(st.sampled_from(order)))
    return order


class Recorder(NoopStage):
    """A stage that notes what it was given."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, str, bool]] = []

    def advance(self, rows: Aligned) -> Findings:
        """Note shard, time, id and lateness."""
        if len(rows):
            ids = rows.tables["usage"]["event_id"].to_list()
            self.rows += zip(rows.shard.tolist(), rows.time.tolist(), ids, rows.late.tolist(), strict=True)
        return Findings()


def through(frames: Sequence[Frame], partitions: int = 1) -> tuple[dict[int, list[Any]], list[tuple[str, str]]]:
    """What leaves alignment by shard, in order; and (mark, id) of what does not."""
    names = sorted({frame.spans[0].partition for frame in frames})
    lines = [AlignedStage(SPACE, Aligner(names), Recorder) for _ in range(partitions)]
    stages = [line.stage for line in lines]
    released = [each for _, each in _drive(lines, frames, partitions)]
    dropped = [(each.mark, name) for one in released for each in one.dropped for name in each.rows["event_id"]]
    found: dict[int, list[Any]] = {}
    for shard, *row in [row for stage in stages for row in stage.rows]:
        found.setdefault(shard, []).append(tuple(row))
    return found, sorted(dropped)


def _drive(lines: Sequence[AlignedStage], frames: Sequence[Frame], partitions: int) -> list[tuple[Findings, Released]]:
    found = []
    for frame in frames:
        parts = split(frame.tables["usage"], lines[0].key_space, "usage", partitions)
        for n, line in enumerate(lines):
            found.append(line.advance(Frame(frame.key_space, n, frame.sequence, frame.spans, {"usage": parts[n]})))
    return found


def detected(by_partition: Sequence[Frame], space: KeySpace, partitions: int) -> list[bytes]:
    """The alerts of the rule, as they would be printed, in the order of their ids."""
    names = sorted({frame.spans[0].partition for frame in by_partition})
    lines = [AlignedStage(space, Aligner(names), lambda: Engine(space, [RULE])) for _ in range(partitions)]
    found = [each for each, _ in _drive(lines, by_partition, partitions)] + [line.stage.flush() for line in lines]
    alerts = [alert for each in found for alert in each.all_alerts()]
    alerts.sort(key=lambda alert: (alert.alert_id, alert.revision))
    return [msgspec.json.encode(alert, order="sorted") for alert in alerts]


def rule_space() -> KeySpace:
    """The key space that the rule needs."""
    return part_of(RULE).key_space
