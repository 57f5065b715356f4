"""Feed health: sums per source and minute that add up, however they are taken, saved and loaded."""

import msgspec
import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from streams.health import MINUTE_MS, FeedHealthStage
from tollwatch.findings import FeedHealth
from tollwatch.frames import Aligned

T0 = 29_453_760 * MINUTE_MS
Seen = list[tuple[str | None, int, bool, int | None]]


def batch(rows: Seen) -> pl.DataFrame:
    """Rows of (source, seconds, late, seconds until received)."""
    times = [T0 + row[1] * 1000 for row in rows]
    return pl.DataFrame(
        {
            "source": pl.Series([row[0] for row in rows], dtype=pl.String),
            "event_time": pl.Series(times, dtype=pl.Int64),
            "_watermark": pl.Series(
                [time + 1 if row[2] else time - 1 for row, time in zip(rows, times, strict=True)], dtype=pl.Int64
            ),
            "received_at": pl.Series(
                [None if row[3] is None else T0 + (row[1] + row[3]) * 1000 for row in rows], dtype=pl.Int64
            ),
        }
    )


def released(table: pl.DataFrame, watermark: int = T0) -> Aligned:
    """Rows of usage as alignment lets them go."""
    n = len(table)
    at, hashes = np.arange(n), np.zeros(n, np.uint64)
    return Aligned(
        {"usage": table},
        {"usage": at},
        table["event_time"].to_numpy(),
        hashes,
        hashes,
        hashes.astype(np.uint8),
        hashes.astype(np.bool_),
        at.astype(np.int32),
        at,
        watermark,
    )


def stage() -> FeedHealthStage:
    """A stage that has counted nothing."""
    return FeedHealthStage(3, tenant="main", run="live")


def last(rows: list[FeedHealth]) -> dict[tuple[str, int], FeedHealth]:
    """The last row of each source and minute: what the table shows."""
    return {(row.source, row.minute): row for row in rows}


ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "msc", "smsc"]),
        st.integers(0, 300),
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 99)),
    ),
    max_size=20,
)


@given(st.lists(ROWS, max_size=5), st.integers(0, 5), st.integers(0, 5))
def test_sums_do_not_depend_on_when_they_are_taken(batches: list[Seen], take: int, restart: int) -> None:
    """Taken in the middle, and saved and loaded, the last row of each minute is the same."""
    whole, pieces, given_out = stage(), stage(), []
    for n, rows in enumerate(batches):
        whole.advance(released(batch(rows)))
        if n == restart:
            saved, pieces = pieces.save(), stage()
            pieces.load(saved)
        pieces.advance(released(batch(rows)))
        if n == take:
            given_out += pieces.flush().health
    assert last(given_out + pieces.flush().health) == last(whole.flush().health)


@given(ROWS)
def test_every_row_counts_once(rows: Seen) -> None:
    """Events and late ones over all minutes are those that came; the lag is the greatest."""
    health = stage()
    assert health.advance(released(batch(rows))).size() == 0
    found = health.flush().health
    assert sum(row.events for row in found) == len(rows)
    assert sum(row.late for row in found) == sum(row[2] for row in rows)
    lags = [row[3] * 1000 for row in rows if row[3] is not None]
    assert max((row.lag_ms for row in found if row.lag_ms is not None), default=-1) == max(lags, default=-1)
    assert {row.frame_partition for row in found} <= {3}


def test_what_is_refused_or_dropped_is_counted() -> None:
    """Duplicates at their own minute, refused records at the watermark, for they have no time of their own."""
    health = stage()
    rows = batch([("msc", 0, False, None), ("msc", 61, False, None)])
    health.count_dropped("usage", "duplicate", rows)
    health.count_dropped("usage", "conflict", rows[:1])
    health.count_dropped("usage", "too_late", rows[1:])
    refused = batch([("smsc", 0, False, None), ("smsc", -90, False, None)]).with_columns(_refused=pl.lit(value=True))
    early = refused[1:].with_columns(event_time=pl.lit(-(2**62)))
    health.advance(released(pl.concat([rows, refused[:1], early], how="diagonal"), T0 + 5 * MINUTE_MS))
    found = last(health.flush().health)
    assert found["msc", T0].duplicates == found["msc", T0 + MINUTE_MS].duplicates == 1
    assert (found["msc", T0].quarantined, found["smsc", T0].quarantined) == (1, 1)
    assert found["msc", T0].events == 3, "the row, its duplicate and its contradiction"
    assert found["smsc", T0].events == 0
    assert found["smsc", T0 + 5 * MINUTE_MS].quarantined == 1, "before there is a watermark it counts where all are"


def test_old_minutes_are_let_go() -> None:
    """Memory does not grow with the length of the input."""
    health = stage()
    for hour in range(100):
        time = hour * 3600
        health.advance(released(batch([("msc", time, False, 1)]), T0 + time * 1000))
        health.flush()
    assert len(health.sums) <= 26
    assert len(msgspec.msgpack.decode(health.save()["health"])["sums"]) <= 26
