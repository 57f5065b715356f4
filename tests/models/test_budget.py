"""The budget: thresholds from the last days, spent when an episode opens, exact without keeping every subject."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from models.budget import DAY_MS, Budget


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 100)), min_size=1, max_size=80))
def test_thresholds_are_exact(seen: list[tuple[int, int, int]]) -> None:
    """The kept best scores give the threshold that all scores of all subjects would have given."""
    budget = Budget(per_day=1, critical_per_day=1, days=2, at_least=0.0)
    best: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for day, subject, score in sorted(seen, key=lambda each: each[0]):
        budget.see(day * DAY_MS, f"card-{subject}", score / 100)
        best[day][subject] = max(best[day][subject], score / 100)
    last = max(best)
    days = [best[day] for day in sorted(best) if last - 2 <= day < last]
    scores = sorted((score for subjects in days for score in subjects.values()), reverse=True)
    expected = float("inf") if not scores else 0.0
    if len(scores) > len(days):
        expected = scores[len(days)]

    assert budget.warning == expected


def test_a_day_without_history_alerts_on_nothing() -> None:
    """On the first day no score is high, for want of others to compare with."""
    budget = Budget()
    budget.see(0, "card-1", 1.0)

    assert budget.severity(1.0) is None


def test_a_new_day_has_a_new_budget() -> None:
    """What was spent yesterday is not missing today."""
    budget = Budget(per_day=1)
    budget.see(0, "card-1", 0.5)
    spent = [budget.spend(), budget.spend()]
    budget.see(DAY_MS, "card-1", 0.5)

    assert spent == [True, False]
    assert budget.spend()
