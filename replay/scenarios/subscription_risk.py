"""Accounts that are opened with another forged document each time, by two or three with one card, for the telephone.

They come by the web, at night, and the telephone is ordered within the hour. Some were found in the months before the
simulation, and verdicts name their accounts: truth calls those `known`; they teach, and nobody must find them. Honest
customers who open an account and buy a telephone with it, in a shop or by day, are left alone.
"""

import numpy as np
import polars as pl
from msgspec.structs import replace

from replay.simulate.chance import DAY, HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import POSTPAID
from replay.simulate.rows import rows_of

OLD = 14
"""As many rings were found before: one in five days from the 80th day before the simulation to the 15th."""
HONEST = 40


def plant(context: ScenarioContext) -> Planted:
    """New rings, rings of the months before, and honest customers of those months."""
    context.people(context.few, POSTPAID)
    start, whole_days = context.world.start, (context.world.end - context.world.start) // DAY
    planted = []
    for n in range(context.few):
        night = start + int(context.rng.integers(0, whole_days)) * DAY + int(context.rng.integers(0, 2 * HOUR))
        planted.append(_ring(context, f"ring{n}", night))
    for n in range(OLD):
        night = start - (80 - 5 * n) * DAY + int(context.rng.integers(0, 3 * HOUR))
        planted.append(_known(_ring(context, f"oldring{n}", night)))
    planted.append(_honest(context))
    return together(planted)


def _orders(prefix: str, opened: int, account: str, action: str, **columns: str | None) -> pl.DataFrame:
    return rows_of(
        f"{prefix}-{action}-",
        np.array([opened]),
        action=action,
        state="acknowledged",
        order_id=f"O{prefix}-{action}",
        order_item_id=f"O{prefix}-{action}-1",
        account_id=account,
        source="orders",
        **{name: pl.Series([value], dtype=pl.String).to_list() for name, value in columns.items()},
    )


def _ring(context: ScenarioContext, prefix: str, night: int) -> Planted:
    rng, card = context.rng, f"{prefix}card{context.world.seed:x}"
    found = []
    for n in range(int(rng.integers(2, 4))):
        account, at = f"{prefix.upper()}-{n}", night + n * 40 * MINUTE
        own = {"channel": "web", "identity_fingerprint": f"id-{prefix}-{n}", "card_fingerprint": card}
        telephone = at + int(rng.integers(3, 30)) * MINUTE
        rows = [
            _orders(f"{prefix}-{n}", at, account, "add", **own),
            _orders(f"{prefix}-{n}", telephone, account, "device_sale", **own),
        ]
        truth = context.truth("subscription_risk", 0, np.array([at, telephone]), subject=("account_id", account))
        found.append(Planted([replace(truth, account_id=account, subscriber_id=None)], {"orders": pl.concat(rows)}))
    return together(found)


def _known(ring: Planted) -> Planted:
    """Nothing is paid, and somebody looks at it two weeks later."""
    accounts = [truth.subject for truth in ring.truths]
    verdicts = rows_of(
        f"verdict-{accounts[0]}-",
        np.array([truth.until + 14 * DAY for truth in ring.truths]),
        verdict="fraud",
        subject_kind="account_id",
        subject=accounts,
        account_id=accounts,
        by="analyst",
        source="console",
    )
    return Planted([replace(truth, kind="known") for truth in ring.truths], {**ring.rows, "verdicts": verdicts})


def _honest(context: ScenarioContext) -> Planted:
    """New customers who buy a telephone with it: half of them on the web, by day, each with a card of his own."""
    rng, start, rows = context.rng, context.world.start, []
    for n in range(HONEST):
        at = start - int(rng.integers(2, 85)) * DAY + int(rng.integers(8 * HOUR, 20 * HOUR))
        own = {
            "channel": "web" if n % 2 else "shop",
            "identity_fingerprint": f"id-honest-{n}",
            "card_fingerprint": f"honest-card-{n}",
        }
        rows.append(_orders(f"honest{n}", at, f"HONEST-{n}", "add", **own))
        rows.append(_orders(f"honest{n}", at + 20 * MINUTE, f"HONEST-{n}", "device_sale", **own))
    return Planted(rows={"orders": pl.concat(rows)})
