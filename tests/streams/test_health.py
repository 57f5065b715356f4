"""Feed health: sums per source and minute that add up, however they are taken, saved and loaded."""

import msgspec
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from streams.health import MINUTE_MS, Health
from tollwatch.findings import FeedHealth, Quarantined

T0 = 29_453_760 * MINUTE_MS
Seen = list[tuple[str | None, int, bool, int | None]]


def batch(rows: Seen) -> pl.DataFrame:
    """Rows of (source, seconds, late, seconds until received)."""
    return pl.DataFrame({
        "source": pl.Series([row[0] for row in rows], dtype=pl.String),
        "event_time": pl.Series([T0 + row[1] * 1000 for row in rows], dtype=pl.Int64),
        "_late": pl.Series([row[2] for row in rows], dtype=pl.Boolean),
        "received_at": pl.Series(
            [None if row[3] is None else T0 + (row[1] + row[3]) * 1000 for row in rows], dtype=pl.Int64
        ),
    })  # fmt: skip


def last(rows: list[FeedHealth]) -> dict[tuple[str, int], FeedHealth]:
    """The last row of each source and minute: what the table shows."""
    return {(row.source, row.minute): row for row in rows}


ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "msc", "smsc"]), st.integers(0, 300), st.booleans(),
        st.one_of(st.none(), st.integers(0, 99)),
    ),
    max_size=20,
)  # fmt: skip


@given(st.lists(ROWS, max_size=5), st.integers(0, 5), st.integers(0, 5))
def test_sums_do_not_depend_on_when_they_are_taken(batches: list[Seen], take: int, restart: int) -> None:
    """Taken in the middle, and saved and loaded, the last row of each minute is the same."""
    whole, pieces, given_out = Health("main", "live"), Health("main", "live"), []
    for n, rows in enumerate(batches):
        whole.see("usage", batch(rows), [], T0)
        if n == restart:
            given_out += pieces.take(0)
            saved, pieces = pieces.save(), Health("main", "live")
            pieces.load(saved)
        pieces.see("usage", batch(rows), [], T0)
        if n == take:
            given_out += pieces.take(0)
    assert last(given_out + pieces.take(0)) == last(whole.take(0))


@given(ROWS)
def test_every_row_counts_once(rows: Seen) -> None:
    """Events and late ones over all minutes are those that came; the lag is the greatest."""
    health = Health("main", "live")
    health.see("usage", batch(rows), [], T0)
    found = health.take(0)
    assert sum(row.events for row in found) == len(rows)
    assert sum(row.late for row in found) == sum(row[2] for row in rows)
    lags = [row[3] * 1000 for row in rows if row[3] is not None]
    assert max((row.lag_ms for row in found if row.lag_ms is not None), default=-1) == max(lags, default=-1)


def test_what_is_refused_or_dropped_is_counted() -> None:
    """Duplicates at their own minute, refused records at the watermark, for they have no time of their own."""
    health = Health("main", "live")
    rows = batch([("msc", 0, False, None), ("msc", 61, False, None)])
    health.dropped("usage", "duplicate", rows)
    health.dropped("usage", "conflict", rows[:1])
    health.dropped("usage", "late", rows)
    refused = Quarantined(stream="usage", partition="p", position=0, line=1, reason="x", raw=b"", source="smsc")
    health.see("usage", rows.clear(), [refused], T0 + 5)
    found = last(health.take(0))
    assert found["msc", T0].duplicates == found["msc", T0 + MINUTE_MS].duplicates == 1
    assert (found["msc", T0].quarantined, found["smsc", T0].quarantined) == (1, 1)


def test_old_minutes_are_let_go() -> None:
    """Memory does not grow with the length of the input."""
    health = Health("main", "live")
    for minute in range(100):
        health.see("usage", batch([("msc", minute * 60, False, 1)]), [], T0)
        health.take(T0 + (minute - 10) * MINUTE_MS)
    assert len(health.sums) <= 12
    assert len(health.lags) <= 12
    assert len(msgspec.msgpack.decode(health.save())) <= 12
