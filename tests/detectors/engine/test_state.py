"""What a snapshot of changes holds is what the engine remembers, keys that it has let go included."""

from datetime import timedelta

import numpy as np
import pytest

from detectors import language
from detectors.engine import Engine
from detectors.rule import Rule
from tests.make import START_MS, aligned, empty, part_of, usage
from tests.saved import standing

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


def test_keys_that_were_let_go_stay_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where only what changed was saved: the next process has no key that this one has not."""
    monkeypatch.setattr("detectors.engine.state.SMALLEST_SWEPT", 0)
    part = part_of(RULE)
    engine, stored = Engine(part.key_space, part.rules), dict[str, bytes]()
    for day in range(4):
        names = [f"{'day' if n % 2 else day}-{n}" for n in range(40)]
        rows = [
            usage(f"e{day}-{n}", after_s=day * 86_400 + n, calling_number=name, called_number=f"{n}")
            for n, name in enumerate(names)
        ]
        engine.advance(aligned(rows, part))
        stored = standing(stored, engine.save(stored.keys()))
        engine.advance(empty(START_MS + (day + 1) * 86_400_000 - 1))
        stored = standing(stored, engine.save(stored.keys()))
        again = Engine(part.key_space, part.rules)
        again.load(stored)
        keys, others = engine.state.keys, again.state.keys
        assert set(others.key[: others.used].tolist()) == set(keys.key[: keys.used].tolist())
        assert keys.used < 40, "a day later most have left"
    first, second = (each.state.seen.table[each.state.seen.alive()] for each in (engine, again))
    assert set(first[first[:, 1] > engine.state.swept, 0]) <= set(second[:, 0])
    assert np.unique(second[:, 0]).size == len(second)
