"""Call forwarding fraud: a number is forwarded abroad, and then called by everybody who is in on it."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, since, sum
from tollwatch.events import Signalling, Usage


class CallForwardingFraud(Detector, frozen=True):
    """Alert when calls are forwarded abroad soon after forwarding abroad was set.

    Forwarding to another number at home is left out, and so is who has set it long ago. Threshold: a burst within an
    hour of the change (catalogue row 21).

    >>> CallForwardingFraud(warn_calls=5).conditions()["warning"]
    'set_s is not null and forwarded >= 5'
    """

    reads = (Usage, Signalling)
    by = "subscriber_id"
    fraud_type = "call-forwarding-fraud"
    runbook = "Take the forwarding out, ask the customer who set it; where an agent did, ask the agent."

    window: timedelta = timedelta(hours=1)
    home_prefix: str = "990"
    warn_calls: int = 3
    critical_calls: int = 10

    def features(self) -> dict[str, Feature]:
        """Seconds since it was set, calls forwarded abroad, their money."""
        abroad = (
            f"service = 'voice' and record_type = 'forwarded' and not starts_with(called_number, '{self.home_prefix}')"
        )
        return {
            "set_s": since(
                of="signalling",
                over=self.window,
                where=f"kind = 'call_forwarding' and not starts_with(value, '{self.home_prefix}')",
            ),
            "forwarded": count(of="usage", over=self.window, where=abroad),
            "charge_micros": sum("charge_micros", of="usage", over=self.window, where=abroad),
        }

    def conditions(self) -> dict[str, str]:
        """Set a moment ago, used already."""
        return {
            "warning": f"set_s is not null and forwarded >= {self.warn_calls}",
            "critical": f"set_s is not null and forwarded >= {self.critical_calls}",
        }

    def claim(self) -> str:
        """The forwarded calls."""
        return "forwarded"

    def amount(self) -> str:
        """What they were charged at."""
        return "charge_micros"
