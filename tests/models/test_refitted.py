"""A model that is fitted anew: when it is, when that comes into force, and what happens where it fails."""

import numpy as np
import pytest

from models.contract import Numbers
from models.payment_risk import PaymentRisk
from models.trees import Trees

HOUR = 3_600_000
DAY = 24 * HOUR


class Counting(PaymentRisk):
    """Counts its fits; the third one fails."""

    fits = 0

    def fit(self, inputs: Numbers, labels: Numbers) -> Trees:
        """As its parent, but for the third time."""
        self.fits += 1
        if self.fits == 3:
            raise ZeroDivisionError("no fit")
        return super().fit(inputs, labels)


def learn(model: PaymentRisk, number: int, *, of: float = 0.0) -> None:
    """Genuine examples and frauds; frauds are larger."""
    rng = np.random.default_rng(number)
    for n in range(number):
        fraud = n % 4 == 0
        model.learn_one(dict.fromkeys(model.inputs, float(rng.random() + 5 * fraud + of)), fraud)


def test_it_is_fitted_when_examples_grew_or_a_day_began() -> None:
    """Not every hour, and not on the same examples twice; what was fitted is in force an hour of event time later."""
    model = Counting(keep=1.0)
    model.settle(0)
    assert model.fits == 0, "nothing was learnt"
    learn(model, 40)
    model.settle(HOUR)
    assert not model.ready(), "fitted, but not in force"
    model.settle(2 * HOUR)
    assert (model.fits, model.ready()) == (1, True)
    learn(model, 4)
    model.settle(3 * HOUR)
    assert model.fits == 1, "a tenth more is not enough within the day"
    model.settle(DAY)
    model.settle(DAY + HOUR)
    assert model.fits == 2
    model.settle(2 * DAY)
    assert model.fits == 2, "nothing new was learnt since"


def test_a_fit_that_fails_leaves_the_trees_before(caplog: pytest.LogCaptureFixture) -> None:
    """The line goes on with what it had, and the log says so."""
    model = Counting(keep=1.0)
    for day in range(3):
        learn(model, 40, of=day)
        model.settle(day * DAY)
        model.settle(day * DAY + HOUR)
        if day == 1:
            before = model.score_many(np.ones((3, len(model.inputs)))).tolist()
    assert model.fits == 3
    assert model.score_many(np.ones((3, len(model.inputs)))).tolist() == before
    assert "could not be fitted" in caplog.text


def test_scores_are_chances_among_all_and_not_among_those_that_are_kept() -> None:
    """One in five of the rows that look alike is fraud: about .2, though only a tenth of the genuine is kept."""
    model = PaymentRisk(keep=0.1)
    for n in range(20_000):
        model.learn_one({"amount": 1.0 + n % 3}, n % 5 == 0)
    model.settle(0)
    model.settle(HOUR)
    assert model.score_one({"amount": 1.0}) == pytest.approx(0.2, abs=0.02)
