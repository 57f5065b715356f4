"""What carriers ask for traffic, against what was agreed and what was sent."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.traffic import carried, stated


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
    weight = 4
    by_currency = True
    sides: ClassVar[dict[str, Side]] = carried("out")
    news: ClassVar[dict[str, str]] = stated("interconnect", "usage")
    runbook = "Dispute the statement with the calls and the agreed rate; pay what is not in dispute."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """More than was agreed, or less than was carried."""
        off = "(statement.money - own.money)"
        return [
            Break(
                kind="asked too much",
                when=f"{off} > {self.tolerance_micros}",
                amount=off,
                claims="own",
                cause="Statement {statement.batch_id}.",
                correction="Dispute {amount} with the partner.",
            )
        ]
