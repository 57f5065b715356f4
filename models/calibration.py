"""Calibration: what share of rows with a score turn out to be fraud. Numbers by name, fitted by scikit-learn."""

from typing import Literal

import msgspec
import numpy as np

from models.contract import Numbers
from tollwatch.errors import StoreError

Kind = Literal["none", "isotonic", "platt"]
EDGE = 1e-6


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """From a score to a chance: between points `scores` and `chances` (isotonic), or by `slope` and `offset` (Platt).

    >>> Calibration(kind="platt", slope=1.0, offset=0.0).apply(np.array([0.25])).round(6).tolist()
    [0.25]
    """

    kind: Kind = "none"
    scores: tuple[float, ...] = ()
    chances: tuple[float, ...] = ()
    slope: float = 1.0
    offset: float = 0.0

    def apply(self, scores: Numbers) -> Numbers:
        """The chance for each score; the order of scores stays, up to equal ones."""
        if self.kind == "isotonic":
            return np.interp(scores, self.scores, self.chances)
        if self.kind == "platt":
            return 1.0 / (1.0 + np.exp(-(self.slope * _logit(scores) + self.offset)))
        return scores

    def check(self, *, what: str) -> None:
        """Raise StoreError where its numbers are no calibration."""
        points = (
            np.array([self.scores, self.chances]) if len(self.scores) == len(self.chances) else np.full((2, 1), np.nan)
        )
        rising = bool(np.isfinite(points).all() and (np.diff(points) >= 0).all())
        if (
            not rising
            or (self.kind == "isotonic" and not self.scores)
            or not np.isfinite([self.slope, self.offset]).all()
        ):
            raise StoreError(f"{what}: its calibration does not rise; it is damaged or not of this product: restore it")


def _logit(scores: Numbers) -> Numbers:
    inside = np.clip(scores, EDGE, 1.0 - EDGE)
    return np.log(inside / (1.0 - inside))


def calibrated(kind: Kind, scores: Numbers, labels: Numbers) -> Calibration:
    """Fit a calibration on rows that the model has not learnt (Platt 1999; Zadrozny and Elkan 2002).

    Where the rows are of one class there is nothing to fit, and scores stay as they are.
    """
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415  (it takes a second, and only fitting needs it)
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    if kind == "none" or len(np.unique(labels)) < 2:
        return Calibration()
    if kind == "isotonic":
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, labels)
        return Calibration(
            kind=kind, scores=tuple(fitted.X_thresholds_.tolist()), chances=tuple(fitted.y_thresholds_.tolist())
        )
    line = LogisticRegression(C=1e6).fit(_logit(scores).reshape(-1, 1), labels)
    return Calibration(kind=kind, slope=float(line.coef_[0, 0]), offset=float(line.intercept_[0]))


def expected_error(scores: Numbers, labels: Numbers, bins: int = 10) -> float:
    """Expected calibration error over bins of equally many rows (Naeini, Cooper and Hauskrecht 2015).

    >>> expected_error(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0, 1, 1, 0]), bins=2)
    0.0
    """
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(
        sum(abs(scores[part].mean() - labels[part].mean()) * len(part) for part in parts) / max(len(scores), 1)
    )
