"""A rule changes between two rows: nothing else does, however the log is cut and saved."""

import logging
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import language
from detectors.engine import Engine
from detectors.engine.change import runnable
from detectors.language import Feature, count, distinct
from detectors.plan import KeySpaceRules, rules_by_key_space
from detectors.rule import Rule
from tests.detectors.engine.test_engine import programs, rows
from tests.make import START_MS, Row, alerts, aligned, empty, usage
from tollwatch.errors import RuleError
from tollwatch.findings import Alert

HOUR = timedelta(hours=1)
END = START_MS + 20 * 86_400_000


def calls(at_least: int, *, name: str = "calls", feature: Feature | None = None, **changes: Any) -> Rule:
    """A rule on the number of calls of an hour."""
    return Rule(
        name=name,
        streams=("usage",),
        by="calling_number",
        features={"calls": feature or count(over=HOUR, panes=60)},
        warning=f"calls >= {at_least}",
        quiet_period=HOUR,
        claim="calls",
        **changes,
    )


def change(name: str, rule: Rule | None, *, after_s: float) -> Row:
    """The row that puts a rule in the place of another; None takes it out."""
    at = START_MS + round(after_s * 1000)
    return {
        "_stream": "reference",
        "event_id": f"rule-{name}-{after_s}",
        "event_time": at,
        "entity": "rule",
        "id": name,
        "rule": msgspec.json.encode(rule).decode() if rule else None,
        "valid_to": None if rule else at,
    }


def run(part: KeySpaceRules, log: list[Row], cuts: tuple[int, ...] = (), *, save: bool = False) -> list[Alert]:
    """All alerts; cut and saved as wished."""
    engine, found, start = Engine(part.key_space, part.rules), [], 0
    for cut in [*(c for c in sorted(cuts) if c < len(log)), len(log)]:
        if cut > start:
            found += alerts(engine, aligned(log[start:cut], part))
            if save:
                saved, engine = engine.save(), Engine(part.key_space, part.rules)
                engine.load(saved)
        start = cut
    return [*found, *alerts(engine, empty(END))]


def part_with(*rules: Rule) -> KeySpaceRules:
    """A key space of several rules."""
    (part,) = rules_by_key_space(list(rules)).values()
    return part


