"""When people telephone: a weight for each hour of the week and each class of customer."""

import numpy as np

from replay.simulate.chance import HOUR, Floats

HOME = np.array([1, 0.5, 0.3, 0.2, 0.2, 0.5, 1.5, 3, 4, 4.5, 5, 5.5, 6, 5.5, 5, 5.5, 6, 7, 8, 8, 7, 5.5, 4, 2])
OFFICE = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 1, 4, 9, 11, 11, 10, 6, 8, 10, 10, 9, 6, 3, 1.5, 1, 0.6, 0.3, 0.2])
WEEKEND = {"home": 0.85, "office": 0.12}
FIRST_HOUR_OF_THE_EPOCH = 3 * 24
"""1 January 1970 was a Thursday; the week begins on Monday."""


def _week(day: Floats, weekend: float) -> Floats:
    days = [day * (weekend if n >= 5 else 1.0) for n in range(7)]
    week = np.concatenate(days)
    return np.asarray(week * 7 / week.sum())


RHYTHM = np.array(
    [
        _week(HOME, WEEKEND["home"]),
        _week(HOME, WEEKEND["home"]),
        _week(OFFICE, WEEKEND["office"]),
        np.full(168, 1 / 24),
    ]
)
"""By class (prepaid, postpaid, business, m2m) and hour of the week; a whole day weighs 1 on average."""


def weights(moment: int) -> Floats:
    """The weight of the hour in which a moment lies, for each class, as a share of a day."""
    return np.asarray(RHYTHM[:, (moment // HOUR + FIRST_HOUR_OF_THE_EPOCH) % 168])
