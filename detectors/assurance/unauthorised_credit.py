"""Credits that nobody may give by himself."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

GIVEN = """
SELECT b.*, ifNull(a.most, 50000000) AS most FROM {billed} AS b
LEFT JOIN (SELECT id, max(limit_micros) AS most FROM {reference} WHERE entity = 'agent' GROUP BY id) AS a
ON b.agent_id = a.id
WHERE b.kind = 'credit' AND b.agent_id IS NOT NULL
"""


class UnauthorisedCredit(Control, frozen=True):
    """Find credits on bills beyond what their agent may give, that nobody agreed to, or that have no ticket.

    An agent of whom the operator has said nothing may give 50 units of a currency.

    >>> UnauthorisedCredit().breaks()[0].kind
    'beyond the limit'
    """

    number = 24
    area = "customer"
    subject_kind = "account"
    weight = 3
    sides: ClassVar[dict[str, Side]] = {
        "credit": Side(
            stream="billed",
            rows=GIVEN,
            where="approved_by IS NULL AND -amount_micros > most OR ticket_id IS NULL AND corrects_line_id IS NULL",
            subject="account_id",
            money="-amount_micros",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
            unit="concat('credit:', account_id, ':', toString(abs(amount_micros)))",
            values={"beyond": "-amount_micros > most"},
        )
    }
    needs = ("billed",)
    runbook = "Ask the agent for the reason and a ticket; take the credit back where there is none."

    def breaks(self) -> list[Break]:
        """Too much, or for nothing."""
        return [
            Break(
                kind="beyond the limit",
                when="credit.beyond = 1",
                amount="credit.money",
                claims="credit",
                cause="Credited by {credit.agent_id}.",
                correction="Have it agreed, or take {amount} back.",
            ),
            Break(
                kind="without a ticket",
                when="credit.records > 0",
                amount="credit.money",
                claims="credit",
                cause="Credited by {credit.agent_id}.",
                correction="Have it agreed, or take {amount} back.",
            ),
        ]
