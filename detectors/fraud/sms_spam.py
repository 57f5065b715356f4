"""SMS spam: one text to everybody, by a SIM or by a route that was not made for it."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct
from tollwatch.events import Usage


class SmsSpam(Detector, frozen=True):
    """Alert when a sender writes nearly the same text to many people within `window`, faster than it usually writes.

    A teenager writes as many messages, all different; a club writes to its members once. Texts compare by their keyed
    hash; a message without one is not judged. Thresholds: a five-minute rate above 180 % of the day's mean is
    RestComm's (issue 302, catalogue row 19), the numbers are starting points.

    >>> SmsSpam(warn_recipients=100).conditions()["warning"]
    'recipients >= 100 and texts >= 1 and recipients >= 10 * texts and 100 * burst * 288 >= 180 * day'
    """

    reads = Usage
    by = "calling_number"
    fraud_type = "spamming"
    runbook = "Read one of the texts with the customer's consent or from a complaint; bar sending, look at other SIMs."

    window: timedelta = timedelta(hours=1)
    recipients_per_text: int = 10
    rate_percent: int = 180
    warn_recipients: int = 50
    critical_recipients: int = 500

    def features(self) -> dict[str, Feature]:
        """People written to, different texts, messages of five minutes and of a day."""
        sent = "service = 'sms' and record_type = 'originating' and content_hash is not null"
        return {
            "recipients": distinct("called_number", over=self.window, where=sent),
            "texts": distinct("content_hash", over=self.window, where=sent),
            "burst": count(over=timedelta(minutes=5), where=sent, panes=5),
            "day": count(over=timedelta(hours=24), where=sent, panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """Many people, few texts, fast."""
        signs = (
            f"texts >= 1 and recipients >= {self.recipients_per_text} * texts "
            f"and 100 * burst * 288 >= {self.rate_percent} * day"
        )
        return {
            "warning": f"recipients >= {self.warn_recipients} and {signs}",
            "critical": f"recipients >= {self.critical_recipients} and {signs}",
        }
