"""What every control promises, checked on all of them; a new file is covered unasked."""

import inspect
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.assurance import every_control
from detectors.controls import Control, compiled
from detectors.controls.tables import DERIVED, named_by
from replay.scenarios import every_scenario
from services.control_wording import NAMED
from tollwatch.columns import schema
from tollwatch.events import STREAMS

AREAS = {
    "product and offer",
    "order and provisioning",
    "network and usage",
    "rating and billing",
    "receivables",
    "finance",
    "customer",
    "partner",
}
EVERY: list[type[Any]] = every_control()
RELATIONS = {name: f"events_{name}" for name in (*STREAMS, *DERIVED)} | {
    f"all_{name}": f"events_{name}" for name in STREAMS
}


@pytest.mark.parametrize("control", EVERY, ids=lambda kind: kind.__name__)
class TestEveryControl:
    """One case for each control."""

    def test_explains_itself(self, control: type[Any]) -> None:
        """A revenue assurance analyst reads the docstring and the runbook."""
        assert (inspect.getdoc(control) or "").partition("\n\n>>>")[0].endswith((".", "'", "`", ")"))
        assert control.runbook.endswith((".", "`."))
        assert control.area in AREAS

    def test_shows_an_example(self, control: type[Any]) -> None:
        """Its docstring runs."""
        assert ">>> " in (inspect.getdoc(control) or "")

    def test_stands_in_the_file_of_its_name(self, control: type[Any]) -> None:
        """Who knows the name knows the file."""
        assert Path(inspect.getfile(control)).stem == control.name()

    def test_refuses_a_misspelt_threshold(self, control: type[Any]) -> None:
        """A typo in the configuration must not silently leave the default in force."""
        with pytest.raises(msgspec.ValidationError, match="unknown field `thresold`"):
            msgspec.convert({"thresold": 3}, control)

    def test_names_its_thresholds(self, control: type[Any]) -> None:
        """Those in force are fields of what it is."""
        assert control().thresholds().keys() == set(control.__struct_fields__)

    def test_has_a_leakage_to_find(self, control: type[Any]) -> None:
        """A scenario plants what it must find."""
        assert control.name() in every_scenario()


@pytest.mark.parametrize("control", every_control(), ids=lambda kind: kind.__name__)
class TestEveryControlInSql:
    """One case for each control that runs in the store."""

    def test_becomes_a_statement(self, control: type[Control]) -> None:
        """Its breaks name what its sides have; nothing is left to be filled in but parameters."""
        made = compiled(control(), RELATIONS)
        assert made.rows.keys() == control.sides.keys()
        for sql in (made.breaks, *made.rows.values()):
            left = {part.partition("}")[0] for part in sql.split("{")[1:]}
            assert left <= {"as_of:Int64", "subjects:Array(String)"}

    def test_reads_known_streams(self, control: type[Control]) -> None:
        """Those whose absence silences it are streams of events."""
        assert set(control.reads()) <= set(STREAMS)
        assert {side.stream for side in control.sides.values()} <= set(STREAMS)

    def test_has_breaks_that_differ(self, control: type[Control]) -> None:
        """Each kind once, each claiming the rows of a side."""
        breaks = control().breaks()
        assert len({each.kind for each in breaks}) == len(breaks) > 0
        assert {side for each in breaks for side in each.claims.split(" or ")} <= set(control.sides)

    def test_money_is_never_a_float(self, control: type[Control]) -> None:
        """No statement divides with a slash, and none asks for an average."""
        sql = compiled(control(), RELATIONS).breaks
        assert " / " not in sql
        assert "avg(" not in sql
        assert "Float" not in sql

    def test_tells_what_is_news(self, control: type[Control]) -> None:
        """Keys, news and what reaches keys are said of streams that it reads."""
        read = set(named_by(control()))
        assert {*control.keys, *control.news} <= read
        assert {*control.reached} <= {*read, "leakages"}
        assert control.keys or not control.reached

    def test_words_its_findings_with_facts_that_there_are(self, control: type[Control]) -> None:
        """A cause and a correction name sides, columns of their streams, and what every finding has."""
        for each in control().breaks():
            for side, field in NAMED.findall(each.cause + each.correction):
                if field:
                    assert field in schema(control.sides[side].stream)
                else:
                    assert side in {"subject", "account", "amount"}
            assert not each.correction or each.correction.endswith(".")


def test_controls_are_found_by_walking_the_folder() -> None:
    """Every file of the folder is one, with a number of its own."""
    folder = Path(inspect.getfile(every_control)).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {kind.name() for kind in EVERY} == files
    numbers = [kind.number for kind in every_control()]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) == set(range(1, 36))
