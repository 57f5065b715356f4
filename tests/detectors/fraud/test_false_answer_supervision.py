"""False answers alert on a carrier that changed, and not on good or bad evenings."""

import pytest

from detectors.fraud.false_answer_supervision import FalseAnswerSupervision
from tests.make import Row, findings, usage


def call(n: int, duration_s: int, *, gap_s: float = 120, after_s: float = 0, **changes: object) -> Row:
    """A call by the carrier."""
    row = usage(f"c{after_s:.0f}-{n}", after_s=after_s + gap_s * n, supplier_id="carrier", duration_s=duration_s)
    return row | {"cost_micros": 100} | changes


BEFORE = [call(n, 180 if n % 2 else 0) for n in range(300)]
LATER = 300 * 120 + 3600


def test_more_answers_of_a_moment_alert() -> None:
    """Half were answered for three minutes; now all are, for five seconds. The money is what they cost."""
    opened = findings(FalseAnswerSupervision(), [*BEFORE, *(call(n, 5, gap_s=30, after_s=LATER) for n in range(60))])[0]
    assert (opened.subject, opened.features["calls"], opened.amount_micros) == ("carrier", 30, 3000)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a good evening", [*BEFORE, *(call(n, 300, gap_s=30, after_s=LATER) for n in range(90))]),
        ("a bad route", [*BEFORE, *(call(n, 5 if n % 3 == 0 else 0, gap_s=30, after_s=LATER) for n in range(90))]),
        ("few calls", [*BEFORE, *(call(n, 5, gap_s=300, after_s=LATER) for n in range(11))]),
        ("no past is known", [call(n, 5, gap_s=30) for n in range(90)]),
        ("short calls are usual there", [call(n, 4) for n in range(600)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each changes one of the two, or nothing."""
    assert findings(FalseAnswerSupervision(), rows) == [], why
