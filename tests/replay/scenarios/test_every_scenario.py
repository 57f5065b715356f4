"""What every scenario promises, checked on all of them; a new file is covered unasked."""

import pytest

from detectors import every_detector, every_model
from detectors.assurance import every_control
from replay.scenarios import every_scenario, plant
from replay.simulate.population import World, populate
from replay.simulate.run import START, WRITTEN
from tollwatch.errors import ConfigurationError


@pytest.fixture(scope="module")
def world() -> World:
    """A village for three days."""
    return populate(1000, 3, 2, START)


def test_every_detector_and_control_has_a_scenario() -> None:
    """And no scenario stands alone."""
    kinds = [*every_detector(), *every_model(), *every_control()]
    assert every_scenario() == sorted(kind.name() for kind in kinds)


@pytest.mark.parametrize("name", every_scenario())
class TestEveryScenario:
    """One case for each scenario."""

    def test_says_what_it_did(self, world: World, name: str) -> None:
        """Who, when and how many, under its own name, within the simulation."""
        planted = plant(world, [name])
        truths = [truth for truth in planted.truths if truth.kind != "known"]
        assert {truth.name for truth in truths} == {name}
        assert len({truth.subject for truth in truths}) == len(truths) > 1
        for truth in truths:
            assert truth.account_id
            assert truth.count > 0
            assert truth.since < truth.until <= world.end
            assert truth.since >= START or truth.kind == "leakage"

    def test_plants_the_same_each_time(self, world: World, name: str) -> None:
        """Chance comes from the seed."""
        first, second = plant(world, [name]), plant(world, [name])
        assert first.truths == second.truths
        assert all(first.rows[stream].equals(second.rows[stream]) for stream in first.rows)

    def test_writes_rows_that_have_a_place(self, world: World, name: str) -> None:
        """Into streams that are written, each id once; or takes some away."""
        planted = plant(world, [name])
        assert set(planted.rows) | set(planted.withheld) <= set(WRITTEN)
        assert sum(map(len, planted.rows.values())) + sum(map(len, planted.withheld.values())) > 0
        for rows in planted.rows.values():
            assert rows["event_id"].is_unique().all()


def test_scenarios_use_different_people(world: World) -> None:
    """No fraudster is somebody else's victim."""
    frauds = [truth.account_id for truth in plant(world).truths if truth.kind in {"fraud", "known"}]
    assert len(frauds) == len(set(frauds))


def test_an_unknown_scenario_is_refused(world: World) -> None:
    """With the name that was meant."""
    with pytest.raises(ConfigurationError, match="wangiri"):
        plant(world, ["wangri"])
