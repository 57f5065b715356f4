"""What a snapshot of changes holds is what the engine remembers, keys that it has let go included."""

from datetime import timedelta

import pytest

from detectors import language
from detectors.engine import Engine
from detectors.rule import Rule
from tests.make import START_MS, Row, aligned, empty, part_of, usage
from tests.saved import standing
from tollwatch.segments import KEPT

HOUR = timedelta(hours=1)
RULE = Rule(
    name="many",
    streams=("usage",),
    by="calling_number",
    features={
        "calls": language.count(over=HOUR, panes=6),
        "whom": language.distinct("called_number", over=HOUR, panes=6),
    },
    warning="calls >= 3",
    critical=None,
    quiet_period=HOUR,
    claim="calls",
)


def calls(after_s: int, callers: range) -> list[Row]:
    """A call of each."""
    return [
        usage(f"e{after_s}-{n}", after_s=after_s + n, calling_number=f"4471{n:04}", called_number=f"4472{n:04}")
        for n in callers
    ]


def test_keys_that_were_let_go_stay_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only what changed was saved, too: the next process has the keys that this one has, and no other."""
    monkeypatch.setattr("detectors.engine.state.SMALLEST_SWEPT", 90)
    part = part_of(RULE)
    engine = Engine(part.key_space, part.rules)
    engine.advance(aligned(calls(0, range(100)), part))
    stored = standing({}, engine.save())
    engine.advance(aligned(calls(5 * 3600, range(50)), part))
    engine.advance(empty(START_MS + 7 * 3_600_000))
    saved = engine.save(stored.keys())
    assert any(each is KEPT for each in saved.values()), "it was saved whole, and the test says nothing"
    again = Engine(part.key_space, part.rules)
    again.load(standing(stored, saved))
    keys, others = engine.state.keys, again.state.keys
    assert keys.used == 50
    assert set(others.key[: others.used].tolist()) == set(keys.key[: keys.used].tolist())
    assert sorted(others.time[: others.used].tolist()) == sorted(keys.time[: keys.used].tolist())
