"""What to label next: a control whose chances are known, what is uncertain, what is new; never what has a label."""

from pathlib import Path

import polars as pl
import pytest

from replay.lab.measures import subject_days
from services.datasets import Wanted, labelled_rows
from services.lab.labelling import missed_fraud, worth_labelling
from services.run import run_line
from services.stores import reading
from services.verdicts import Said, export_verdicts, give_verdict
from streams.read import open_sources
from tests.services.lab.test_lab import DAY0, DAY_MS, SETTINGS, run

DAYS = 12


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scored payments of some days; the last two have no label but for the verdicts that came."""
    folder = tmp_path_factory.mktemp("labelling")
    run(folder / "data", folder, 0, DAYS)
    return folder / "data"


def rows(data: Path) -> pl.DataFrame:
    """All scored events with their labels."""
    with reading(data, SETTINGS) as store:
        return labelled_rows(store, "payment_risk", SETTINGS, Wanted())


def test_only_what_has_no_label_is_asked_for_and_once(data: Path) -> None:
    """Each event and, but for the control, each subject once, with a reason."""
    asked = worth_labelling("payment_risk", data, SETTINGS, number=10, control=3)
    ids = [each.event_id for each in asked]
    assert len(set(ids)) == len(ids)
    assert rows(data).filter(pl.col("event_id").is_in(ids))["label"].null_count() == len(ids)
    assert {each.why for each in asked} == {"control", "uncertain", "new"}
    assert sum(each.why != "control" for each in asked) == 10
    chosen = [each.subject for each in asked if each.why == "new"]
    assert len(set(chosen)) == len(chosen)


def test_the_control_is_the_same_whoever_asks_and_its_chance_is_known(data: Path) -> None:
    """Of ninety events a day three are drawn, whatever they scored."""
    first, again = (worth_labelling("payment_risk", data, SETTINGS, number=n, control=3) for n in (2, 8))
    drawn = [each for each in first if each.why == "control"]
    assert drawn == [each for each in again if each.why == "control"]
    assert {each.chance for each in drawn} == {3 / 90}
    assert all(each.event_time >= DAY0 + (DAYS - 3) * DAY_MS for each in drawn), "older ones have their label"
    assert {each.chance for each in first if each.why != "control"} == {None}


def test_what_is_uncertain_lies_at_the_edge_of_what_is_alerted_on(data: Path) -> None:
    """Of fifty cards a day, of which four are alerted on, those that were nearly among them, or barely."""
    asked = worth_labelling("payment_risk", data, SETTINGS, number=8, control=1)
    known = rows(data).with_columns(label=pl.col("label").fill_null(value=False))
    ranks = subject_days(known["score"].to_numpy(), known).with_columns(n=pl.col("subject").len().over("day"))
    for each in asked:
        if each.why == "uncertain":
            own = ranks.filter((pl.col("day") == each.event_time // DAY_MS) & (pl.col("subject") == each.subject))
            assert own["n"][0] > 40
            assert own["rank"][0] <= 12


def test_the_control_estimates_what_nobody_was_alerted_on(data: Path) -> None:
    """Three of ninety are fraud: an estimate from a tenth of the events comes near, and says how near."""
    found = missed_fraud("payment_risk", data, SETTINGS, control=9)
    assert (found.events, found.asked) == (DAYS * 90, DAYS * 9)
    assert found.judged >= (DAYS - 3) * 9
    assert found.share is not None
    assert found.error is not None
    assert abs(found.share - 3 / 90) < 3 * max(found.error, 0.01)
    assert missed_fraud("payment_risk", data, SETTINGS, days=0).share is None


def test_a_verdict_on_an_event_is_asked_for_no_more(data: Path, tmp_path: Path) -> None:
    """Once the line was told, it is a label."""
    asked = worth_labelling("payment_risk", data, SETTINGS, number=4, control=2)[0]
    at = DAY0 + DAYS * DAY_MS
    give_verdict(asked.event_id, Said("false_alarm", by="ada", at_ms=at), data, SETTINGS, is_event=True)
    file, _ = export_verdicts(data, tmp_path, SETTINGS)
    assert file is not None
    run_line(open_sources({"verdicts": [file]}), data, SETTINGS, as_of_ms=at + DAY_MS)
    again = worth_labelling("payment_risk", data, SETTINGS, number=4, control=2)
    assert asked.event_id not in {each.event_id for each in again}
