"""Rules files: what analysts write is what runs, and every mistake is a sentence with the place and what to do."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.plan import rules_by_key_space
from detectors.rules_file import load_rules, parse_rule
from services.assembly import make_plan
from tests.make import findings, usage
from tests.shared import shared
from tollwatch.config import Settings
from tollwatch.errors import InputError, RuleError, TollwatchError

STRANGERS: dict[str, Any] = {
    "name": "calls-to-strangers",
    "reads": "usage",
    "by": "calling_number",
    "features": {"victims": "distinct(called_number) over 10m where service = 'voice' and duration_s = 0"},
    "warning": "victims >= 2",
    "critical": "victims >= 4",
}


def written(path: Path, *rules: object) -> Path:
    """A rules file."""
    path.write_text(yaml.safe_dump(list(rules)), "utf-8")
    return path


def test_a_rule_runs_as_written(tmp_path: Path) -> None:
    """The same windows, filters, levels and defaults as a detector in a file."""
    (rule,) = load_rules(written(tmp_path / "r.yaml", STRANGERS))
    assert (rule.streams, rule.by, rule.claim, rule.quiet_period) == (
        ("usage",),
        "calling_number",
        "victims",
        timedelta(minutes=10),
    )
    calls = [usage(f"c{n}", after_s=n, called_number=f"4473{n}", duration_s=0) for n in range(5)]
    opened, escalated, _ = findings(rule, calls)
    assert (opened.detector, opened.severity, escalated.severity) == ("calls-to-strangers", "warning", "critical")
    assert findings(rule, [call | {"duration_s": 9} for call in calls]) == []


def test_the_rules_of_the_benchmark_are_read() -> None:
    """The published file runs as it stands."""
    assert [rule.name for rule in load_rules(shared("../bench/four_rules.yaml"))] == [
        "many-events",
        "much-charge",
        "many-called",
        "overlapping-calls",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"critcal": "victims >= 9"}, r"rule 1: unknown key `critcal`; did you mean `critical`\?"),
        ({"name": None}, "rule 1: `name` is missing"),
        ({"by": ""}, "rule 1: `by` is missing"),
        ({"reads": "usages"}, r"`calls-to-strangers`, reads: unknown stream `usages`; did you mean `usage`\?"),
        ({"reads": ["usage", "order"]}, r"reads: unknown stream `order`; did you mean `orders`\?"),
        ({"by": "caling_number"}, r"by: unknown column of usage `caling_number`; did you mean `calling_number`\?"),
        ({"features": ["count() over 1h"]}, "features must be a mapping of name to feature"),
        ({"features": {"n": "count() for 1h"}}, r"feature n: cannot read `count\(\) for 1h`; write kind"),
        ({"features": {"n": "cuont() over 1h"}}, r"feature n: unknown feature `cuont`; did you mean `count`\?"),
        ({"features": {"n": "count(duration_s) over 1h"}}, r"feature n: count\(\) takes no value"),
        ({"features": {"n": "sum() over 1h"}}, r"feature n: sum\(\) takes a value"),
        ({"features": {"n": "count()"}}, r"feature n: count\(\) needs a window; write `over 1h`"),
        ({"features": {"n": "count() over 1 fortnight"}}, "feature n: .*1 fortnight"),
        ({"features": {"n": "count() over 0m"}}, "feature n"),
        ({"features": {"n": "count() over 99999999999999d"}}, "feature n"),
        ({"features": {"n": "count() over 1000d in 86400000 panes"}}, "feature n"),
        ({"features": {"n": "count() over 1h in 7 panes"}}, "feature n: a window of 3600000 ms cannot be cut into 7"),
        ({"features": {"n": "count() over 1h where servise = 'sms'"}}, r"`servise`; did you mean `service`\?"),
        ({"features": {"n": "count() over 1h where now() > 5"}}, "now"),
        ({"features": {"n": "count() over 1h where duration_s > (select 1)"}}, "(?i)select"),
        ({"features": {"n": "count() of payment over 1h"}}, r"unknown stream `payment`; did you mean `payments`\?"),
        ({"features": {"n": "distinct(called_number) over 1h delayed by 2h"}}, "`delayed by` goes with sliding"),
        ({"features": {"n": "sum(service) over 1h"}}, "feature n: `service` is text; only distinct takes text"),
        ({"features": {"n": "count() over 1h where duration_s"}}, "feature n: `duration_s` says neither yes nor no"),
        ({"features": {"n": "count() over 1h where service > 5"}}, "feature n: `service > 5` cannot be computed"),
        ({"warning": None, "critical": None}, "`warning` or `critical` must say when to alert"),
        ({"warning": 20}, "`warning` must be text, not 20"),
        ({"warning": "victim >= 20"}, r"warning: unknown .*`victim`; did you mean `victims`\?"),
        ({"warning": "victims >="}, "warning: cannot read the expression"),
        ({"warning": "victims"}, "warning: `victims` says neither yes nor no"),
        ({"warning": "victims >= 'many'"}, "warning: `victims >= 'many'` cannot be computed"),
        ({"amount": "victims > 5"}, "amount: `victims > 5` is no number"),
        ({"amount": "victims * random()"}, "amount: `rand` cannot stand in an expression"),
        ({"claim": "victim"}, r"claim: unknown feature `victim`; did you mean `victims`\?"),
        ({"quiet_period": "soon"}, "quiet_period|soon"),
        ({"version": "two"}, "`version` must be a whole number, not 'two'"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    """Each names file, rule and word, before anything is read of the input."""
    rule = {"amount": "victims * 1000000"} | STRANGERS | changes
    if "features" in changes and "warning" not in changes:
        rule |= {"warning": "1 = 1", "critical": None, "amount": None}
    file = written(tmp_path / "r.yaml", {key: value for key, value in rule.items() if value is not None})
    with pytest.raises(RuleError, match=sentence) as caught:
        make_plan(Settings(), [file])
    assert "calls-to-strangers" in str(caught.value) or "rule 1" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"rules: {}", "must be a YAML list of rules, each beginning with `- name:`"),
        (b"- name: [", "is not YAML"),
        (b"- wangiri", "rule 1: a rule is a mapping"),
        (b"- {name: a\xff}", "is not UTF-8"),
        (b"[" * 5000, "is not YAML|nested"),
        (yaml.safe_dump([STRANGERS, STRANGERS]).encode(), "two rules are called `calls-to-strangers`"),
        (yaml.safe_dump([STRANGERS | {"name": "wangiri"}]).encode(), "a detector is called `wangiri` already"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, data: bytes, sentence: str) -> None:
    """Each names the file."""
    file = tmp_path / "rules.yaml"
    file.write_bytes(data)
    with pytest.raises(TollwatchError, match=sentence) as caught:
        make_plan(Settings(), [file])
    assert "rules.yaml" in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    """The sentence says what to name."""
    with pytest.raises(InputError, match="name a YAML file"):
        load_rules(tmp_path / "none.yaml")


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=4), inner, max_size=2)),
    max_leaves=4,
)
PHRASES = st.text("count()sum over1hwhr'=<>d_s p\n", max_size=30)


@settings(max_examples=200)
@given(st.sampled_from([*STRANGERS, "amount", "quiet_period", "claim", "version"]), st.one_of(VALUES, PHRASES))
def test_whatever_stands_there_is_a_rule_or_a_sentence(key: str, value: object) -> None:
    """No value of any key ends in another exception."""
    with suppress(RuleError):
        rules_by_key_space([parse_rule(STRANGERS | {key: value}, where="r.yaml, rule 1")])
    with suppress(RuleError):
        rules_by_key_space([parse_rule(STRANGERS | {"features": {"victims": value}}, where="r.yaml, rule 1")])
