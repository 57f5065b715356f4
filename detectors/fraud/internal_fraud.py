"""Internal fraud: an employee gives credits that no customer asked for."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, sum
from tollwatch.events import Care


class InternalFraud(Detector, frozen=True):
    """Alert when an agent gives credits, waivers or SIM swaps without a ticket, more than one forgets in a day.

    With a ticket any number is work. Thresholds are starting points for the three deviations of catalogue row 29,
    until an agent can be held against the others of the team.

    >>> InternalFraud(warn_acts=10).conditions()["warning"]
    'acts >= 10 or credit_micros >= 200000000'
    """

    reads = Care
    by = "agent_id"
    fraud_type = "internal-fraud"
    runbook = "Tell internal audit, nobody else; keep the acts, compare the accounts with the agent's own contacts."

    window: timedelta = timedelta(hours=24)
    warn_acts: int = 6
    warn_micros: int = 200_000_000
    critical_acts: int = 25
    critical_micros: int = 1_000_000_000

    def features(self) -> dict[str, Feature]:
        """Acts without a ticket, accounts, and their money."""
        loose = "action in ('credit', 'waiver', 'adjustment', 'sim_swap', 'profile_change') and ticket_id is null"
        return {
            "acts": count(over=self.window, where=loose, panes=24),
            "accounts": distinct("account_id", over=self.window, where=loose, panes=24),
            "credit_micros": sum("abs(amount_micros)", over=self.window, where=loose, panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """Many acts, or much money."""
        return {
            "warning": f"acts >= {self.warn_acts} or credit_micros >= {self.warn_micros}",
            "critical": f"acts >= {self.critical_acts} or credit_micros >= {self.critical_micros}",
        }

    def amount(self) -> str:
        """What was given."""
        return "credit_micros"
