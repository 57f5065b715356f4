"""PBX hacking: a company's exchange telephones abroad at night, when nobody is there."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, sum
from tollwatch.events import Usage


class PbxHacking(Detector, frozen=True):
    """Alert when a trunk spends at night on calls abroad, many times more than in the nights before.

    Night is `night_from_h` to `night_until_h` of local time (`utc_offset_min`; UTC where a record does not say). A
    hotel that calls abroad every night has a past, and alerts only beyond `times_usual` of its own dearest window.
    Thresholds: 60 minutes are ClearIP's window, 50 of the currency the starting point of catalogue row 5; the factor
    stands for its four deviations, which need hours that are mostly empty at night.

    >>> PbxHacking(times_usual=6).conditions()["warning"]
    'night_micros >= 50000000 and night_micros >= 6 * usual_micros'
    """

    reads = Usage
    by = "trunk_in"
    fraud_type = "pbx-hacking"
    runbook = "Bar international calls of the trunk until morning, call the customer's emergency contact."

    window: timedelta = timedelta(hours=1)
    past: timedelta = timedelta(days=7)
    home_prefix: str = "990"
    night_from_h: int = 20
    night_until_h: int = 6
    times_usual: int = 4
    warn_micros: int = 50_000_000
    critical_micros: int = 250_000_000

    def features(self) -> dict[str, Feature]:
        """Money and calls of this hour's night, and the money of the week before."""
        minute = "(start_time + coalesce(utc_offset_min, 0) * 60000) % 86400000"
        night = (
            "service = 'voice' and record_type = 'originating' and duration_s > 0 "
            f"and not starts_with(called_number, '{self.home_prefix}') "
            f"and ({minute} >= {self.night_from_h} * 3600000 or {minute} < {self.night_until_h} * 3600000)"
        )
        return {
            "night_micros": sum("charge_micros", over=self.window, where=night),
            "calls": count(over=self.window, where=night),
            "usual_micros": sum(
                "charge_micros",
                over=self.past,
                where=night,
                delayed=timedelta(hours=6),
                panes=int(self.past / timedelta(hours=6)),
            ),
        }

    def conditions(self) -> dict[str, str]:
        """Money now, and far more than in a week of nights."""
        usual = f"night_micros >= {self.times_usual} * usual_micros"
        return {
            "warning": f"night_micros >= {self.warn_micros} and {usual}",
            "critical": f"night_micros >= {self.critical_micros} and {usual}",
        }

    def quiet_period(self) -> timedelta:
        """A day without a hit ends it, however long the windows are."""
        return timedelta(days=1)

    def claim(self) -> str:
        """The calls of the night."""
        return "calls"

    def amount(self) -> str:
        """The customer will not pay for these calls."""
        return "night_micros"