def shown(found: list[Alert]) -> list[tuple[str, str, int, str]]:
    """Detector, state, seconds after the start, condition."""
    return [(a.detector, a.state, (a.event_time - START_MS) // 1000, a.condition) for a in found]


CALLS = [usage(f"c{n}", after_s=60 * n) for n in range(12)]


def test_a_threshold_changes_from_one_row_on_and_counts_stay() -> None:
    """Before it nothing alerts; with the next call the calls before the change count, too."""
    log = [*CALLS[:6], change("calls", calls(5), after_s=330), *CALLS[6:]]
    assert shown(run(part_with(calls(100)), CALLS)) == []
    assert shown(run(part_with(calls(100)), log))[0] == ("calls", "open", 360, "calls >= 5")


def test_an_open_alert_goes_on_under_the_rule_that_opened_it() -> None:
    """The raised threshold is no reason to close it; it is closed once, and the next one is the new rule's."""
    later = [usage(f"d{n}", after_s=4 * 3600 + 60 * n) for n in range(12)]
    log = [*CALLS[:5], change("calls", calls(10, version=2), after_s=250), *CALLS[5:], *later]
    found = run(part_with(calls(3)), log)
    assert [(a.state, a.detector_version) for a in found] == [("open", 1), ("closed", 1), ("open", 2), ("closed", 2)]
    assert found[1].claim.count == len(CALLS)
    assert found[2].event_time == later[9]["event_time"]


def test_a_new_feature_is_silent_for_one_window() -> None:
    """A count that began in the middle would say too little; it speaks once its window is whole."""
    new = calls(3, name="new", feature=count(over=HOUR, panes=60, where="duration_s > 10"))
    many = [usage(f"m{n}", after_s=120 * n) for n in range(60)]
    log = [*many[:10], change("new", new, after_s=1199), *many[10:]]
    old = calls(1000, feature=count(over=HOUR, where="duration_s > 99"))
    found = shown(run(part_with(old), log))
    assert found[0][:3] == ("new", "open", 1200 + HOUR.seconds)


def test_what_is_taken_out_opens_nothing() -> None:
    """Its open alert closes; what it counted is not in anybody's way."""
    log = [*CALLS[:6], change("calls", None, after_s=310), *CALLS[6:]]
    assert shown(run(part_with(calls(100), calls(8, name="other")), log))[0][0] == "other"
    assert [a.state for a in run(part_with(calls(3)), log)] == ["open", "closed"]
    later = [usage(f"d{n}", after_s=9000 + 60 * n) for n in range(12)]
    assert [a.state for a in run(part_with(calls(3)), [*log, *later])] == ["open", "closed"]


def test_the_same_rule_again_changes_nothing() -> None:
    """A change that was sent twice, or says what is."""
    log = [*CALLS[:6], change("calls", calls(3), after_s=310), *CALLS[6:]]
    assert run(part_with(calls(3)), log) == run(part_with(calls(3)), CALLS)


def test_what_cannot_run_changes_nothing_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Broken text, an unknown column, a column that frames do not carry: the line goes on as it was."""
    unknown = calls(1, feature=count(over=HOUR, where="durations > 1"))
    uncarried = calls(1, feature=distinct("imei", over=HOUR))
    broken = change("calls", calls(1), after_s=310) | {"rule": "{"}
    with caplog.at_level(logging.WARNING):
        for row in (broken, *(change("calls", rule, after_s=310) for rule in (unknown, uncarried))):
            assert run(part_with(calls(3)), [*CALLS[:6], row, *CALLS[6:]]) == run(part_with(calls(3)), CALLS)
    assert "did you mean `duration_s`" in caplog.text
    assert "usage.imei" in caplog.text
    with pytest.raises(RuleError, match="reads payments"):
        runnable(calls(1, feature=count(over=HOUR, of="payments")), part_with(calls(3)).key_space)


CHANGED = st.builds(
    calls,
    st.integers(1, 4),
    feature=st.sampled_from(
        [
            count(over=HOUR, panes=60),
            count(over=HOUR, panes=6),
            language.sum("duration_s", over=2 * HOUR, panes=4),
            distinct("called_number", over=HOUR, panes=4),
            count(over=HOUR / 60, panes=1),
        ]
    ),
)


@settings(max_examples=60, deadline=None)
@given(programs(), rows(), CHANGED, CHANGED, st.data())
def test_neighbours_feel_nothing_and_cuts_change_nothing(
    program: tuple[Rule, Any], made: list[Row], before: Rule, after: Rule, data: st.DataObject
) -> None:
    """Random rules beside a rule that changes, goes and comes back, over random rows, cut and saved anywhere."""
    rule, _ = program
    part, log = part_with(rule, before), list(made)
    for n, new in enumerate(data.draw(st.permutations([after, None, before]))):
        at = data.draw(st.integers(0, len(log)))
        moment = log[at]["event_time"] if at < len(log) else log[-1]["event_time"]
        log.insert(at, change("calls", new, after_s=0) | {"event_id": f"r{n}", "event_time": moment})
    found = run(part, log)
    alone = part_with(rule)
    wide = KeySpaceRules(part.key_space, alone.rules, [])
    assert [a for a in found if a.detector == "random"] == run(wide, [r for r in made if r["_stream"] == "usage"])
    cuts = data.draw(st.sets(st.integers(1, len(log)), max_size=4))
    assert sorted(map(repr, run(part, log, tuple(cuts), save=data.draw(st.booleans())))) == sorted(map(repr, found))
