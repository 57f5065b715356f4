"""Intake: everything that was read is in a frame, refused, or both places say so; the cut changes nothing."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from services.assembly import make_plan
from streams.frame import Framer
from streams.intake import Intake, Taken
from streams.plan import EVENT
from tests.make import START_MS
from tollwatch.config import Settings
from tollwatch.findings import Quarantined
from tollwatch.frames import ReadBatch

SETTINGS = Settings(enabled=["wangiri"], partitions=4, disorder_s=1)
PLAN = make_plan(SETTINGS)
AS_OF_MS = START_MS + 10**9


def batch(seconds: list[int], begin: int = 0, broken: tuple[int, ...] = ()) -> ReadBatch:
    """Calls at some seconds; the records at `broken` places could not be read."""
    places = [begin + n for n in range(len(seconds)) if begin + n not in broken]
    table = pl.DataFrame(
        {
            "event_id": [f"e{place}" for place in places],
            "event_time": pl.Series([START_MS + 1000 * seconds[place - begin] for place in places], dtype=pl.Int64),
            "calling_number": [f"4471{place % 7}" for place in places],
            "service": "voice",
            "duration_s": 0,
            "ring_s": 1,
            "record_type": "originating",
            "_offset": pl.Series(places, dtype=pl.Int64),
        }
    ).cast({"event_id": pl.String, "event_time": pl.Int64, "calling_number": pl.String, "_offset": pl.Int64})
    refused = [
        Quarantined(stream="usage", partition="p", position=place, reason="broken", raw=b"{", source="msc")
        for place in broken
        if begin <= place < begin + len(seconds)
    ]
    return ReadBatch("usage", "p", table, begin, begin + len(seconds), refused)


def taken(intake: Intake, framer: Framer, read: ReadBatch) -> Taken:
    """One batch through the intake."""
    tick = intake.begin()
    tick.read(framer, read)
    tick.reach(framer.span(read.begin))
    return tick.finish()


def rows_of(made: list[Taken], key_space: str) -> list[tuple[str, int]]:
    """The (id, partition) of what stands in the frames of a key space."""
    return [
        (name, frame.partition)
        for each in made
        for frame in each.frames
        if frame.key_space == key_space
        for table in frame.tables.values()
        for name in table["event_id"]
    ]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=40), st.integers(0, 40), st.sets(st.integers(0, 39)))
def test_every_record_is_framed_once_or_refused(seconds: list[int], cut: int, broken: set[int]) -> None:
    """Every key space that reads it has it in one partition; cut in two, nothing is lost, doubled or moved."""
    gone = tuple(sorted(place for place in broken if place < len(seconds)))
    whole = [taken(Intake(PLAN, SETTINGS), Framer("p", SETTINGS, AS_OF_MS), batch(seconds, broken=gone))]
    intake, framer = Intake(PLAN, SETTINGS), Framer("p", SETTINGS, AS_OF_MS)
    first, second = seconds[:cut], seconds[cut:]
    parted = [taken(intake, framer, batch(first, broken=gone)), taken(intake, framer, batch(second, len(first), gone))]
    for made in (whole, parted):
        names = [name for name, _ in rows_of(made, "calling_number")]
        assert sorted(names) == sorted(f"e{n}" for n in range(len(seconds)) if n not in broken)
        assert sorted(r.position for each in made for r in each.rejected) == list(gone)
        refused = [name for name, _ in rows_of(made, EVENT) if name.startswith("p:")]
        assert sorted(refused) == sorted(f"p:{place}" for place in gone), "feed health counts them"
    assert sorted(rows_of(whole, "calling_number")) == sorted(rows_of(parted, "calling_number"))
    assert sum(each.late for each in whole) == sum(each.late for each in parted)


def test_frames_are_numbered_and_a_turn_without_anything_makes_none() -> None:
    """Every partition of every key space has each ordinal once."""
    intake, framer = Intake(PLAN, SETTINGS), Framer("p", SETTINGS, AS_OF_MS)
    for begin in range(3):
        taken(intake, framer, batch([begin], begin))
    assert intake.begin().finish().frames == []
    made = taken(intake, framer, batch([9], 3))
    assert {frame.sequence for frame in made.frames} == {3}
    assert len(made.frames) == sum(PLAN.partition_counts(SETTINGS).values())


def test_what_is_stored_has_no_columns_of_the_line() -> None:
    """Raw events are kept as they came, with their place."""
    intake, framer = Intake(PLAN, SETTINGS), Framer("p", SETTINGS, AS_OF_MS)
    rows = intake.begin().read(framer, batch([1, 2]))
    assert [name for name in rows.columns if name.startswith("_")] == ["_offset"]
