"""What every control promises, checked on all of them; a new file is covered unasked."""

import inspect
from pathlib import Path

import msgspec
import pytest

from detectors.assurance import every_control
from detectors.controls import Control
from detectors.pairing import Pairing

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


@pytest.mark.parametrize("control", every_control(), ids=lambda kind: kind.__name__)
class TestEveryControl:
    """One case for each control."""

    def test_explains_itself(self, control: type[Control]) -> None:
        """A revenue assurance analyst reads the docstring and the runbook."""
        assert (inspect.getdoc(control) or "").partition("\n\n>>>")[0].endswith((".", "'", "`"))
        assert control.runbook.endswith(".")
        assert control.area in AREAS

    def test_shows_an_example(self, control: type[Control]) -> None:
        """Its docstring runs."""
        assert ">>> " in (inspect.getdoc(control) or "")

    def test_stands_in_the_file_of_its_name(self, control: type[Control]) -> None:
        """Who knows the name knows the file."""
        assert Path(inspect.getfile(control)).stem == control.name()

    def test_refuses_a_misspelt_threshold(self, control: type[Control]) -> None:
        """A typo in the configuration must not silently leave the default in force."""
        with pytest.raises(msgspec.ValidationError, match="unknown field `thresold`"):
            msgspec.convert({"thresold": 3}, control)

    def test_names_its_thresholds(self, control: type[Control]) -> None:
        """Those in force are fields of what it is."""
        assert control().thresholds().keys() == set(control.__struct_fields__)

    def test_can_be_run(self, control: type[Control]) -> None:
        """Its expressions name columns that its sides have, and the stream it waits for is one of them."""
        judge = Pairing([control()]).judges[0]
        assert len({each.kind for each in judge.breaks}) == len(judge.breaks) > 0
        assert control.waits_for in {control.left.stream, control.right.stream}


def test_controls_are_found_by_walking_the_folder() -> None:
    """Every file of the folder is one."""
    folder = Path(inspect.getfile(every_control)).parent
    files = {file.stem for file in folder.glob("[a-z]*.py")}
    assert {kind.name() for kind in every_control()} == files
