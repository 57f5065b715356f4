"""Fast traffic pumping: a hacked exchange sends calls to paid-for ranges, each from another extension."""

import numpy as np

from replay.scenarios.irsf_hot_destination import RANGES
from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, Stage, together
from replay.simulate.population import BUSINESS
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, digits, of

EXTENSIONS = 990_800_000_000


def plant(stage: Stage) -> Planted:
    """A few exchanges."""
    return together(_pump(stage, who, f"fast{n}-") for n, who in enumerate(stage.people(stage.few, BUSINESS)))


def _pump(stage: Stage, who: int, prefix: str) -> Planted:
    rng = stage.rng
    size = int(rng.integers(60, 90))
    start = stage.spaced(stage.moment(3 * HOUR), size, 1 * SECOND, 6 * SECOND)
    trunk = f"PBX{who}-fast"
    rows = carried(
        prefix, start, rng.integers(0, 4, size), ring_s=2, price=PER_MINUTE["premium"], record_type="originating",
        trunk_in=trunk, calling_number=digits(EXTENSIONS + who * 1000 + np.arange(size)),
        called_number=digits(rng.choice(RANGES, size) + rng.integers(0, 10_000, size)),
        **of(stage.world, who, "account_id"),
    )  # fmt: skip
    amount = int(rows["charge_micros"].sum())
    truth = stage.truth("fast_traffic_pumping", who, start, subject=("trunk_in", trunk), amount=amount)
    return Planted([truth], {"usage": rows})
