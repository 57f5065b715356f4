"""The page of models: what scores and how it is; a change of it takes two people, and the right to make rules."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from services.lab.champions import changes_of
from services.lab.estimator import Model
from services.lab.labelling import worth_labelling
from services.lab.notebook import dataset
from services.lab.registry import model_named
from services.verdicts import list_verdicts
from tests.dashboards.console.desks import Browser, console
from tests.services.lab.test_lab import SETTINGS, run
from tollwatch.frames import Findings

OWN = msgspec.structs.replace(SETTINGS, tenants=["other"])
SPLITS = {"folds": 1, "fold_days": 3, "test_days": 3}


class Trained:
    """A data directory with scored payments and one model that was trained on them."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        run(self.data, folder, 0, 16)
        rows = dataset("payment_risk", self.data, OWN, prove=0)
        model = Model("logistic").train(rows, note="<b>straight</b>", keep=1.0, per_day=4, search=False, **SPLITS)
        self.name = model.keep("payment_risk", self.data, OWN)


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    """One for each test: they change it."""
    return Trained(tmp_path)


@pytest.fixture
def sam(trained: Trained) -> Iterator[Browser]:
    """A data scientist."""
    with console(trained.data, Findings(), OWN) as desk:
        yield Browser(desk).sign_in("scientist")


def test_the_page_says_how_it_is(sam: Browser, trained: Trained) -> None:
    """Scores, verdicts, calibration, and the models with their notes as text."""
    text = " ".join(sam.get("/models").text.split())
    for said in ("payment risk", trained.name, "judged alerts were fraud", "Said and came true", "registered"):
        assert said in text
    assert "<b>straight" not in text


def test_a_challenger_alerts_on_nothing_and_may_be_retired(sam: Browser, trained: Trained) -> None:
    """It is said what it does, and that it has not begun."""
    sam.post(f"/models/{trained.name}", do="challenge")
    assert model_named(trained.name, trained.data, OWN)["state"] == "challenger"
    assert "It has scored nothing yet" in sam.get("/models").text
    sam.post(f"/models/{trained.name}", do="retire")
    assert model_named(trained.name, trained.data, OWN)["state"] == "retired"
    assert sam.post(f"/models/{trained.name}", do="explode").status_code == 400


def test_a_promotion_takes_a_second_person_and_can_be_taken_back(sam: Browser, trained: Trained) -> None:
    """Proposed with a reason here, confirmed by somebody else on the page of decisions; then the way back."""
    assert sam.post(f"/models/{trained.name}", do="promote", why="").status_code == 400
    assert sam.post(f"/models/{trained.name}", do="promote", why="finds more").status_code == 303
    assert "a second person has to confirm it" in sam.post("/decisions/1", do="confirm").text
    assert changes_of("payment_risk", trained.data, OWN) == []
    bob = Browser(sam.desk).sign_in("bob")
    bob.post("/decisions/1", do="confirm")
    assert [each["artifact"] for each in changes_of("payment_risk", trained.data, OWN)] == [trained.name]
    page = " ".join(sam.get("/models").text.split())
    assert "Who scored until now" in page
    assert "Propose the model before" in page
    sam.post("/models/payment_risk/rollback", why="too many alarms")
    bob.post("/decisions/2", do="confirm")
    assert [each["artifact"] for each in changes_of("payment_risk", trained.data, OWN)] == [trained.name, None]


def test_who_may_only_look_has_no_buttons(sam: Browser, trained: Trained) -> None:
    """And is refused where they send the form all the same."""
    viewer = Browser(sam.desk).sign_in("viewer")
    assert "Propose" not in viewer.get("/models").text
    assert viewer.post(f"/models/{trained.name}", do="promote", why="x").status_code == 403


def test_an_analyst_says_what_an_event_was_that_was_asked_for(sam: Browser, trained: Trained) -> None:
    """A control event is shown as such; what was not asked for is refused, as is who may not triage."""
    ada = Browser(sam.desk).sign_in("ada")
    page = " ".join(ada.get("/models").text.split())
    assert "Worth a verdict" in page
    assert "of its day" in page
    asked = worth_labelling("payment_risk", trained.data, OWN)[0]
    assert ada.post("/models/payment_risk/label", event_id="p000-00", verdict="fraud").status_code == 400
    assert sam.post("/models/payment_risk/label", event_id=asked.event_id, verdict="fraud").status_code == 403
    assert ada.post("/models/payment_risk/label", event_id=asked.event_id, verdict="false_alarm").status_code == 303
    (said,) = [msgspec.json.decode(each) for each in list_verdicts(trained.data, OWN)]
    assert (said["refers_to"], said["verdict"], said["by"]) == (asked.event_id, "false_alarm", "ada")
