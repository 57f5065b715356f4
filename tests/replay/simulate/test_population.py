"""The population: friendship is mutual, habits are there, and who plants may use is ordinary."""

import numpy as np
import pytest

from replay.simulate.chance import DAY, chance, scatter
from replay.simulate.population import HABITS, M2M, POSTPAID, PREPAID, World, populate
from replay.simulate.rhythm import RHYTHM, weights

START = 1_772_323_200_000


@pytest.fixture(scope="module")
def world() -> World:
    """A small town."""
    return populate(3000, 7, 1, START)


def test_friends_are_friends_of_each_other(world: World) -> None:
    """Who stands three places further sees us three places back."""
    people = np.flatnonzero(world.kind != M2M)
    friends = world.friend(people, np.full(len(people), 3))
    assert (world.friend(friends, np.full(len(people), -3)) == people).all()
    assert (world.kind[friends] != M2M).all()


def test_every_habit_is_there(world: World) -> None:
    """And machines have no other than their own."""
    assert {HABITS[n] for n in set(world.habit.tolist())} == set(HABITS)
    assert set(world.habit[world.kind == M2M].tolist()) == {HABITS.index("meter")}


def test_accounts_hold_one_class(world: World) -> None:
    """A family, a firm or a fleet."""
    for account in range(world.accounts):
        assert len(set(world.kind[world.account == account].tolist())) == 1


def test_plants_get_ordinary_people(world: World) -> None:
    """Without a habit, at home, here from the first day."""
    people = world.ordinary(PREPAID, POSTPAID)
    assert len(people) > 1000
    assert not world.is_roaming(people, np.full(len(people), START + DAY)).any()
    assert (world.habit[people] == 0).all()


def test_a_week_weighs_seven_days() -> None:
    """Day and night, work and weekend only shift what people do."""
    assert np.allclose(RHYTHM.sum(axis=1), 7)
    noon, night = START + DAY // 2, START
    assert (weights(noon) >= weights(night)).all()


def test_chance_is_split_by_purpose() -> None:
    """What one part draws never moves another, and a scattered number is always the same."""
    assert chance(1, "calls").integers(10**9) != chance(1, "texts").integers(10**9)
    assert (scatter(np.arange(50), 1, 1000) == scatter(np.arange(50), 1, 1000)).all()
