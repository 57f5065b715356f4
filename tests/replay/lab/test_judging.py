"""Alerts against verdicts: who is spoken of and when, shares with their uncertainty, who found whom alone."""

import numpy as np
import polars as pl
import pytest

from replay.lab.judging import JUDGED, estimate, matched, only_of, opened, tally
from tests.store.found import alert
from tollwatch.findings import Alert

DAY = 86_400_000


def seen(subject: str, day: float, number: int, *, amount: int | None = 5_000_000) -> Alert:
    """An alert on a subject on some day."""
    at = int(day * DAY)
    return alert(
        number,
        subject=subject,
        subject_kind="msisdn",
        episode_start=at,
        event_time=at + 60_000,
        amount_micros=amount,
        currency="EUR",
    )


def said(*rows: tuple[str, float, bool]) -> pl.DataFrame:
    """Verdicts about subjects and days."""
    made = [("msisdn", subject, int(day * DAY), int(day * DAY) + 1, fraud) for subject, day, fraud in rows]
    return pl.DataFrame(made, schema=JUDGED, orient="row")


VERDICTS = said(("a", 1, True), ("b", 1, False), ("c", 1, True), ("d", 30, True))


def test_a_verdict_speaks_of_its_subject_at_its_time() -> None:
    """Another subject, or the same weeks later, was not judged."""
    rows = matched([seen("a", 1.2, 1), seen("a", 20, 2), seen("b", 0.9, 3), seen("z", 1, 4)], VERDICTS)
    assert dict(rows.select("alert_id", "fraud").iter_rows()) == {
        f"{1:016x}": True,
        f"{2:016x}": None,
        f"{3:016x}": False,
        f"{4:016x}": None,
    }


def test_a_side_is_counted() -> None:
    """Precision of what was judged, recall of what is known to be fraud, money of frauds alone, hours of all."""
    found = tally("A", [seen("a", 1.01, 1), seen("b", 1, 2), seen("z", 2, 3)], VERDICTS, 4.0, 10.0)
    assert (found.alerts, found.judged, found.frauds, found.false_alarms, found.known_frauds) == (3, 2, 1, 1, 3)
    assert found.precision.value == 0.5
    assert found.recall.value == pytest.approx(1 / 3, abs=1e-4)
    assert found.amount_micros == {"EUR": 5_000_000}
    assert (found.alerts_a_day, found.analyst_hours) == (0.75, 0.5)
    assert found.delay_min == pytest.approx(0.01 * 24 * 60 + 1, abs=0.1)


def test_nothing_judged_is_no_figure() -> None:
    """Not a precision of nought."""
    found = tally("A", [seen("z", 2, 3, amount=None)], said(), 1.0, 5.0)
    assert found.precision.value is None
    assert found.recall.value is None


def test_the_interval_is_as_wide_as_subjects_are_few() -> None:
    """A hundred alerts on two subjects say less than on a hundred: subjects are drawn, not alerts."""
    rng = np.random.default_rng(1)
    few = pl.DataFrame({"subject_kind": "m", "subject": ["a"] * 50 + ["b"] * 50, "hit": [True] * 50 + [False] * 50})
    many = pl.DataFrame({"subject_kind": "m", "subject": [str(n) for n in range(100)], "hit": rng.random(100) < 0.5})
    assert estimate(few, "hit")[1:] == (0.0, 1.0)
    low, high = estimate(many, "hit")[1:]
    assert low is not None
    assert high is not None
    assert 0.35 < low < 0.5 < high < 0.65
    assert estimate(many, "hit") == estimate(many.sample(fraction=1, shuffle=True, seed=3), "hit")


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of two hundred samples about nineteen in twenty."""
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        rows = pl.DataFrame(
            {"subject_kind": "m", "subject": [str(n) for n in range(150)], "hit": rng.random(150) < 0.3}
        )
        _, low, high = estimate(rows, "hit")
        held += low <= 0.3 <= high  # type: ignore[operator]
    assert 180 <= held <= 198


def test_who_was_found_by_one_alone() -> None:
    """Once each, with what was said."""
    rows = only_of([seen("a", 1, 1), seen("a", 2, 2), seen("b", 1, 3)], [seen("b", 5, 4)], VERDICTS)
    assert rows.select("subject", "fraud").rows() == [("a", True)]


def test_an_alert_that_nobody_saw_does_not_count() -> None:
    """What the budget withheld is no alert; one that was raised later counts from then on, with its last money."""
    first = alert(1, state="suppressed", revision=1)
    later = alert(1, state="open", revision=2, amount_micros=7, currency="EUR")
    closed = alert(1, state="closed", revision=3, amount_micros=9, currency="EUR")
    assert opened([first]) == []
    (found,) = opened([closed, later, first])
    assert (found.revision, found.amount_micros) == (2, 9)
