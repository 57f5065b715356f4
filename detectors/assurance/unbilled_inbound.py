"""Traffic that came from partners and stands on no statement of ours."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.traffic import carried, stated


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
    weight = 4
    by_currency = True
    sides: ClassVar[dict[str, Side]] = carried("in")
    news: ClassVar[dict[str, str]] = stated("interconnect", "usage")
    runbook = "Bill the partner for what is missing; find the trunk that nobody counts."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """More than was agreed, or less than was carried."""
        off = "(own.money - statement.money)"
        return [
            Break(
                kind="not billed",
                when=f"{off} > {self.tolerance_micros}",
                amount=off,
                claims="own",
                cause="Route {own.trunk_in} is not, or not wholly, on the statements.",
                correction="Bill {amount} to the partner.",
            )
        ]
