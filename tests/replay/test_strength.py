"""Weaker and craftier frauds are the same frauds: fewer events, or more subjects and more time, and a true truth."""

import polars as pl
import pytest

from replay.scenarios import every_scenario, plant
from replay.simulate.population import World, populate
from replay.simulate.run import START
from replay.strength import SPLIT, STRENGTHS


@pytest.fixture(scope="module")
def world() -> World:
    """A village for three days."""
    return populate(1000, 3, 2, START)


FAULTS = [name for name in every_scenario() if plant(populate(1000, 3, 2, START), [name]).faults]
FRAUDS = [name for name in every_scenario() if name not in FAULTS]


@pytest.mark.parametrize("name", FRAUDS)
def test_every_fraud_has_its_strengths(world: World, name: str) -> None:
    """Ids stay unique, nothing lies beyond the end, weak is less, adaptive is more subjects."""
    strong, weak, adaptive = (plant(world, [name], strength) for strength in STRENGTHS)
    for planted in (weak, adaptive):
        for rows in planted.rows.values():
            assert rows["event_id"].is_unique().all()
    cases = [t for t in strong.truths if t.kind == "fraud"]
    assert len([t for t in weak.truths if t.kind == "fraud"]) == len(cases)
    split = [t for t in adaptive.truths if t.kind == "fraud"]
    assert len({t.subject for t in split}) == len(split) == SPLIT * len(cases)
    assert all(t.since < t.until <= world.end for t in split)
    assert sum(map(len, weak.rows.values())) <= sum(map(len, strong.rows.values()))


def test_a_weak_campaign_is_a_third_of_it(world: World) -> None:
    """Calls, and the truth about them."""
    strong, weak = plant(world, ["robocall"]), plant(world, ["robocall"], "weak")
    for before, after in zip(strong.truths, weak.truths, strict=True):
        own = weak.rows["usage"].filter(pl.col("calling_number") == after.subject)
        assert len(own) == after.count
        assert abs(before.count - 3 * after.count) < 3


def test_an_adaptive_campaign_takes_longer_and_keeps_what_is_around_it(world: World) -> None:
    """The swaps before the codes are there for each of the three."""
    planted = plant(world, ["sim_swap_takeover"], "adaptive")
    victims = {truth.subject for truth in planted.truths}
    assert set(planted.rows["orders"]["subscriber_id"]) == victims == set(planted.rows["usage"]["subscriber_id"])
    strong = plant(world, ["sim_swap_takeover"])
    assert min(t.until - t.since for t in planted.truths) > min(t.until - t.since for t in strong.truths)
