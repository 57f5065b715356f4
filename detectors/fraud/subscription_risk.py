"""Subscription risk: how likely an order comes from somebody who will never pay, by what became of those before it."""

from datetime import timedelta
from functools import partial

from detectors.language import Feature, Label, Model, count, distinct, since, verdicts_on
from tollwatch.events import Order

SCORED = "action in ('add', 'port_in', 'device_sale') and state = 'acknowledged'"
MONTH = timedelta(days=30)


class SubscriptionRisk(Model, frozen=True):
    """Score orders when they are taken, by trees fitted on the verdicts about accounts until then.

    The rule `subscription_fraud` sees one document that opens account after account. Who forges a new one each time is
    seen by what orders have in common: a card that opens several accounts, a telephone within the hour, at night, on
    the web. Thresholds: an account on which nobody gave a verdict within `unpaid_after` has paid its first bill and
    counts as genuine (catalogue row 22; first-party fraud shows with the first unpaid bill, about 45 days on).

    >>> SubscriptionRisk().genuine_after().days
    45
    """

    reads = Order
    by = "account_id"
    model = "subscription_risk"
    fraud_type = "subscription-fraud"
    runbook = "Hold the device, see the document and the card, ask for a deposit; give a verdict on the account."

    columns = (
        "event_id",
        "event_time",
        "order_id",
        "action",
        "state",
        "account_id",
        "subscriber_id",
        "product_offering_id",
        "channel",
        "dealer_id",
        "identity_fingerprint",
        "card_fingerprint",
    )
    known_by = "account_id"

    per_day: int = 5
    critical_per_day: int = 1
    at_least: float = 0.5
    unpaid_after: timedelta = timedelta(days=45)

    def scored(self) -> str:
        """Orders that give somebody a service or a device."""
        return SCORED

    def genuine_after(self) -> timedelta:
        """When a first bill would have been found unpaid."""
        return self.unpaid_after

    def labels(self) -> tuple[Label, ...]:
        """Verdicts on an alert, on an order, or on the account."""
        return verdicts_on(type(self).by, delay=MONTH)

    def features(self) -> dict[str, Feature]:
        """What the account, the card, the document and the dealer have ordered."""
        opened = "action in ('add', 'port_in') and state = 'acknowledged'"
        of_account = partial(count, over=timedelta(days=1), panes=24, by="account_id")
        accounts = partial(distinct, "account_id", over=MONTH, panes=30, where=SCORED)
        return {
            "account_orders_1d": of_account(where=SCORED),
            "account_devices_1d": of_account(where="action = 'device_sale' and state = 'acknowledged'"),
            "opened_s": since(over=timedelta(days=60), where=opened, by="account_id"),
            "card_accounts_30d": accounts(by="card_fingerprint"),
            "document_accounts_30d": accounts(by="identity_fingerprint"),
            "dealer_orders_30d": count(over=MONTH, panes=30, where=SCORED, by="dealer_id"),
        }
