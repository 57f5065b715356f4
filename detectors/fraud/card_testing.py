"""Card testing: stolen cards are tried out with small payments on one account."""

from datetime import timedelta

from detectors.language import Detector, Feature, distinct, sum
from tollwatch.events import Payment


class CardTesting(Detector, frozen=True):
    """Alert when an account tries several different cards within `window` and more than one of them is declined.

    A family may use three cards and mistype one again and again: it is declined cards that count, not declines. Start
    threshold: three cards an hour (catalogue row 28).

    >>> CardTesting(warn_cards=4).conditions()["warning"]
    'cards >= 4 and declined >= 2'
    """

    reads = Payment
    by = "account_id"
    fraud_type = "credit-card-not-present-transactions"
    runbook = "Hold recharges of the account, refund what settled, and report the cards to the acquirer."

    window: timedelta = timedelta(hours=1)
    warn_cards: int = 3
    critical_cards: int = 6
    min_declined: int = 2

    def features(self) -> dict[str, Feature]:
        """Different cards, those of them that were declined, and what went through."""
        tried = "method = 'card' and kind in ('payment', 'recharge') and hop = 'gateway'"
        return {
            "cards": distinct("card_fingerprint", over=self.window, where=tried),
            "declined": distinct("card_fingerprint", over=self.window, where=f"{tried} and state = 'declined'"),
            "settled_micros": sum("amount_micros", over=self.window, where=f"{tried} and state = 'settled'"),
        }

    def conditions(self) -> dict[str, str]:
        """Cards and declined cards together."""
        return {
            "warning": f"cards >= {self.warn_cards} and declined >= {self.min_declined}",
            "critical": f"cards >= {self.critical_cards} and declined >= {self.min_declined}",
        }

    def amount(self) -> str:
        """What went through will come back as chargebacks."""
        return "settled_micros"
