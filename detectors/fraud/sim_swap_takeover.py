"""SIM swap: somebody has a number moved to a SIM of his own, and takes the passwords that come by text."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, since
from tollwatch.events import Order, Usage


class SimSwapTakeover(Detector, frozen=True):
    """Alert when an application's messages come in quick succession to a SIM that was just swapped.

    Who has lost a telephone gets a message or two on the new SIM, not a dozen from several senders. Thresholds: within
    24 hours of the swap (catalogue row 20); CAMARA's SIM Swap looks back 240 hours at most.

    >>> SimSwapTakeover(warn_messages=8).conditions()["warning"]
    'swapped_s is not null and messages >= 8'
    """

    reads = (Usage, Order)
    by = "subscriber_id"
    fraud_type = "account-takeover"
    runbook = "Stop messages and calls of the SIM, call the customer at home, tell the banks whose codes came."

    window: timedelta = timedelta(hours=2)
    after_swap: timedelta = timedelta(hours=24)
    warn_messages: int = 4
    critical_messages: int = 8
    critical_senders: int = 2

    def features(self) -> dict[str, Feature]:
        """Seconds since the swap, messages of applications since, and from how many."""
        coded = "service = 'sms' and record_type = 'terminating' and origin = 'application'"
        return {
            "swapped_s": since(of="orders", over=self.after_swap, where="action = 'sim_swap' and state = 'completed'"),
            "messages": count(of="usage", over=self.window, where=coded),
            "senders": distinct("calling_number", of="usage", over=self.window, where=coded),
        }

    def conditions(self) -> dict[str, str]:
        """Messages after a swap; critical from several senders."""
        swapped = "swapped_s is not null"
        return {
            "warning": f"{swapped} and messages >= {self.warn_messages}",
            "critical": f"{swapped} and messages >= {self.critical_messages} and senders >= {self.critical_senders}",
        }

    def claim(self) -> str:
        """The messages that were read by somebody else."""
        return "messages"
