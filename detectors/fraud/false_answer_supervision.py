"""False answer supervision: a carrier says that calls were answered which were not, and charges for them."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, sum
from tollwatch.events import Usage


class FalseAnswerSupervision(Detector, frozen=True):
    """Alert when more of a carrier's calls are answered than before, and callers hang up after a moment.

    Answer-seizure ratio up and call duration down at once: a good evening raises both, a bad route lowers both.
    Thresholds: ASR 30 points up while ACD falls by half, catalogue row 16; the past is the day before this hour.

    >>> FalseAnswerSupervision(asr_points=40).conditions()["warning"].startswith("calls >= 30 and past_calls >= 50")
    True
    """

    reads = Usage
    by = "supplier_id"
    fraud_type = "false-answer-false-ring"
    runbook = "Place test calls by the route; where nobody answered, claim the minutes back and take the carrier out."

    window: timedelta = timedelta(hours=1)
    past: timedelta = timedelta(hours=24)
    asr_points: int = 30
    acd_percent: int = 50
    min_calls: int = 30
    min_past_calls: int = 50
    critical_calls: int = 200

    def features(self) -> dict[str, Feature]:
        """Attempts, answers and seconds, now and before."""
        sent = "service = 'voice' and supplier_id is not null"
        answered = f"{sent} and duration_s > 0"
        before = {"over": self.past, "delayed": self.window, "panes": round(self.past / self.window)}
        return {
            "calls": count(over=self.window, where=sent),
            "answers": count(over=self.window, where=answered),
            "talk_s": sum("duration_s", over=self.window, where=answered),
            "cost_micros": sum("cost_micros", over=self.window, where=answered),
            "past_calls": count(where=sent, **before),  # type: ignore[arg-type]
            "past_answers": count(where=answered, **before),  # type: ignore[arg-type]
            "past_talk_s": sum("duration_s", where=answered, **before),  # type: ignore[arg-type]
        }

    def conditions(self) -> dict[str, str]:
        """Products instead of quotients: nothing is divided by none."""
        signs = (
            f"past_calls >= {self.min_past_calls} "
            f"and 100 * (answers * past_calls - past_answers * calls) >= {self.asr_points} * calls * past_calls "
            f"and 100 * talk_s * past_answers <= {self.acd_percent} * past_talk_s * answers"
        )
        return {
            "warning": f"calls >= {self.min_calls} and {signs}",
            "critical": f"calls >= {self.critical_calls} and {signs}",
        }

    def claim(self) -> str:
        """The calls that were said to be answered."""
        return "answers"

    def amount(self) -> str:
        """What the carrier will charge."""
        return "cost_micros"
