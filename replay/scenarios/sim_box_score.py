"""SIM boxes that imitate people: they move between cells, send messages, are called back, and call half as much.

A model must have seen such SIMs before: some are found on the second day, by test calls, and verdicts name them. Truth
calls those `known`; they teach, and nobody must find them.
"""

import numpy as np
import polars as pl
from msgspec.structs import replace

from replay.simulate.chance import DAY, HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, ON_NET, PREPAID
from replay.simulate.records import HOME_NETWORK, PER_MINUTE
from replay.simulate.rows import carried, digits, one_by_one

NEW = 99907_8000000000
FIRST_DAY = 4.0
"""Behind the days after which callers that nobody found count as genuine."""


def plant(context: ScenarioContext) -> Planted:
    """Known SIMs on the first day, and new ones once the others have taught."""
    people = context.people(8 * context.few, PREPAID)
    first = min(FIRST_DAY, (context.world.end - context.world.start) / DAY - 1.1)
    planted = [
        _slot(context, who, context.moment(24 * HOUR, first_day=first), f"mimic{n}-")
        for n, who in enumerate(people[: context.few])
    ]
    for n, who in enumerate(people[context.few :]):
        planted.append(_known(_slot(context, who, context.world.start + n % 4 * 3 * HOUR, f"oldmimic{n}-")))
    return together(planted)


def _slot(context: ScenarioContext, who: int, begins: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(45, 75))
    duration = np.where(rng.random(size) < 0.2, 0, rng.integers(30, 260, size))
    start = one_by_one(begins, duration, rng.integers(10 * 60, 18 * 60, size) + 8)
    ours = rng.random(size) < 0.8
    called = np.where(ours, ON_NET + rng.integers(0, len(world), size), OFF_NET + rng.integers(0, 10**8, size))
    imsi = str(NEW + who)
    calls = carried(
        prefix,
        start,
        duration,
        price=PER_MINUTE["on-net"],
        record_type="originating",
        imsi=imsi,
        calling_number=str(990_780_000_000 + who),
        called_number=digits(called),
        cell_id=[f"{HOME_NETWORK}-1-{n}" for n in rng.integers(1, 5, size)],
        imei=f"87{who:013}",
        account_id=world.name("account_id", who),
        subscriber_id=f"Y{who:07}",
    )
    truth = context.truth("sim_box_score", who, calls["event_time"].to_numpy(), subject=("imsi", imsi))
    rows = [calls, _called_back(calls, size // 6), _texts(calls, size // 8)]
    return Planted([truth], {"usage": pl.concat(rows, how="diagonal")})


def _called_back(calls: pl.DataFrame, every: int) -> pl.DataFrame:
    """Some of those called call back, a few minutes later."""
    return calls.gather_every(every).with_columns(
        pl.col("event_time", "start_time", "answer_time") + 5 * MINUTE,
        event_id="back-" + pl.col("event_id"),
        record_type=pl.lit("terminating"),
        calling_number="called_number",
        called_number="calling_number",
        charge_micros=pl.lit(0, pl.Int64),
    )


def _texts(calls: pl.DataFrame, every: int) -> pl.DataFrame:
    """And some get a message."""
    return calls.gather_every(every, offset=3).with_columns(
        pl.col("event_time", "start_time") + 2 * MINUTE,
        event_id="text-" + pl.col("event_id"),
        service=pl.lit("sms"),
        answer_time=pl.lit(None, pl.Int64),
        duration_s=pl.lit(0, pl.Int64),
    )


def _known(slot: Planted) -> Planted:
    """A test call shows the SIM a day later."""
    (truth,) = slot.truths
    verdict = pl.DataFrame(
        {
            "event_id": [f"verdict-{truth.subject}"],
            "event_time": [truth.until + DAY],
            "verdict": ["fraud"],
            "subject_kind": ["imsi"],
            "subject": [truth.subject],
            "by": ["test calls"],
            "source": ["console"],
        }
    )
    return Planted([replace(truth, kind="known")], {**slot.rows, "verdicts": verdict})
