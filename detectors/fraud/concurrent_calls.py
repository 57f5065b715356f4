"""Call selling: one number carries several calls at once."""

from datetime import timedelta

from detectors.language import Detector, Feature, concurrent
from tollwatch.events import Usage


class ConcurrentCalls(Detector, frozen=True):
    """Alert when at least `warn_at` answered calls of one number run at the same moment.

    Call waiting and a conference hold two or three. A start whose end never comes is forgotten after `longest`; an end
    closes its start even if nobody had answered. Calls that came in over a trunk are left out: a business carries many
    by right. Start threshold: four (catalogue row 6).

    >>> ConcurrentCalls(warn_at=5).conditions()["warning"]
    'calls >= 5'
    """

    reads = Usage
    by = "calling_number"
    fraud_type = "call-conference"
    runbook = "Look where the calls go and whether the IMEI is a gateway; bar outgoing calls if they are sold on."

    longest: timedelta = timedelta(hours=4)
    warn_at: int = 4
    critical_at: int = 6

    def features(self) -> dict[str, Feature]:
        """Calls at once, at most 16 remembered."""
        calls = (
            "record_type = 'originating' and service = 'voice' and trunk_in is null "
            "and (duration_s > 0 or phase = 'start' or (phase = 'stop' and session_id is not null))"
        )
        return {"calls": concurrent(over=self.longest, where=calls, slots=16)}

    def conditions(self) -> dict[str, str]:
        """Two levels of the same number."""
        return {"warning": f"calls >= {self.warn_at}", "critical": f"calls >= {self.critical_at}"}

    def quiet_period(self) -> timedelta:
        """A seller pauses; an hour without is another campaign."""
        return timedelta(hours=1)
