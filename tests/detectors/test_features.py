"""Kinds of features: one definition each, which the language, rules files and the engine go by."""

from datetime import timedelta
from pathlib import Path

import pytest

from detectors import language
from detectors.engine import kernel
from detectors.features import FORMER_NAMES, KINDS, Feature, FeatureKind
from detectors.rules_file import parse_feature
from tollwatch.errors import RuleError

HOUR = timedelta(hours=1)
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


def test_names_and_codes_are_taken_once() -> None:
    """The kernel tells kinds apart by their code."""
    assert len({kind.code for kind in KINDS.values()}) == len(KINDS)
    assert all(name == kind.name for name, kind in KINDS.items())


@each_kind
def test_the_kernel_knows_it(kind: FeatureKind) -> None:
    """A kind without arithmetic would count nothing, silently."""
    assert getattr(kernel, kind.name.upper()) == kind.code


@each_kind
def test_a_rules_file_and_a_detector_say_the_same(kind: FeatureKind) -> None:
    """`count() over 1h` is `count(over=1 h)`."""
    value = "duration_s" if kind.takes_value else None
    window = " over 1h" if kind.needs_window else ""
    written = parse_feature(f"{kind.name}({value or ''}){window}", where="here")
    assert written == kind(value, over=HOUR if window else None)
    assert getattr(language, kind.name) is kind


@each_kind
def test_a_value_or_a_window_that_is_missing_or_too_much_is_a_sentence(kind: FeatureKind) -> None:
    """In a file and in code alike."""
    with pytest.raises(RuleError, match="takes"):
        kind(None if kind.takes_value else "duration_s", over=HOUR)
    if kind.needs_window:
        with pytest.raises(RuleError, match="needs a window"):
            kind("duration_s" if kind.takes_value else None)


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_rules_files_may_say_the_former_name(former: str, name: str) -> None:
    """Files that run today run tomorrow."""
    made = parse_feature(f"{former}(duration_s) over 1h", where="here")
    assert made == Feature(kind=name, value="duration_s", over=HOUR)


@each_kind
def test_the_guide_names_it(kind: FeatureKind) -> None:
    """An analyst looks there for what a rule may say."""
    guide = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text("utf-8")
    assert f"`{kind.name}({'x' if kind.takes_value else ''})`" in guide
