"""Payment risk: each card payment gets a score, and the day's budget of alerts goes to the worst cards."""

from datetime import timedelta

from detectors.language import Feature, Label, Model, count, sum
from tollwatch.events import Payment

PANES = {1: 4, 7: 7, 30: 30}  # of 6, 24 and 24 hours: seven days of delay are whole panes of each
SCORED = "kind in ('payment', 'recharge') and hop = 'gateway' and state in ('authorised', 'settled')"


class PaymentRisk(Model, frozen=True):
    """Score every card payment that went through; alert on the cards that would fill `per_day`, not on a threshold.

    A card is judged by how often and how much it pays, a terminal by its share of payments found to be fraud. Verdicts
    come about `verdict_delay` after the payment, so the payments they are divided by are counted as much later. Without
    a verdict or chargeback a payment counts as genuine after the label horizon. Before both kinds were learnt no alert
    is given.

    >>> sorted({feature.by for feature in PaymentRisk().features().values()})
    ['card_fingerprint', 'terminal_id']
    """

    reads = Payment
    by = "card_fingerprint"
    model = "payment_risk"
    fraud_type = "credit-card-not-present-transactions"
    runbook = "Hold the card's open payments, ask the holder, and give a verdict: the model learns from it."

    columns = (
        "event_id",
        "event_time",
        "payment_id",
        "kind",
        "state",
        "hop",
        "external_reference",
        "account_id",
        "subscriber_id",
        "amount_micros",
        "currency",
        "card_fingerprint",
        "terminal_id",
    )
    known_by = "payment_id"
    amount = "amount_micros"

    verdict_delay: timedelta = timedelta(days=7)

    def scored(self) -> str:
        """Which payments get a score."""
        return SCORED

    def labels(self) -> tuple[Label, ...]:
        """Verdicts of analysts, and chargebacks of the card's holder."""
        return (
            Label(
                stream="verdicts",
                where="verdict = 'fraud'",
                refers_to=("refers_to",),
                fraud=True,
                delay=self.verdict_delay,
            ),
            Label(
                stream="verdicts",
                where="verdict = 'false_alarm'",
                refers_to=("refers_to",),
                fraud=False,
                delay=self.verdict_delay,
            ),
            Label(
                stream="payments",
                where="kind = 'chargeback' and state <> 'failed'",
                refers_to=("payment_id", "external_reference"),
                fraud=True,
                delay=timedelta(days=30),
            ),
        )

    def features(self) -> dict[str, Feature]:
        """Counts and sums of the card, counts and frauds of the terminal, over 1, 7 and 30 days."""
        found: dict[str, Feature] = {}
        for days, panes in PANES.items():
            over = timedelta(days=days)
            card = {"over": over, "panes": panes, "where": SCORED, "by": "card_fingerprint"}
            terminal = {"over": over, "panes": panes, "by": "terminal_id"}
            found |= {
                f"card_count_{days}d": count(**card),  # type: ignore[arg-type]
                f"card_micros_{days}d": sum("amount_micros", **card),  # type: ignore[arg-type]
                f"terminal_count_{days}d": count(**terminal, where=SCORED, delayed=self.verdict_delay),  # type: ignore[arg-type]
                f"terminal_frauds_{days}d": count(**terminal, of="verdicts", where="verdict = 'fraud'"),  # type: ignore[arg-type]
            }
        return found
