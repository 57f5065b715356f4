"""The order of the queue: expected loss avoided per minute of work, with each part as the formula says."""

import polars as pl
import pytest

from services.ranking import HOUR_MS, Experience, ranked


def alerts(**columns: list[object]) -> pl.DataFrame:
    """Closed alerts of one detector, an hour long, with amounts."""
    count = len(next(iter(columns.values())))
    own: dict[str, list[object]] = {
        "alert_id": [f"{n}" for n in range(count)],
        "detector": ["wangiri"] * count,
        "severity": ["warning"] * count,
        "state": ["closed"] * count,
        "episode_start": [0] * count,
        "event_time": [HOUR_MS] * count,
        "own_micros": [1_000_000] * count,
    }
    return pl.DataFrame(own | columns, schema_overrides={"own_micros": pl.Int64})


def test_each_part_is_that_of_the_formula() -> None:
    """(7 + 1) ÷ (8 + 2) × 10 units ÷ 4 minutes = 2 units a minute."""
    found = ranked(alerts(own_micros=[10_000_000]), {("wangiri", "warning"): Experience(7, 8, 4.0)}).row(0, named=True)
    assert (found["probability"], found["avoided_micros"], found["minutes"]) == (0.8, 10_000_000, 4.0)
    assert found["rank"] == pytest.approx(2_000_000)


def test_what_goes_on_comes_first() -> None:
    """An open episode is going to cost at its own pace for a day; a closed one of the same amount does not."""
    found = ranked(alerts(state=["closed", "open"]), {})
    assert found["state"].to_list() == ["open", "closed"]
    assert found["avoided_micros"].to_list() == [25_000_000, 1_000_000]


def test_an_amount_that_is_not_known_is_the_median_of_the_others() -> None:
    """And says so; a false zero would hide it at the end."""
    found = ranked(alerts(own_micros=[2_000_000, None, 6_000_000]), {})
    assert found["at_risk_micros"].to_list() == [6_000_000, 4_000_000, 2_000_000]
    assert found["estimated"].to_list() == [False, True, False]


def test_a_detector_that_is_often_wrong_sinks() -> None:
    """Of two with the same money, the one with the better verdicts comes first."""
    known = {("good", "warning"): Experience(9, 10), ("bad", "warning"): Experience(1, 10)}
    found = ranked(alerts(detector=["bad", "good"]), known)
    assert found["detector"].to_list() == ["good", "bad"]
