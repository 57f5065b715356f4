"""Payment risk as a straight line that learns from each label: the first champion, a challenger since."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from river.linear_model import LogisticRegression
from river.optim import SGD
from river.preprocessing import StandardScaler
from river.utils.math import sigmoid

from models.contract import Numbers
from models.payment_view import PaymentView
from tollwatch.saved import decode_saved

VERSION = 2
FARTHEST = 20.0  # standard deviations: one absurd amount must not throw the weights away


class _State(msgspec.Struct, frozen=True):
    """What is saved: weights, steps taken, the scaler's moments, labels seen."""

    version: int
    weights: dict[str, float]
    intercept: float
    steps: int
    counts: dict[str, int]
    means: dict[str, float]
    variances: dict[str, float]
    frauds: int
    genuine: int


class PaymentRiskLine(PaymentView):
    """River's StandardScaler and LogisticRegression over windows of the card and of the terminal.

    >>> model = PaymentRiskLine()
    >>> usual, odd = dict.fromkeys(model.inputs, 1.0), dict.fromkeys(model.inputs, 1.0) | {"amount": 900.0}
    >>> for _ in range(20):
    ...     model.learn_one(usual, False)
    ...     model.learn_one(odd, True)
    >>> model.score_one(odd) > model.score_one(usual)
    True
    >>> next(iter(model.explain_one(odd)))
    'amount'
    """

    name = "payment_risk_line"
    version = 1

    def __init__(self, rate: float = 0.003) -> None:
        self.rate = rate
        self.scaler: Any = StandardScaler()
        self.regression: Any = LogisticRegression(optimizer=SGD(rate))
        self.frauds = self.genuine = 0

    def parameters(self) -> dict[str, float | int | str]:
        """The rate of learning."""
        return {"rate": self.rate}

    def _scaled(self, features: Mapping[str, float]) -> dict[str, float]:
        scaled: dict[str, float] = self.scaler.transform_one(features)
        for name, value in scaled.items():
            if not -FARTHEST <= value <= FARTHEST:
                scaled[name] = FARTHEST if value > 0 else -FARTHEST
        return scaled

    def learn_one(self, features: Mapping[str, float], label: bool, weight: float = 1.0) -> None:  # noqa: FBT001
        """Learn what a payment turned out to be."""
        known = self.known(features)
        self.frauds += label
        self.genuine += not label
        self.scaler.learn_one(known)
        self.regression.learn_one(self._scaled(known), label, w=weight)

    def score_one(self, features: Mapping[str, float]) -> float:
        """How likely the payment is fraud."""
        return float(self.regression.predict_proba_one(self._scaled(self.known(features)))[True])

    def score_many(self, inputs: Numbers) -> Numbers:
        """What `score_one` says of each row, up to the last digits.

        Sums go from left to right: a matrix product (River's own `predict_proba_many`) adds up in an order that depends
        on how many rows there are.
        """
        weights, scaler = self.regression.weights, self.scaler
        variances = np.array([scaler.vars.get(name, 0.0) for name in self.inputs])
        means = np.array([scaler.means.get(name, 0.0) for name in self.inputs])
        with np.errstate(all="ignore"):
            scaled = np.where(variances != 0.0, (inputs - means) / np.sqrt(variances), 0.0)
        inside = (scaled >= -FARTHEST) & (scaled <= FARTHEST)
        scaled = np.where(inside, scaled, np.where(scaled > 0, FARTHEST, -FARTHEST))
        parts = scaled * np.array([weights.get(name, 0.0) for name in self.inputs])
        sums = np.cumsum(parts, axis=1)[:, -1] + self.regression.intercept
        return np.fromiter(map(sigmoid, sums.tolist()), np.float64, len(sums))

    def explain_one(self, features: Mapping[str, float]) -> dict[str, float]:
        """Weight times scaled value of each input, the strongest first."""
        weights = self.regression.weights
        parts = {name: weights.get(name, 0.0) * value for name, value in self._scaled(self.known(features)).items()}
        return dict(sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0])))

    def ready(self) -> bool:
        """Both kinds were seen."""
        return self.frauds > 0 and self.genuine > 0

    def save(self) -> bytes:
        """All numbers, by name."""
        scaler, regression = self.scaler, self.regression
        return msgspec.msgpack.encode(
            _State(
                VERSION,
                dict(regression.weights),
                regression.intercept,
                regression.optimizer.n_iterations,
                dict(scaler.counts),
                dict(scaler.means),
                dict(scaler.vars),
                self.frauds,
                self.genuine,
            ),
            order="sorted",
        )

    def load(self, state: bytes) -> None:
        """Take up the numbers."""
        saved = decode_saved(state, _State, VERSION, what=self.name)
        self.frauds, self.genuine = saved.frauds, saved.genuine
        self.regression.intercept = saved.intercept
        self.regression.optimizer.n_iterations = saved.steps
        for name in self.inputs:
            if name in saved.counts:
                self.scaler.counts[name] = saved.counts[name]
                self.scaler.means[name] = saved.means[name]
                self.scaler.vars[name] = saved.variances[name]
            if name in saved.weights:
                self.regression._weights[name] = saved.weights[name]  # noqa: SLF001 (River gives no other way)
