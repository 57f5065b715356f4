"""HLR manipulation: a service is switched on in the network, and nobody has ordered it."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, since
from tollwatch.events import Order, Signalling


class HlrManipulation(Detector, frozen=True):
    """Alert when a subscriber's services or barrings change in the network without an order in the days before.

    An order for a SIM or a device switches nothing on and excuses nothing; an order must have come before the change.
    What the network does by itself names no agent and is left out. Threshold: any (catalogue row 30).

    >>> HlrManipulation(warn_changes=2).conditions()["warning"]
    'changes >= 2 and ordered_s is null'
    """

    reads = (Signalling, Order)
    by = "subscriber_id"
    fraud_type = "hlr-tampering"
    runbook = "Undo the change, find the session that made it, tell security: the agent's account may be stolen."

    window: timedelta = timedelta(hours=24)
    ordered_within: timedelta = timedelta(days=1)
    warn_changes: int = 1
    critical_changes: int = 3

    def features(self) -> dict[str, Feature]:
        """Changes by hand, and seconds since any order."""
        by_hand = "kind in ('service_change', 'barring') and agent_id is not null"
        ordered = (
            "action in ('add', 'modify', 'delete', 'port_in', 'port_out') "
            "and state in ('acknowledged', 'in_progress', 'completed')"
        )
        return {
            "changes": count(of="signalling", over=self.window, where=by_hand, panes=24),
            "ordered_s": since(of="orders", over=self.ordered_within, where=ordered),
        }

    def conditions(self) -> dict[str, str]:
        """Changed, and not ordered."""
        return {
            "warning": f"changes >= {self.warn_changes} and ordered_s is null",
            "critical": f"changes >= {self.critical_changes} and ordered_s is null",
        }

    def claim(self) -> str:
        """The changes."""
        return "changes"
