"""A test SIM that somebody uses: calls abroad from an account that nobody bills."""

from typing import Any

from replay.simulate.chance import DAY, HOUR, MINUTE
from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD
from replay.simulate.records import calls_by, charged, voice


def plant(context: ScenarioContext) -> Planted:
    """Two of the operator's own SIMs, an evening each."""
    lines = context.world.with_habit("test line")[:2].tolist()
    return together(_evening(context, who, f"testsim{n}-") for n, who in enumerate(lines))


def _evening(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(6, 12))
    start = context.spaced(
        context.moment(4 * HOUR, first_day=0.1) // DAY * DAY + 18 * HOUR, size, 9 * MINUTE, 15 * MINUTE
    )
    called = ABROAD[rng.integers(0, len(ABROAD), size)] + rng.integers(0, 10**7, size)
    lasts = rng.integers(120, 420, size)
    calls = calls_by(
        world, who, "abroad", called=called, start=start, ring_s=rng.integers(3, 9, size), duration_s=lasts
    )
    rows: dict[str, Any] = {"usage": voice(world, calls, prefix)}
    account = world.name("account_id", who)
    truth = leakage(
        "staff_account_abuse",
        ("account", account),
        (int(calls.end.min()), int(calls.end.max())),
        int(charged(calls).sum()),
        count=size,
        account_id=account,
        subscriber_id=world.name("subscriber_id", who),
    )
    return Planted([truth], rows)
