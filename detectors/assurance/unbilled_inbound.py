"""Traffic that came from partners and stands on no statement of ours."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import CALLS, in_statements, priced

OWN = in_statements(priced(CALLS), "interconnect")


class UnbilledInbound(Control, frozen=True):
    """Find routes and prefixes for which we ask a partner for less, in a period, than our own records make of them.

    Each call is priced here at the rate that is agreed for the longest prefix of its number; a period is judged once it
    has statements.

    >>> UnbilledInbound().breaks()[0].kind
    'not billed'
    """

    number = 27
    area = "partner"
    subject_kind = "route"
    by_currency = True
    sides: ClassVar[dict[str, Side]] = {
        "statement": Side(
            stream="settled",
            where="kind = 'interconnect' AND direction = 'in'",
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
            where="direction = 'in'",
            subject="concat(route, ':', prefix)",
            money="micros",
            currency="rate_currency",
            slot="period_start",
            slot_end="period_end",
            account="''",
        ),
    }
    runbook = "Bill the partner for what is missing; find the trunk that nobody counts."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """More than was agreed, or less than was carried."""
        off = "(own.money - statement.money)"
        return [Break(kind="not billed", when=f"{off} > {self.tolerance_micros}", amount=off, claims="own")]
