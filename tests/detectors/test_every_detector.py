"""What every detector and model promises, checked on all of them; a new file is covered unasked."""

import ast
import inspect
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

import detectors.fraud
from detectors import every_detector, every_model
from detectors.engine.program import compile_program
from detectors.fraud_types import fraud_type
from detectors.language import Declared, Detector, streams_of
from detectors.plan import rules_by_key_space
from detectors.rule import Rule, rule_of
from replay.scenarios import plant
from replay.simulate.population import World, populate
from replay.simulate.run import START
from replay.simulate.services import reference
from services.assembly import rules_in_force
from tests.make import findings
from tollwatch.columns import schema
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.events import STREAMS

DETECTORS, MODELS = every_detector(), every_model()
TESTS = Path(__file__).parent
COUNTABLE = {"count", "sum", "distinct", "overlapping", "concurrent", "max", "since"}

each_kind = pytest.mark.parametrize("kind", [*DETECTORS, *MODELS], ids=lambda kind: kind.name())
each_detector = pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name())


def doc_of(kind: type[Declared]) -> str:
    """What the class says of itself, without the example."""
    return (inspect.getdoc(kind) or "").partition("\n\n>>>")[0]


def another(value: Any) -> Any:
    """A different value of the same type, as a settings file would write it."""
    if isinstance(value, str):
        return f"{value}9"
    return f"PT{int(value.total_seconds()) * 2}S" if isinstance(value, timedelta) else type(value)(value * 2 + 1)


def configured(kind: type[Declared], **thresholds: Any) -> list[Rule]:
    """The rules in force when a settings file has these thresholds for it, and nothing else is enabled."""
    return rules_in_force(Settings(enabled=[kind.name()], detectors={kind.name(): thresholds}))


def test_they_are_found_by_walking_the_folder() -> None:
    """Every file of the folder is one, and no name is taken twice."""
    files = sorted(file.stem for file in Path(detectors.fraud.__path__[0]).glob("[a-z]*.py"))
    assert sorted(kind.name() for kind in [*DETECTORS, *MODELS]) == files


@each_kind
class TestWhatItSays:
    """One case for each: what an analyst reads."""

    def test_explains_itself(self, kind: type[Declared]) -> None:
        """It says what it finds in a sentence, what it leaves out in more, and what is to be done."""
        first, _, rest = doc_of(kind).partition("\n\n")
        assert first.startswith(("Alert ", "Score "))
        assert first.endswith(".")
        assert rest.endswith(".")
        assert kind.runbook.endswith(".")
        assert fraud_type(kind.fraud_type).title

    def test_says_where_its_thresholds_come_from(self, kind: type[Declared]) -> None:
        """A number that nobody can trace is never changed."""
        assert "threshold" in doc_of(kind).lower()

    def test_shows_an_example(self, kind: type[Declared]) -> None:
        """Its docstring runs."""
        assert ">>> " in (inspect.getdoc(kind) or "")

    def test_stands_in_the_file_of_its_name(self, kind: type[Declared]) -> None:
        """Who knows the name knows the file."""
        assert Path(inspect.getfile(kind)).stem == kind.name()

    def test_has_a_test_of_what_must_not_alert(self, kind: type[Declared]) -> None:
        """The look-alikes are half of a detector."""
        tree = ast.parse((TESTS / "fraud" / f"test_{kind.name()}.py").read_text("utf-8"))
        tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        assert [test.name for test in tests if "no_alert" in test.name or "not_alert" in test.name]


@each_kind
class TestWhatItReads:
    """One case for each: streams, keys and features that can be run."""

    def test_reads_streams_by_a_column_of_each(self, kind: type[Declared]) -> None:
        """A key that a stream lacks would gather everything under nobody; `reference` is gathered by its id."""
        streams = streams_of(kind.reads)
        assert set(streams) <= set(STREAMS)
        assert [stream for stream in streams if stream != "reference" and kind.by not in schema(stream)] == []  # type: ignore[attr-defined]

    def test_compiles(self, kind: type[Declared]) -> None:
        """Filters, values and windows are what the engine can run."""
        made = kind()
        wanted = rules_by_key_space([rule_of(made)]) if isinstance(made, Detector) else rules_by_key_space([], [made])  # type: ignore[list-item]
        for part in wanted.values():
            program = compile_program(part.key_space, part.rules, part.models)
            assert len(program.spec) > 0
        assert made.features()

    def test_reads_nothing_that_serves_other_purposes(self, kind: type[Declared]) -> None:
        """When a row was received says nothing of fraud, and is different in a replay."""
        features = kind().features().values()
        assert [feature for feature in features if "received_at" in f"{feature.where} {feature.value}"] == []


