"""SMS flood: a SIM writes another text to everybody, so that no two of them can be compared."""

from datetime import timedelta

from detectors.language import Detector, Feature, distinct
from tollwatch.events import Usage


class SmsFlood(Detector, frozen=True):
    """Alert when a person's number writes different texts to many different numbers within `window`.

    Spam that names each victim, or a SIM box of messages that delivers other people's, never repeats itself, which is
    what `sms_spam` waits for. A teenager writes different texts to a few friends, a club one text to its members, and
    an application's own traffic is not judged. Thresholds: CTIA's Messaging Principles hold 15 to 60 messages a minute
    and 200 recipients in all for typical of a person; half of those within `window` is not.

    >>> SmsFlood(warn_recipients=200).conditions()["warning"]
    'recipients >= 200 and 100 * texts >= 80 * recipients'
    """

    reads = Usage
    by = "calling_number"
    fraud_type = "spamming"
    runbook = "Look at the SIM's device and its neighbours in the cell; bar sending, and ask a recipient for the text."

    window: timedelta = timedelta(minutes=5)
    different_percent: int = 80
    warn_recipients: int = 100
    critical_recipients: int = 400

    def features(self) -> dict[str, Feature]:
        """People written to, and different texts, by their keyed hash."""
        sent = (
            "service = 'sms' and record_type = 'originating' and content_hash is not null "
            "and coalesce(origin, 'person') = 'person'"
        )
        return {
            "recipients": distinct("called_number", over=self.window, where=sent, panes=5),
            "texts": distinct("content_hash", over=self.window, where=sent, panes=5),
        }

    def conditions(self) -> dict[str, str]:
        """Many people, nearly as many texts."""
        different = f"100 * texts >= {self.different_percent} * recipients"
        return {
            "warning": f"recipients >= {self.warn_recipients} and {different}",
            "critical": f"recipients >= {self.critical_recipients} and {different}",
        }
