"""How the simulated operator watches itself: test calls that are planned, and probes that write files on time."""

import numpy as np
import polars as pl

from bss_kit.places import Places
from replay.simulate.chance import HOUR, MINUTE, SECOND
from replay.simulate.population import CURRENCY, ON_NET, World
from replay.simulate.records import PER_MINUTE, calls_by, voice

TEST = "test-"
"""What ids of test calls begin with."""
LASTS_S, RINGS_S = 90, 5
PROBES = ("probe-1", "probe-2", "probe-3")
SLOT_S = 4 * 3600


def tests(world: World, since: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The test calls of a slot: their records, and the rows of `planned_tests` that announce them."""
    lines = world.with_habit("test line")
    if len(lines) < 2:
        return pl.DataFrame(), pl.DataFrame()
    records, planned = [], []
    for turn, (who, callee) in enumerate(zip(lines.tolist(), np.roll(lines, 1).tolist(), strict=True)):
        start = since + HOUR + turn * 5 * MINUTE
        name = f"{TEST}{since // MINUTE}-{turn}-"
        one = np.ones(1, np.int64)
        calls = calls_by(
            world,
            who,
            "on-net",
            called=ON_NET + callee * one,
            start=start * one,
            ring_s=RINGS_S * one,
            duration_s=LASTS_S * one,
        )
        records.append(voice(world, calls, name))
        planned.append(
            {
                "event_id": f"{name}0",
                "event_time": since,
                "planned_at": start,
                "calling_number": world.name("msisdn", who),
                "called_number": world.name("msisdn", callee),
                "hops": ["usage", "rated"],
                "expected_duration_s": LASTS_S,
                "expected_charge_micros": -(-LASTS_S // 60) * PER_MINUTE["on-net"],
                "currency": CURRENCY,
                "tolerance_s": 2 * RINGS_S,
                "source": "tests",
            }
        )
    return pl.concat(records), pl.DataFrame(planned)


def probed(until: int, places: Places) -> pl.DataFrame:
    """Batches: each probe's file of a slot, which says by when the next one comes."""
    rows = pl.DataFrame({"source": PROBES}).with_columns(
        event_time=pl.lit(until - SECOND, pl.Int64),
        kind=pl.lit("file"),
        scope=pl.lit("outcomes"),
        state=pl.lit("closed"),
        period_start=pl.lit(until - SLOT_S * SECOND, pl.Int64),
        period_end=pl.lit(until, pl.Int64),
        sequence_number=pl.lit(until // (SLOT_S * SECOND) % 10_000, pl.Int64),
        sequence_modulus=pl.lit(10_000, pl.Int64),
        records=pl.lit(0, pl.Int64),
        cadence_s=pl.lit(SLOT_S, pl.Int64),
        batch_id=pl.format("{}-{}", "source", pl.lit(until // (SLOT_S * SECOND))),
    )
    named = rows.with_columns(event_id=pl.format("{}-closed", "batch_id"), file_name="batch_id")
    return places.at("feeds.files", named)
