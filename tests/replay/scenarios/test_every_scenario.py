"""What every scenario promises, checked on all of them; a new file is covered unasked."""

import pytest

from detectors import every_detector, every_model
from detectors.assurance import every_control
from replay.scenarios import every_scenario, plant
from replay.simulate.population import World, populate
from replay.simulate.run import START, WRITTEN, operator
from replay.truth import Truth, read_truth
from tollwatch.errors import ConfigurationError


@pytest.fixture(scope="module")
def world() -> World:
    """A village for three days."""
    return populate(1000, 3, 2, START)


@pytest.fixture(scope="module")
def truths(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Truth]]:
    """What each scenario says it did; of faults, after all of them have happened in one simulation."""
    planted = {name: plant(world, [name]) for name in every_scenario()}
    faulty = [name for name in planted if planted[name].faults]
    folder = tmp_path_factory.mktemp("faults")
    operator(world, plant(world, faulty)).write(folder)
    said: dict[str, list[Truth]] = {name: planted[name].truths for name in planted if name not in faulty}
    for truth in read_truth(folder / "truth.ndjson"):
        if truth.kind == "leakage":
            said.setdefault(truth.name, []).append(truth)
    return said


def test_every_detector_and_control_has_a_scenario(world: World) -> None:
    """And no scenario stands alone, but leakages whose control is still to come."""
    kinds = {kind.name() for kind in (*every_detector(), *every_model(), *every_control())}
    assert kinds <= set(every_scenario())
    for name in set(every_scenario()) - kinds:
        planted = plant(world, [name])
        assert planted.faults or {truth.kind for truth in planted.truths} == {"leakage"}


@pytest.mark.parametrize("name", every_scenario())
class TestEveryScenario:
    """One case for each scenario."""

    def test_says_what_it_did(self, world: World, truths: dict[str, list[Truth]], name: str) -> None:
        """Who, when and how many, under its own name, within the simulation; of a leakage how much, to the micro."""
        mine = [truth for truth in truths.get(name, []) if truth.kind != "known"]
        assert {truth.name for truth in mine} == {name}
        assert len({truth.subject for truth in mine}) == len(mine) > 1
        for truth in mine:
            assert truth.account_id or truth.kind == "leakage"
            assert truth.amount_micros or truth.kind != "leakage" or name == "silent_feed"
            assert truth.count > 0
            assert truth.since <= truth.until <= world.end
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
        assert planted.faults or sum(map(len, [*planted.rows.values(), *planted.withheld.values()])) > 0
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
