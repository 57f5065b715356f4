"""Which scores deserve one of the day's alerts: thresholds from the model's own last days, never a fixed one."""

from bisect import insort

DAY_MS = 86_400_000


class Budget:
    """At most `per_day` warnings a UTC day; `critical_per_day` of them would be critical, and those are never withheld.

    Of each day the greatest score of each subject is kept, as many as a threshold may ever need. At the start of a day
    the threshold is set so that the last `days` would have given the budget; a score must lie above it and above
    `at_least`, so that a day without fraud spends nothing.

    >>> budget = Budget(per_day=1, critical_per_day=1)
    >>> for n in range(10):
    ...     budget.see(0, f"card-{n}", n / 10)
    >>> budget.see(DAY_MS, "card-1", 0.85)
    >>> budget.severity(0.85), budget.severity(0.8), budget.spend(), budget.spend()
    ('critical', None, True, False)
    """

    def __init__(self, *, per_day: int = 20, critical_per_day: int = 2, days: int = 7, at_least: float = 0.1) -> None:
        self.per_day, self.critical_per_day, self.days, self.at_least = per_day, critical_per_day, days, at_least
        self.keep = days * max(per_day, critical_per_day) + 1
        self.day: int | None = None
        self.spent = 0
        self.past: list[tuple[int, list[float]]] = []
        self.best: dict[str, float] = {}
        self.order: list[tuple[float, str]] = []
        self.warning = self.critical = float("inf")

    def see(self, time: int, subject: str, score: float) -> None:
        """Take note of a score; a new day begins with new thresholds."""
        if self.day != time // DAY_MS:
            self._begin(time // DAY_MS)
        known = self.best.get(subject)
        if known is not None:
            if score <= known:
                return
            self.order.remove((known, subject))
        elif len(self.order) == self.keep:
            if (score, subject) <= self.order[0]:
                return
            del self.best[self.order.pop(0)[1]]
        insort(self.order, (score, subject))
        self.best[subject] = score

    def _begin(self, day: int) -> None:
        if self.day is not None:
            self.past.append((self.day, [score for score, _ in self.order]))
        self.day, self.spent, self.best, self.order = day, 0, {}, []
        self.past = [(past, scores) for past, scores in self.past if past >= day - self.days]
        scores = sorted((score for _, best in self.past for score in best), reverse=True)
        self.warning = self._threshold(scores, self.per_day)
        self.critical = self._threshold(scores, self.critical_per_day)

    def take_over(self, day: int, spent: int, past: list[tuple[int, list[float]]]) -> None:
        """Begin for another model in the middle of a day: with its own past, as if that had been the days before.

        What was spent of the day stays spent.
        """
        shift = day - 1 - past[-1][0] if past else 0
        self.day, self.past = None, [(n + shift, list(scores)) for n, scores in past]
        self._begin(day)
        self.spent = spent

    def so_far(self) -> list[tuple[int, list[float]]]:
        """The greatest scores of the last days, today's among them."""
        today = [(self.day, [score for score, _ in self.order])] if self.day is not None and self.order else []
        return [*self.past, *today]

    def _threshold(self, scores: list[float], per_day: int) -> float:
        if not scores:
            return float("inf")
        wanted = len(self.past) * per_day
        return max(self.at_least, scores[wanted]) if wanted < len(scores) else self.at_least

    def severity(self, score: float) -> str | None:
        """What a score deserves today: `warning`, `critical` or nothing."""
        if score > self.critical:
            return "critical"
        return "warning" if score > self.warning else None

    def spend(self) -> bool:
        """Take one of the day's alerts, where one is left."""
        self.spent += 1
        return self.spent <= self.per_day

    def save(self) -> list[object]:
        """All that was seen."""
        return [self.day, self.spent, self.past, self.order, self.warning, self.critical]

    def load(self, saved: list[object]) -> None:
        """Take up what was seen."""
        self.day, self.spent, past, order, self.warning, self.critical = saved  # type: ignore[assignment]
        self.past = [(day, list(scores)) for day, scores in past]  # type: ignore[attr-defined]
        self.order = [(score, subject) for score, subject in order]  # type: ignore[attr-defined]
        self.best = {subject: score for score, subject in self.order}
