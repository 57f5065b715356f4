"""Stolen cards: recharges many times larger than the holder ever made.

A model must have seen such cases before: there were some in the weeks before the simulation, and what became of them
is known by verdict or by chargeback a week later. Truth calls those `known`; they teach, and nobody must find them.
"""

import numpy as np
import polars as pl
from msgspec.structs import replace

from replay.simulate.chance import DAY, HOUR, MINUTE, Ints
from replay.simulate.money import CARD, UNIT, fingerprint, method_of, terminals, written
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID

LAST_KNOWN_DAY, FIRST_KNOWN_DAY = 18, 36


def plant(context: ScenarioContext) -> Planted:
    """Known cases in the weeks before, and new ones."""
    by_card = method_of(context.world) == CARD
    people = [who for who in context.people(12 * context.few, PREPAID) if by_card[context.world.account[who]]]
    new, old = people[: context.few], people[context.few : 3 * context.few]
    planted = [_theft(context, who, context.moment(6 * HOUR, first_day=0.5), f"theft{n}") for n, who in enumerate(new)]
    for n, who in enumerate(old):
        ago = int(context.rng.uniform(LAST_KNOWN_DAY, FIRST_KNOWN_DAY) * DAY)
        planted.append(_known(_theft(context, who, context.world.start - ago, f"old{n}"), chargeback=n % 2 == 1))
    return together(planted)


def _theft(context: ScenarioContext, who: int, start: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(3, 6))
    times: Ints = context.spaced(start, size, 5 * MINUTE, 40 * MINUTE)
    account = int(world.account[who])
    rows = pl.DataFrame(
        {
            "account": np.full(size, account),
            "card": 0,
            "event_time": times,
            "amount_micros": rng.integers(250, 500, size) * UNIT,
            "kind": 0,
            "method": CARD,
            "terminal": np.full(size, rng.integers(0, terminals(world))),
            "declined": np.zeros(size, np.bool_),
        }
    )
    made = written(world, rows, prefix)
    subject, amount = ("card_fingerprint", fingerprint(account, 0)), int(made["amount_micros"].sum())
    truth = context.truth("payment_risk", who, times, subject=subject, amount=amount)
    return Planted([truth], {"payments": made})


def _known(theft: Planted, *, chargeback: bool) -> Planted:
    """What became of a theft is known a week later."""
    payments = theft.rows["payments"]
    later = payments.with_columns(event_time=pl.col("event_time") + 7 * DAY)
    if chargeback:
        back = later.with_columns(
            kind=pl.lit("chargeback"),
            external_reference="payment_id",
            payment_id="c" + pl.col("payment_id"),
            event_id="back" + pl.col("event_id"),
        )
        rows = {"payments": pl.concat([payments, back], how="diagonal")}
    else:
        verdict = later.select(
            "event_time",
            "account_id",
            "card_fingerprint",
            "terminal_id",
            "currency",
            refers_to="event_id",
            event_id="verdict" + pl.col("event_id"),
            verdict=pl.lit("fraud"),
            loss_micros="amount_micros",
            by=pl.lit("analyst"),
            source=pl.lit("console"),
        )
        rows = {"payments": payments, "verdicts": verdict}
    return Planted([replace(truth, kind="known") for truth in theft.truths], rows)
