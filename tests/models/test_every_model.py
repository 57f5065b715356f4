"""What every model promises, checked on all of them; a new file is covered unasked."""

import math
import random
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import every_model
from models import every_scorer, scorer
from models.contract import Scorer
from tollwatch.errors import ConfigurationError, StoreError, VersionError

MODELS = pytest.mark.parametrize("name", list(every_scorer()))
Features = dict[str, float]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def example(model: Scorer, chance: random.Random) -> tuple[Features, bool]:
    """Inputs, and whether they are fraud: frauds are larger."""
    fraud = chance.random() < 0.3
    return {name: chance.random() * (9.0 if fraud else 1.0) for name in model.inputs}, fraud


def taught(name: str, number: int = 60, seed: int = 1) -> Scorer:
    """A model that has learnt some examples."""
    model, chance = scorer(name), random.Random(seed)
    for _ in range(number):
        model.learn_one(*example(model, chance))
    settle(model, 1)
    return model


def settle(model: Scorer, day: int) -> None:
    """Event time comes to a day, and an hour into it: what is fitted now and then is fitted and in force."""
    model.settle(day * DAY_MS)
    model.settle(day * DAY_MS + HOUR_MS)


def probes(model: Scorer) -> list[Features]:
    """Inputs to be scored."""
    chance = random.Random(99)
    return [example(model, chance)[0] for _ in range(20)]


def scores(model: Scorer, rows: list[Features]) -> list[float]:
    """The score of each."""
    return [model.score_one(row) for row in rows]


@MODELS
def test_saved_in_the_middle_it_goes_on_as_if_it_had_never_stopped(name: str) -> None:
    """The same scores, and after more labels the same again; saved twice it gives the same bytes."""
    whole, chance = taught(name), random.Random(5)
    again = scorer(name)
    again.load(whole.save())
    assert again.save() == whole.save()
    for _ in range(20):
        features, label = example(whole, chance)
        whole.learn_one(features, label)
        again.learn_one(features, label)
    whole.settle(2 * DAY_MS)
    again.settle(2 * DAY_MS)
    fitting = scorer(name)
    fitting.load(again.save())
    for model in (whole, again, fitting):
        model.settle(2 * DAY_MS + HOUR_MS)
    assert scores(fitting, probes(whole)) == scores(whole, probes(whole)), "saved while it was fitted"
    assert scores(again, probes(whole)) == scores(whole, probes(whole))


@MODELS
def test_the_same_calls_give_the_same_scores(name: str) -> None:
    """Two models have no chance of their own that could differ."""
    assert scores(taught(name), probes(scorer(name))) == scores(taught(name), probes(scorer(name)))


@MODELS
def test_the_order_of_a_dictionary_says_nothing(name: str) -> None:
    """Neither in learning nor in scoring."""
    usual, turned, chance = scorer(name), scorer(name), random.Random(3)
    for _ in range(40):
        features, label = example(usual, chance)
        usual.learn_one(features, label)
        turned.learn_one(dict(reversed(features.items())), label)
    settle(usual, 1)
    settle(turned, 1)
    assert [turned.score_one(dict(reversed(row.items()))) for row in probes(usual)] == scores(usual, probes(usual))


@MODELS
def test_unseen_features_are_ignored_and_missing_ones_are_nothing(name: str) -> None:
    """A renamed feature must not end the line, nor leave anything behind in the model."""
    model = taught(name)
    before, row = model.save(), probes(model)[0]
    assert model.score_one(row | {"of_another_model": 1e9}) == model.score_one(row)
    first = next(iter(row))
    assert model.score_one({k: v for k, v in row.items() if k != first}) == model.score_one(row | {first: 0.0})
    assert 0.0 <= model.score_one({}) <= 1.0
    assert model.save() == before, "what is asked changes nothing"


@pytest.mark.parametrize("name", [name for name, kind in every_scorer().items() if kind.needs_labels])
def test_a_model_that_has_learnt_nothing_or_one_kind_is_not_ready(name: str) -> None:
    """It still gives a score; that nobody is accused by it is what `ready` is for."""
    model = scorer(name)
    assert not model.ready()
    features, _ = example(model, random.Random(1))
    enough = max(3, getattr(model, "LEAST_OF_EACH", 1))
    for _ in range(enough):
        model.learn_one(features, False)
    settle(model, 1)
    assert not model.ready()
    assert 0.0 <= model.score_one(features) <= 1.0
    for _ in range(enough):
        model.learn_one(features, True)
    settle(model, 2)
    assert model.ready()


