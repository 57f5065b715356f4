"""Framing: what a partition says of time, whatever its rows."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.frame import EARLIEST_MS, NEVER, Framer
from tests.make import START_MS
from tollwatch.config import Settings, SourceSettings
from tollwatch.frames import ReadBatch

SLOW = Settings(disorder_s=2, source_idle_s=60, sources={"slow": SourceSettings(slow=True)})
ROWS = st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["a", "b", "slow"])), min_size=1, max_size=40)


def batch(rows: list[tuple[int, str]], begin: int = 0) -> ReadBatch:
    """Rows of (seconds, source)."""
    table = pl.DataFrame(
        {
            "event_id": [f"e{begin + n}" for n in range(len(rows))],
            "event_time": pl.Series([START_MS + 1000 * s for s, _ in rows], dtype=pl.Int64),
            "source": pl.Series([source for _, source in rows], dtype=pl.String),
            "_offset": pl.int_range(begin, begin + len(rows), eager=True),
        }
    )
    return ReadBatch("usage", "p", table, begin, begin + len(rows))


def naive(rows: list[tuple[int, str]]) -> tuple[list[bool], int]:
    """Which rows are late, and the last watermark, row by row."""
    greatest: dict[str, int] = {}
    watermark, late = NEVER, []
    names = {source for _, source in rows}
    for seconds, source in rows:
        time = START_MS + 1000 * seconds
        late.append(time < watermark)
        greatest[source] = max(greatest.get(source, NEVER), time)
        overall = max(greatest.values())
        held = [
            most - 2000
            for name, most in greatest.items()
            if name != "slow" and most >= overall - 60_000 and name in names
        ]
        watermark = max([watermark, *([min(held)] if held else [])])
    return late, watermark


@settings(max_examples=80)
@given(ROWS)
def test_equals_the_naive_watermark(rows: list[tuple[int, str]]) -> None:
    """Sources that are slow hold nobody back, idle ones no longer do, and it never falls."""
    framer = Framer("p", SLOW, START_MS + 10**9)
    stamped = framer.stamp(batch(rows))
    late, watermark = naive(rows)
    assert (stamped.rows["_late"].to_list(), stamped.rejected) == (late, [])
    assert framer.watermark == stamped.rows["_watermark"][-1] == watermark
    assert framer.late == sum(late)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 300), max_size=40), st.integers(0, 40), st.booleans())
def test_the_cut_does_not_matter(seconds: list[int], cut: int, again: bool) -> None:
    """In one batch, in two, or saved and loaded in between: the same rows are late, the same watermark is reached."""
    rows = [(s, "a") for s in seconds]
    whole, parted = Framer("p", SLOW, START_MS + 10**9), Framer("p", SLOW, START_MS + 10**9)
    wanted = whole.stamp(batch(rows)).rows["_late"].to_list()
    first = parted.stamp(batch(rows[:cut])).rows["_late"].to_list()
    if again:
        saved, parted = parted.save(), Framer("p", SLOW, START_MS + 10**9)
        parted.load(saved)
    second = parted.stamp(batch(rows[cut:], begin=len(rows[:cut]))).rows["_late"].to_list()
    assert (first + second, parted.save()) == (wanted, whole.save())


def test_a_time_that_cannot_be_true_is_refused() -> None:
    """1970 and 2200 are sentences; the bounds themselves are taken."""
    as_of = START_MS + 1000
    tolerated = as_of + SLOW.future_tolerance_s * 1000
    times = [0, EARLIEST_MS - 1, EARLIEST_MS, tolerated, tolerated + 1, 7_258_118_400_000]
    table = pl.DataFrame({"event_id": list("abcdef"), "event_time": times, "_offset": range(6)})
    stamped = Framer("p", SLOW, as_of).stamp(ReadBatch("usage", "p", table, 0, 6))
    refused = stamped.rejected
    assert stamped.rows["event_id"].to_list() == ["c", "d"]
    assert [each.position for each in refused] == [0, 1, 4, 5]
    assert "1970-01-01" in refused[0].reason
    assert "is it in seconds" in refused[0].reason
    assert "2200-01-01" in refused[3].reason
    assert "--as-of" in refused[3].reason
    assert b'"event_id":"f"' in refused[3].raw


def test_a_closed_partition_has_reached_its_last_event() -> None:
    """An open one is behind by the disorder."""
    framer = Framer("p", SLOW, START_MS + 10**9)
    framer.stamp(batch([(10, "a")]))
    assert framer.span(0, closed=False).watermark == START_MS + 8000
    assert framer.span(1, closed=True).watermark == START_MS + 10_000
