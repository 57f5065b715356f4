"""Bars that were due and were not carried out: who does not pay is served on."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

SERVED = """
SELECT r.*, r.account_id AS who FROM {rated} AS r
INNER JOIN (
    SELECT account_id AS owes, minIf(event_time, step = 'bar' AND NOT executed) AS due,
        arrayFilter(t -> t > due, groupArrayIf(event_time, step IN ('bar', 'terminate') AND executed)) AS done
    FROM {dunning} GROUP BY account_id HAVING due > 0
) AS d ON r.account_id = d.owes
WHERE r.charge_micros IS NOT NULL AND r.usage_time >= d.due AND (empty(d.done) OR r.usage_time < arrayMin(d.done))
"""


class DunningNotExecuted(Control, frozen=True):
    """Find accounts whose bar was due and not carried out, and what they have used until another step was.

    >>> DunningNotExecuted().breaks()[0].amount
    'usage.money'
    """

    number = 25
    area = "receivables"
    subject_kind = "account"
    weight = 3
    sides: ClassVar[dict[str, Side]] = {
        "step": Side(
            stream="dunning",
            where="step = 'bar' AND NOT executed",
            subject="account_id",
            money="ifNull(amount_micros, 0)",
            values={"due": "event_time"},
        ),
        "usage": Side(
            stream="rated", rows=SERVED, subject="who", money="charge_micros", unit="concat('usage:', refers_to)"
        ),
    }
    news: ClassVar[dict[str, str]] = {
        "rated": "account_id IN (SELECT account_id FROM {dunning} WHERE step = 'bar' AND NOT executed)"
    }
    runbook = "Bar the account now; find out why the order for it never reached the network."

    def breaks(self) -> list[Break]:
        """Served on."""
        served = "step.records > 0 and usage.money > 0"
        return [
            Break(
                kind="served on",
                when=served,
                amount="usage.money",
                claims="usage",
                cause="The bar due for invoice {step.invoice_id} never reached the network.",
                correction="Bar account {account} now.",
            )
        ]