@each_kind
class TestWhatCanBeSet:
    """One case for each: thresholds are fields, and only those."""

    def test_thresholds_have_defaults_and_units(self, kind: type[Declared]) -> None:
        """Durations are durations, and what is in force is written in plain numbers with the unit behind the name."""
        made = kind()
        for field in msgspec.structs.fields(kind):
            value = getattr(made, field.name)
            assert isinstance(value, timedelta) == (f"{field.name}_s" in made.thresholds())
            assert not isinstance(value, timedelta) or value > timedelta()
        assert {type(value) for value in made.thresholds().values()} <= {int, float, str}

    def test_refuses_a_misspelt_threshold(self, kind: type[Declared]) -> None:
        """A typo in the configuration must not silently leave the default in force."""
        with pytest.raises(msgspec.ValidationError, match="unknown field `thresold`"):
            msgspec.convert({"thresold": 3}, kind)

    def test_a_misspelt_name_is_answered_with_the_nearest(self, kind: type[Declared]) -> None:
        """Thresholds for a detector that is not there would be thresholds for nothing."""
        with pytest.raises(ConfigurationError, match=f"unknown detector `{kind.name()}x`; did you mean"):
            rules_in_force(Settings(detectors={f"{kind.name()}x": {}}))


@each_detector
class TestEveryDetector:
    """One case for each detector: conditions, claims and settings."""

    def test_names_its_conditions(self, kind: type[Detector]) -> None:
        """There are at most two levels, both of its own features, which are named apart from columns."""
        conditions = kind().conditions()
        assert conditions
        assert set(conditions) <= {"warning", "critical"}
        assert len(set(conditions.values())) == len(conditions)

    def test_claims_rows_that_can_be_counted(self, kind: type[Detector]) -> None:
        """Money is counted once because findings say which rows they are about."""
        rule = rule_of(kind())
        claimed = rule.features[rule.claim]
        assert claimed.kind in COUNTABLE
        assert claimed.over is not None
        assert (claimed.of or rule.streams[0]) in rule.streams

    def test_every_threshold_can_be_set_and_does_something(self, kind: type[Detector]) -> None:
        """What the settings say is in force, and no threshold is without consequence."""
        (usual,) = configured(kind)
        assert usual == rule_of(kind())
        for field in msgspec.structs.fields(kind):
            (changed,) = configured(kind, **{field.name: another(getattr(kind(), field.name))})
            assert changed.thresholds != usual.thresholds
            assert msgspec.structs.replace(changed, thresholds=usual.thresholds) != usual, field.name

    def test_an_unknown_threshold_is_answered_with_the_known(self, kind: type[Detector]) -> None:
        """The sentence names the detector and what it could have been."""
        field = kind.__struct_fields__[0]
        with pytest.raises(ConfigurationError, match=rf"detectors\.{kind.name()}: .*`{field}x`.*\b{field}\b"):
            configured(kind, **{f"{field}x": 1})

    def test_finds_what_its_scenario_plants(self, kind: type[Detector]) -> None:
        """The scenario of the same name, which knows nothing of the detector, plants the fraud."""
        planted = plant(world(), [kind.name()])
        accounts = {truth.account_id for truth in planted.truths}
        rows = [row | {"_stream": stream} for stream, table in planted.rows.items() for row in table.to_dicts()]
        known = reference(world()).to_dicts() if "reference" in streams_of(kind.reads) else []
        rows += [row | {"_stream": "reference"} for row in known if row["id"] in accounts]
        found = findings(kind(), rows, until_s=90 * 86_400)

        frauds = [truth for truth in planted.truths if truth.kind == "fraud"]
        assert {(truth.name, truth.subject_kind) for truth in frauds} == {(kind.name(), kind.by)}
        assert {alert.subject for alert in found} == {truth.subject for truth in frauds}


@cache
def world() -> World:
    """A village for three days."""
    return populate(500, 3, 2, START)