@MODELS
def test_what_is_observed_counts_in_its_order_however_it_is_cut(name: str) -> None:
    """Rows that were scored come in batches of any size; what they teach comes into force when event time settles."""
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(700, len(scorer(name).inputs)))
    whole, cut = scorer(name), scorer(name)
    whole.observe(rows)
    for part in np.array_split(rows, 9):
        before = cut.score_many(rows[:5]).tolist()
        cut.observe(part)
        assert cut.score_many(rows[:5]).tolist() == before
    settle(whole, 1)
    settle(cut, 1)
    assert cut.save() == whole.save()
    assert cut.score_many(rows).tolist() == whole.score_many(rows).tolist()
    assert cut.ready() is not cut.needs_labels


@MODELS
@settings(max_examples=30)
@given(st.data())
def test_scores_are_chances_whatever_is_learnt(name: str, data: st.DataObject) -> None:
    """Absurd amounts, the same label twice: between 0 and 1, never NaN, and every input is explained."""
    model = scorer(name)
    number = st.floats(-1e12, 1e12, allow_nan=False)
    rows = st.fixed_dictionaries(dict.fromkeys(model.inputs, number))
    for row, label in data.draw(st.lists(st.tuples(rows, st.booleans()), max_size=6)):
        model.learn_one(row, label)
        model.learn_one(row, label)
    settle(model, 1)
    row: Mapping[str, float] = data.draw(rows)
    assert 0.0 <= model.score_one(row) <= 1.0
    assert set(model.explain_one(row)) == set(model.inputs)
    assert all(math.isfinite(part) for part in model.explain_one(row).values())


@MODELS
def test_the_strongest_reason_stands_first(name: str) -> None:
    """An analyst reads the first few."""
    model = taught(name)
    parts = [abs(part) for part in model.explain_one(probes(model)[0]).values()]
    assert parts == sorted(parts, reverse=True)


@MODELS
def test_what_another_version_saved_is_refused(name: str) -> None:
    """And what is no state at all."""
    model = scorer(name)
    with pytest.raises((VersionError, StoreError)):
        model.load(b"\x81\xa7version\xcd\x03\xe7")
    with pytest.raises(StoreError):
        model.load(b"no state")


@MODELS
def test_its_identity_is_its_name_its_version_and_what_it_was_made_with(name: str) -> None:
    """Learning changes no identity: the hash says which model it is, not what it knows."""
    fresh, wise = scorer(name).identity(), taught(name).identity()
    assert fresh == wise
    assert (fresh.name, len(fresh.hash)) == (name, 16)


def test_every_declared_model_has_its_scorer() -> None:
    """A scored detector names a file of models/; a name that nobody has is a sentence."""
    assert {kind.model for kind in every_model()} <= every_scorer().keys()
    with pytest.raises(ConfigurationError, match="did you mean `payment_risk`"):
        scorer("payment_rsk")


@MODELS
@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.lists(st.floats(-1e12, 1e12), min_size=3, max_size=3), min_size=1, max_size=40), at=st.data())
def test_many_are_scored_as_one_by_one(name: str, rows: list[list[float]], at: st.DataObject) -> None:
    """The same scores, up to what is written of them; and to the last bit the same however rows are cut."""
    model = taught(name)
    matrix = np.array([(row * len(model.inputs))[: len(model.inputs)] for row in rows])
    cut = at.draw(st.integers(0, len(rows)))
    together = model.score_many(matrix)

    one_by_one = scores(model, [dict(zip(model.inputs, row, strict=True)) for row in matrix.tolist()])
    assert together.tolist() == pytest.approx(one_by_one, abs=1e-12)
    assert [*model.score_many(matrix[:cut]), *model.score_many(matrix[cut:])] == together.tolist()
    assert model.score_many(np.asfortranarray(matrix)).tolist() == together.tolist()
