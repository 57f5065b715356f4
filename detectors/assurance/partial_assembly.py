"""Long calls of which a part is missing: the record is shorter than the call was."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import KEYS, REACHED, rerated

LASTED = "intDiv(event_time - ifNull(answer_time, event_time), 1000)"
SHORT = f"service = 'voice' AND session_id IS NOT NULL AND {LASTED} - ifNull(duration_s, 0) > 2"


class PartialAssembly(Control, frozen=True):
    """Find calls put together from parts that were charged for fewer seconds than lie between answer and end.

    The loss is what the whole call costs by the price list, less what was charged.

    >>> PartialAssembly().breaks()[0].kind
    'part missing'
    """

    number = 7
    area = "network and usage"
    subject_kind = "event"
    weight = 2
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = {
        "short": Side(stream="usage", where=SHORT, values={"lost_s": f"{LASTED} - ifNull(duration_s, 0)"}),
        "call": Side(
            stream="usage", rows=rerated(SHORT, units=LASTED), money="micros", units="used", currency="list_currency"
        ),
        "rating": Side(stream="rated", subject="refers_to", money="ifNull(charge_micros, 0)"),
    }
    needs = ("usage", "rated")
    keys = KEYS
    reached = REACHED
    runbook = "Ask for the part at the switch; charge what is missing."

    tolerance_s: int = 5

    def breaks(self) -> list[Break]:
        """Shorter than it was."""
        short = f"short.lost_s > {self.tolerance_s} and call.records > 0 and rating.records > 0"
        return [
            Break(
                kind="part missing",
                when=f"{short} and call.money > rating.money",
                amount="call.money - rating.money",
                claims="short",
                cause="A part of call {short.session_id} is missing.",
                correction="Charge {amount} more to account {account}.",
            )
        ]
