"""`tollwatch dataset`, `train` and `models`: from what was scored to a model beside the champion, as users type it."""

from pathlib import Path

import msgspec
import pytest

from tests.cli.calling import called
from tests.services.lab.test_lab import DAYS, events

TRAINED = 18
"""Days of the training set; a challenger is judged by those behind it."""
CONFIG = """
label_horizon_days = 2
enabled = ["payment_risk"]
[detectors.payment_risk]
verdict_delay = "PT24H"
per_day = 4
[sources.desk]
may_send = ["verdicts"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weeks of payments that were run."""
    made = tmp_path_factory.mktemp("lab")
    (made / "tollwatch.toml").write_text(CONFIG, "utf-8")
    for stream, rows in events(0, DAYS).items():
        (made / f"{stream}.ndjson").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    files = ("--payments", made / "payments.ndjson", "--verdicts", made / "verdicts.ndjson")
    assert called("run", *files, "--config", made / "tollwatch.toml", "--data", made / "data").code == 0
    return made


def said(folder: Path, *words: object) -> str:
    """What a command prints that ends well."""
    found = called(*words, "--data", folder / "data", "--config", folder / "tollwatch.toml")
    assert found.code == 0, found.err
    return found.out + found.err


def test_from_a_training_set_to_a_challenger(folder: Path) -> None:
    """Each step says what it did, and what comes next is in its words."""
    until = ("--until", f"2026-03-{1 + TRAINED}")
    text = said(folder, "dataset", "payment_risk", "--to", folder / "set", *until, "--prove", 1)
    assert "1,620 rows, " in text
    assert "rows are the same" in text
    text = said(folder, "train", "logistic", "--on", folder / "set", "--folds", 2, "--fold-days", 3, "--test-days", 4)
    assert "average precision" in text
    listed = [msgspec.json.decode(line) for line in said(folder, "models", "list", "--format", "ndjson").splitlines()]
    (name,) = (each["artifact"] for each in listed)
    assert name in text
    shown = msgspec.json.decode(said(folder, "models", "show", name[:6]))
    assert shown["card"]["dataset"] == "set"
    assert "scores beside the champion" in said(folder, "models", "challenge", name)

    table = said(folder, "models", "label", "payment_risk", "--number", 4, "--control", 2)
    assert "scored events are fraud" in table
    asked = said(folder, "models", "label", "payment_risk", "--number", 4, "--control", 2, "--format", "ndjson")
    reasons = [msgspec.json.decode(line)["why"] for line in asked.splitlines()]
    assert reasons[:2] == ["control", "control"]
    assert len(reasons) >= 6

    nothing = called("models", "compare", name, "--data", folder / "data")
    assert (nothing.code, "has scored nothing" in nothing.err) == (3, True)
    again = ("--payments", folder / "payments.ndjson", "--verdicts", folder / "verdicts.ndjson")
    said(folder, "run", *again)
    assert "of the frauds that only one of them caught" in said(folder, "models", "compare", name)
    assert (
        msgspec.json.decode(said(folder, "models", "compare", name, "--format", "json"))["events"]
        == (DAYS - TRAINED) * 90
    )

    text = said(folder, "models", "promote", name, "--why", "it is simpler")
    assert "A second person has to confirm it" in text
    alone = called("models", "confirm", 1, "--data", folder / "data")
    assert (alone.code, "a second person has to confirm it" in alone.err) == (4, True)
    assert "withdrawn" in said(folder, "models", "confirm", 1, "--reject")
    assert "scores no more" in said(folder, "models", "retire", name)
    rolled = called("models", "rollback", "payment_risk", "--why", "x", "--data", folder / "data")
    assert (rolled.code, "own model already" in rolled.err) == (4, True)


def test_what_cannot_be_used_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    """A model that nobody has, a folder that is no training set, an algorithm that does not exist."""
    own = ("--data", folder / "data")
    found = called("dataset", "payment_rsk", "--to", tmp_path, *own)
    assert (found.code, "did you mean `payment_risk`" in found.err) == (4, True)
    found = called("train", "boosting", "--on", tmp_path, *own)
    assert (found.code, "`tollwatch dataset` writes one" in found.err) == (3, True)
    said(folder, "dataset", "payment_risk", "--to", tmp_path / "set", "--prove", 0)
    found = called("train", "bosting", "--on", tmp_path / "set", *own)
    assert (found.code, "did you mean `boosting`" in found.err) == (4, True)
    found = called("models", "show", "zz", *own)
    assert (found.code, "`tollwatch models list`" in found.err) == (4, True)


def test_a_back_test_leaves_a_page_and_numbers(folder: Path, tmp_path: Path) -> None:
    """A detector against itself: nobody is found by one alone; every file is its owner's alone."""
    own = ("--on", folder / "data", "--config", folder / "tollwatch.toml", "--to", tmp_path / "tried")
    found = called("backtest", "payment_risk", "payment_risk", *own)
    assert found.code == 0, found.err
    assert "subjects of only one" in found.out
    numbers = msgspec.json.decode((tmp_path / "tried" / "numbers.json").read_bytes())
    assert numbers["sides"][0] == numbers["sides"][1]
    assert numbers["only"] == [[], []]
    page = tmp_path / "tried" / "report.html"
    assert "Back-test" in page.read_text("utf-8")
    assert page.stat().st_mode & 0o077 == 0


def test_evaluate_names_the_file_that_it_needs(tmp_path: Path) -> None:
    """Public data are not part of the product; where they are is the user's to say."""
    found = called("evaluate", "sichuan", "--from", tmp_path)
    assert (found.code, "--from" in found.err) == (3, True)


def test_an_alert_is_rebuilt(folder: Path) -> None:
    """Byte for byte, and printed where it is asked for; an id that nobody has is a sentence."""
    own = ("--data", folder / "data", "--config", folder / "tollwatch.toml")
    alerts = [msgspec.json.decode(line) for line in called("alerts", *own[:2], "--format", "ndjson").out.splitlines()]
    found = called("reproduce", alerts[0]["alert_id"], "--show", *own)
    assert found.code == 0, found.err
    assert "byte for byte" in found.err
    assert msgspec.json.decode(found.out.splitlines()[0])["alert_id"] == alerts[0]["alert_id"]
    found = called("reproduce", "f" * 16, *own)
    assert (found.code, "there is no alert" in found.err) == (4, True)
