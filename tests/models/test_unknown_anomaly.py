"""Odd hours stand out, usual ones do not, whoever is merely busy; and the reasons say what is odd."""

import numpy as np
import polars as pl
import pytest

from models.hour_view import HourView
from models.unknown_anomaly import UnknownAnomaly

HOUR_MS = 3_600_000
QUIET = {
    "event_time": 12 * HOUR_MS,
    "events_1h": 3.0,
    "calls_1h": 2.0,
    "messages_1h": 1.0,
    "seconds_1h": 200.0,
    "bytes_1h": 0.0,
    "charged_micros_1h": 100_000.0,
    "others_1h": 2.0,
    "cells_1h": 1.0,
    "unanswered_1h": 0.0,
    "events_7d": 200.0,
}


def hour(**changed: float | None) -> np.ndarray:
    """The inputs of an hour."""
    table = pl.DataFrame([QUIET | changed], schema_overrides=dict.fromkeys(set(QUIET) - {"event_time"}, pl.Float64))
    return UnknownAnomaly().prepare(table).to_numpy()


@pytest.fixture(scope="module")
def model() -> UnknownAnomaly:
    """One that has seen what subscribers usually do, some of them busy all day."""
    rng, made = np.random.default_rng(7), UnknownAnomaly()
    for _ in range(1_200):
        busy = rng.random() < 0.05
        calls = float(rng.poisson(30 if busy else 2))
        rows = hour(
            event_time=float(rng.integers(6, 23)) * HOUR_MS,
            events_1h=calls + 1.0,
            calls_1h=calls,
            seconds_1h=calls * float(rng.uniform(40, 200)),
            charged_micros_1h=calls * 50_000.0,
            others_1h=max(1.0, calls * float(rng.uniform(0.4, 0.9))),
            cells_1h=float(rng.integers(1, 4)),
            unanswered_1h=float(rng.binomial(int(calls), 0.2)),
            events_7d=(4_000.0 if busy else 300.0) * float(rng.uniform(0.7, 1.4)),
        )
        made.observe(rows)
    made.settle(0)
    return made


def test_what_nobody_does_stands_out(model: UnknownAnomaly) -> None:
    """Three hundred numbers in an hour from somebody quiet; gigabytes at night from somebody who only calls."""
    dialler = hour(events_1h=300, calls_1h=300, others_1h=300, seconds_1h=600, unanswered_1h=290)
    night = hour(event_time=3 * HOUR_MS, events_1h=80, bytes_1h=9e9, calls_1h=0, seconds_1h=0, others_1h=0)
    assert min(model.score_many(np.concatenate([dialler, night]))) > 0.75


def test_who_is_busy_every_day_does_not(model: UnknownAnomaly) -> None:
    """A call centre calls many, today as ever; and an ordinary hour is ordinary."""
    busy = hour(events_1h=31, calls_1h=30, others_1h=20, seconds_1h=3_000, unanswered_1h=6, events_7d=4_200)
    busy[:, HourView.inputs.index("charged")] = np.log1p(1.5)
    assert model.score_many(busy)[0] < 0.6
    assert model.score_many(hour())[0] < 0.6


def test_its_reasons_name_what_is_odd(model: UnknownAnomaly) -> None:
    """First what is farthest from the nearest hours."""
    night = hour(bytes_1h=9e9)[0]
    assert next(iter(model.explain_one(dict(zip(model.inputs, night, strict=True))))) == "kilobytes"


def test_fraud_is_never_learnt_and_a_false_alarm_is(model: UnknownAnomaly) -> None:
    """Judged false a few times, the like of it is usual; fraud stays odd however often it was judged."""
    odd = hour(bytes_1h=9e9)
    named = dict(zip(model.inputs, odd[0], strict=True))
    for label in (True, False):
        own = UnknownAnomaly(size=5_000)
        own.load(model.save())
        for _ in range(6):
            own.learn_one(named, label)
        own.settle(0)
        assert bool(own.score_many(odd)[0] > 0.7) is label


def test_absent_features_are_nothing() -> None:
    """A subscriber of whom a key space knows nothing has an empty hour, not an error."""
    empty = hour(**dict.fromkeys(set(QUIET) - {"event_time"}))
    assert np.isfinite(empty).all()
