"""One order for all: how events come to us changes nothing of what leaves alignment."""

from dataclasses import replace
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.align import Aligner
from streams.detect import AlignedStage
from streams.frame import NEVER
from tests.streams.pieces import (
    DISORDER_S,
    SPACE,
    Recorder,
    Row,
    cut_up,
    detected,
    disordered,
    event,
    events,
    frames_of,
    interleaved,
    rule_space,
    through,
)
from tollwatch.frames import Frame, Span

PARTITIONS = st.sampled_from([1, 2, 3, 8, 64])


def spread(draw: st.DrawFn, rows: list[Row]) -> list[list[Row]]:
    """Among one to four source partitions."""
    number = draw(st.integers(1, 4))
    where = draw(st.lists(st.integers(0, number - 1), min_size=len(rows), max_size=len(rows)))
    return [[row for row, at in zip(rows, where, strict=True) if at == n] for n in range(number)]


@settings(max_examples=60)
@given(st.data(), events())
def test_any_reading_gives_one_order(data: st.DataObject, rows: list[Row]) -> None:
    """Interleaving, disorder within the bound, cuts, doubled frames, partitions: each shard's rows are the same."""
    draw = data.draw
    sources = [disordered(draw, part) for part in spread(draw, rows)]
    frames = [frames_of(f"p{n}", cut_up(draw, part)) for n, part in enumerate(sources)]
    found, dropped = through(interleaved(draw, frames), draw(PARTITIONS))
    wanted = sorted((row["event_time"], row["event_id"], False) for row in rows)
    assert sorted(row for shard in found.values() for row in shard) == wanted
    assert all(shard == sorted(shard) for shard in found.values())
    assert dropped == []


@settings(max_examples=60)
@given(st.data(), events(span_s=200_000, most=40))
def test_beyond_the_bound_nothing_is_lost(data: st.DataObject, rows: list[Row]) -> None:
    """However far out of order: each row leaves once, late or not, or is too late by a day and said so."""
    draw = data.draw
    order = draw(st.permutations(rows))
    frames = [frames_of(f"p{n}", cut_up(draw, part)) for n, part in enumerate(spread(draw, list(order)))]
    found, dropped = through(interleaved(draw, frames), draw(PARTITIONS))
    left = [name for shard in found.values() for _, name, _ in shard]
    assert sorted([*left, *(name for mark, name in dropped if mark == "too_late")]) == [r["event_id"] for r in rows]
    for shard in found.values():
        timely = [(time, name) for time, name, late in shard if not late]
        assert timely == sorted(timely)


@settings(max_examples=40)
@given(st.data(), events(most=30))
def test_an_event_counts_once(data: st.DataObject, rows: list[Row]) -> None:
    """The same event again, in the same or another file, is a duplicate; with other content a conflict."""
    draw = data.draw
    again = draw(st.lists(st.sampled_from(rows), max_size=10)) if rows else []
    changed = draw(st.lists(st.sampled_from(rows), max_size=3, unique_by=id)) if rows else []
    other = [row | {"duration_s": 99} for row in changed]
    names = sorted(row["event_id"] for row in rows)
    parts = [disordered(draw, part) for part in (rows, again, other)]
    frames = [frames_of(f"p{n}", cut_up(draw, part)) for n, part in enumerate(parts)]
    found, dropped = through(interleaved(draw, frames), draw(PARTITIONS))
    assert sorted(name for shard in found.values() for _, name, _ in shard) == names
    assert len(dropped) == len(again) + len(other)
    assert not other or any(mark == "conflict" for mark, _ in dropped)


@settings(max_examples=25)
@given(st.data(), events(most=50))
def test_findings_are_the_same_byte_for_byte(data: st.DataObject, rows: list[Row]) -> None:
    """Alerts behind alignment: with any reading those of one file in order."""
    draw, space = data.draw, rule_space()
    ordered = sorted(rows, key=lambda row: row["event_time"])
    wanted = detected(frames_of("whole", [ordered], space), space, 1)
    sources = [disordered(draw, part) for part in spread(draw, rows)]
    frames = [frames_of(f"p{n}", cut_up(draw, part), space) for n, part in enumerate(sources)]
    assert detected(interleaved(draw, frames), space, draw(PARTITIONS)) == wanted


@settings(max_examples=150)
@given(st.data(), events(most=40))
def test_frames_that_are_taken_together_let_go_the_same_rows(data: st.DataObject, rows: list[Row]) -> None:
    """Also where partitions fall silent and come back with rows that are late by then."""
    draw = data.draw
    order = draw(st.permutations(rows)) if draw(st.booleans()) else disordered(draw, rows)
    frames = [frames_of(f"p{n}", cut_up(draw, part)) for n, part in enumerate(spread(draw, list(order)))]
    taken = fallen_silent(draw, interleaved(draw, frames))
    names = sorted({frame.spans[0].partition for frame in taken})
    one, all_ = (AlignedStage(SPACE, Aligner(names), Recorder) for _ in range(2))
    for frame in taken:
        one.advance(frame)
    cuts = sorted(draw(st.lists(st.integers(0, len(taken)), max_size=6)))
    for begin, end in pairwise([0, *cuts, len(taken)]):
        all_.advance_all(taken[begin:end])
    assert all_.aligner.released == one.aligner.released
    assert isinstance(one.stage, Recorder)
    assert isinstance(all_.stage, Recorder)
    assert all_.stage.rows == one.stage.rows


def fallen_silent(draw: st.DrawFn, frames: list[Frame]) -> list[Frame]:
    """Frames that arrive one a second; now and then all partitions but one are said to be silent."""
    made, ends = [], dict.fromkeys([frame.spans[0].partition for frame in frames], 0)
    for n, frame in enumerate(frames):
        (span,) = frame.spans
        made.append(replace(frame, spans=(msgspec.structs.replace(span, arrived=1000 * n),)))
        ends[span.partition] = max(ends[span.partition], span.end)
        if draw(st.integers(0, 2)) == 0:
            for name, end in ends.items():
                if name != span.partition:
                    silent = Span(
                        partition=name, begin=end, end=end, watermark=NEVER, arrived=1000 * n + 500, state="idle"
                    )
                    made.append(replace(frame, spans=(silent,), tables={}))
    return made


def test_a_row_behind_the_bound_is_late_and_one_within_is_not() -> None:
    """The bound itself is allowed."""
    bound = int(DISORDER_S * 1000)
    rows = [event(0, 10_000), event(1, 10_000 - bound), event(2, 10_000 - bound - 1)]
    (found,) = through(frames_of("p", [rows]))[0].values()
    assert {name: late for _, name, late in found} == {"e0000": False, "e0001": False, "e0002": True}


def test_the_rule_of_these_tests_fires() -> None:
    """Equal findings prove something only where there are some."""
    space = rule_space()
    assert len(detected(frames_of("p", [[event(n, 1000 * n) for n in range(8)]], space), space, 1)) >= 2
