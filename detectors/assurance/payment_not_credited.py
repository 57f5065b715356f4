"""Payments that one hop has and another has not: taken and not credited, or credited and never taken."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

SETTLED = "state = 'settled' AND kind IN ('payment', 'recharge')"
FIRST = "SELECT min(event_time) FROM {all_payments} WHERE hop != 'gateway'"
GATEWAY = "SELECT * FROM {payments} WHERE hop = 'gateway' AND event_time >= (" + FIRST + ")"


class PaymentNotCredited(Control, frozen=True):
    """Find payments that the gateway or the ledger has and the account has not `within_s` seconds later, and others.

    A payment that is not credited is below zero: the customer has paid for nothing. Payments from before the ledger
    and the accounts were read are not judged.

    >>> [each.kind for each in PaymentNotCredited().breaks()]
    ['not credited', 'not in the ledger', 'credited, never taken']
    """

    number = 23
    area = "receivables"
    subject_kind = "payment"
    weight = 4
    unit = "payment"
    sides: ClassVar[dict[str, Side]] = {
        "gateway": Side(stream="payments", rows=GATEWAY, where=SETTLED, subject="payment_id", money="amount_micros"),
        "ledger": Side(
            stream="payments", where=f"hop = 'ledger' AND {SETTLED}", subject="payment_id", money="amount_micros"
        ),
        "account": Side(
            stream="payments", where=f"hop = 'account' AND {SETTLED}", subject="payment_id", money="amount_micros"
        ),
    }
    keys: ClassVar[dict[str, str]] = {"payments": "payment_id"}
    same = FIRST
    runbook = "Credit the payment with a ticket, or take it back; find out which interface lost it."

    within_s: int = 3600

    def waits_s(self) -> int:
        """As long as it is not too late."""
        return self.within_s

    def breaks(self) -> list[Break]:
        """Missing at a hop, or too much at one."""
        late = f"as_of - gateway.first_at >= {self.within_s * 1000}"
        both = "gateway.records > 0 and ledger.records > 0"
        return [
            Break(
                kind="not credited",
                when=f"{both} and {late} and account.money < gateway.money",
                amount="account.money - gateway.money",
                claims="gateway",
                cause="Between ledger and account.",
                correction="Credit {amount} to account {account}.",
            ),
            Break(
                kind="not in the ledger",
                when=f"gateway.records > 0 and {late} and ledger.money < gateway.money",
                amount="ledger.money - gateway.money",
                claims="gateway",
                cause="Between gateway and ledger.",
                correction="Enter payment {subject} in the ledger: {amount}.",
            ),
            Break(
                kind="credited, never taken",
                when="gateway.records = 0 and ledger.records = 0 and account.records > 0",
                amount="account.money",
                claims="account",
                cause="No gateway has taken it.",
                correction="Take {amount} from account {account} again.",
            ),
        ]
