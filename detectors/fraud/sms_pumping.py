"""Artificially inflated traffic: a machine asks for one-time passwords to numbers that pay for every message."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct
from tollwatch.events import Outcome, Usage


class SmsPumping(Detector, frozen=True):
    """Alert when an application's messages go to many numbers and hardly any one-time password is entered.

    Both are seen `wait` later, so that a code has had its time. A campaign has no codes at all: it is not judged until
    the sender has had some verified in the last `past`. Thresholds: a conversion below a fifth of the usual (catalogue
    row 18), on 100 messages, after GOV.UK Notify's cap of 100 international messages a day.

    >>> SmsPumping(warn_sent=300).conditions()["warning"].startswith("sent >= 300 and ")
    True
    """

    reads = (Usage, Outcome)
    by = "calling_number"
    fraud_type = "international-revenue-share-fraud"
    runbook = "Tell the sender, rate-limit its sign-up form, block the ranges; do not pay for the messages."

    window: timedelta = timedelta(hours=1)
    past: timedelta = timedelta(hours=24)
    wait: timedelta = timedelta(minutes=10)
    percent_of_usual: int = 20
    min_past: int = 20
    warn_sent: int = 100
    critical_sent: int = 1000

    def features(self) -> dict[str, Feature]:
        """Messages and codes entered, in this hour and in the day before."""
        sent, entered = "service = 'sms' and origin = 'application'", "kind = 'otp_verified'"
        now = {"over": self.window, "panes": round(self.window / self.wait), "delayed": self.wait}
        day = {"over": self.past, "panes": round(self.past / self.window), "delayed": 2 * self.window}
        return {
            "sent": count(of="usage", where=sent, **now),  # type: ignore[arg-type]
            "entered": count(
                of="outcomes", where=entered, over=self.window + self.wait, panes=round(self.window / self.wait) + 1
            ),
            "past_sent": count(of="usage", where=sent, **day),  # type: ignore[arg-type]
            "past_entered": count(of="outcomes", where=entered, **day),  # type: ignore[arg-type]
            "numbers": distinct("called_number", of="usage", where=sent, over=self.window),
        }

    def conditions(self) -> dict[str, str]:
        """Many messages, a conversion far below the usual."""
        poor = (
            f"past_entered >= {self.min_past} "
            f"and 100 * entered * past_sent < {self.percent_of_usual} * past_entered * sent"
        )
        return {
            "warning": f"sent >= {self.warn_sent} and {poor}",
            "critical": f"sent >= {self.critical_sent} and {poor}",
        }
