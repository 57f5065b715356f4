"""Refiling: a carrier brings our neighbours' calls in by an international trunk, below the national rate."""

import numpy as np

from replay.simulate.catalogue import HISTORY_DAYS
from replay.simulate.chance import DAY, HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import BUSINESS, OFF_NET, ON_NET
from replay.simulate.rows import carried, digits, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few trunks, some hours each; the operator's list names them as international."""
    return together(_route(context, who, f"refile{n}") for n, who in enumerate(context.people(context.few, BUSINESS)))


def _route(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(150, 250))
    start = context.spaced(context.moment(4 * HOUR), size, 10 * SECOND, 50 * SECOND)
    trunk = f"INT-{who}"
    rows = carried(
        f"{prefix}-",
        start,
        rng.integers(0, 200, size),
        record_type="terminating",
        trunk_in=trunk,
        calling_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
        called_number=digits(ON_NET + rng.integers(0, len(world), size)),
        account_id=world.name("account_id", who),
        supplier_id=f"carrier-{who}",
    )
    known = world.start - HISTORY_DAYS * DAY
    listed = rows_of(
        f"{prefix}-list-",
        np.array([known + HOUR // 2]),
        entity="list",
        id=trunk,
        list_name="international_trunk",
        risk=1,
        source="lists",
        valid_from=known,
    )
    truth = context.truth("refiling", who, rows["event_time"].to_numpy(), subject=("trunk_in", trunk))
    return Planted([truth], {"usage": rows, "reference": listed})
