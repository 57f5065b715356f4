"""What carriers ask for traffic, against what was agreed and what was sent."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import CALLS, in_statements, priced

OWN = in_statements(priced(CALLS), "interconnect")


class InterconnectOvercharge(Control, frozen=True):
    """Find routes and prefixes for which a partner asks for more, in a period, than our own records make of them.

    Each call is priced here at the rate that is agreed for the longest prefix of its number; a period is judged once it
    has statements.

    >>> InterconnectOvercharge().breaks()[0].kind
    'asked too much'
    """

    number = 26
    area = "partner"
    subject_kind = "route"
    by_currency = True
    sides: ClassVar[dict[str, Side]] = {
        "statement": Side(
            stream="settled",
            where="kind = 'interconnect' AND direction = 'out'",
            subject="concat(ifNull(route, ''), ':', ifNull(prefix, ''))",
            money="amount_micros",
            units="ifNull(units, 0)",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
            account="''",
        ),
        "own": Side(
            stream="usage",
            rows=OWN,
            where="direction = 'out'",
            subject="concat(route, ':', prefix)",
            money="micros",
            currency="rate_currency",
            slot="period_start",
            slot_end="period_end",
            account="''",
        ),
    }
    runbook = "Dispute the statement with the calls and the agreed rate; pay what is not in dispute."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """More than was agreed, or less than was carried."""
        off = "(statement.money - own.money)"
        return [Break(kind="asked too much", when=f"{off} > {self.tolerance_micros}", amount=off, claims="own")]
