"""Slow traffic pumping: a source sends calls to paid-for ranges, as many as it can in 60 minutes."""

from datetime import timedelta
from typing import ClassVar

from detectors.fraud.fast_traffic_pumping import FastTrafficPumping


class SlowTrafficPumping(FastTrafficPumping, frozen=True):
    """Alert when a trunk sends calls to ranges of the `high_risk` list that weigh, by their risk, more than a limit.

    As fast pumping, over an hour, for those who stay below what five minutes show. Thresholds: 60 minutes are
    ClearIP's window for slow pumping, the weights starting points (catalogue row 3).

    >>> SlowTrafficPumping(warn_risk=50).conditions()["warning"]
    'risk >= 50'
    """

    panes: ClassVar[int] = 12
    window: timedelta = timedelta(minutes=60)
    warn_risk: int = 120
    critical_risk: int = 360
