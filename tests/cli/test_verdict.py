"""`tollwatch verdict give | list | export`: recorded once, told once."""

from pathlib import Path

import msgspec
import pytest

from cli import call
from store import ChdbStore
from tests.cli.stored import decoded, make
from tests.postgres import postgres_url
from tests.store.found import EVIDENCE, alert
from tollwatch.events import STREAMS
from tollwatch.findings import Evidence
from tollwatch.frames import Findings

__all__ = ["postgres_url"]
NAME = "verdict"
FIRST, SCORED = f"{1:016x}", f"{9:016x}"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with alerts, one of them a model's."""
    made = make(tmp_path / "data")
    row = msgspec.json.encode({"event_id": "p9", "card_fingerprint": "c9", "account_id": "a9"}).decode()
    evidence: Evidence = msgspec.structs.replace(EVIDENCE, finding_id=SCORED, event_id="p9", row=row)
    store = ChdbStore(made)
    store.write(Findings(alerts=[alert(9, score=0.97, subject_kind="account_id", subject="a9")], evidence=[evidence]))
    store.close()
    return made


def test_given_listed_exported(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A verdict carries the keys of its row; money is exact; the file can be read as the stream `verdicts`."""
    at = ["--at", "2026-01-02", "--data", str(data)]
    assert call(["verdict", "give", FIRST, "fraud", "--loss", "12.34", "--currency", "EUR", *at]) == 0
    assert call(["verdict", "give", SCORED, "false_alarm", "--note", "called", *at]) == 0
    assert call(["verdict", "give", "p7", "unsure", "--event", *at]) == 0
    capfd.readouterr()
    assert call(["verdict", "list", "--data", str(data), "--format", "ndjson", "--identifiers"]) == 0
    listed = {row["refers_to"]: row for row in decoded(capfd.readouterr().out)}
    assert set(listed) == {FIRST, "p9", "p7"}
    assert (listed[FIRST]["calling_number"], listed[FIRST]["loss_micros"]) == ("447100000001", 12_340_000)
    assert (listed["p9"]["card_fingerprint"], listed["p9"]["finding_id"]) == ("c9", SCORED)
    assert call(["verdict", "export", "--data", str(data)]) == 0
    told = capfd.readouterr().out
    (file,) = (data / "export").iterdir()
    assert f"tollwatch run --verdicts {file} --data {data}" in told
    events = [msgspec.json.decode(line, type=STREAMS["verdicts"]) for line in file.read_bytes().splitlines()]
    assert {event.event_id.partition(".signed-")[0] for event in events} == {
        row["verdict_id"] for row in listed.values()
    }
    assert {event.event_time for event in events} == {1_767_312_000_000}


def test_told_once(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What was exported waits no more; exported again it is the same file."""
    assert call(["verdict", "give", FIRST, "fraud", "--data", str(data)]) == 0
    assert call(["verdict", "export", "--data", str(data)]) == 0
    capfd.readouterr()
    assert call(["verdict", "export", "--data", str(data)]) == 0
    assert capfd.readouterr().out == "no verdict waits to be exported\n"
    assert call(["verdict", "export", "--data", str(data), "--again"]) == 0
    assert len(list((data / "export").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["f" * 16, "fraud"], 4, "no alert and no leakage has this id"),
        ([FIRST, "maybe"], 2, "maybe"),
        ([FIRST, "fraud", "--loss", "12"], 4, "--loss and --currency belong together"),
        ([FIRST, "fraud", "--loss", "0.0000001", "--currency", "EUR"], 4, "is no amount of money"),
        ([FIRST, "fraud", "--loss", "much", "--currency", "EUR"], 4, "is no amount of money"),
        ([FIRST, "fraud", "--loss", "NaN", "--currency", "EUR"], 4, "is no amount of money"),
    ],
)
def test_mistakes_are_one_sentence(
    data: Path, words: list[str], code: int, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """And nothing is recorded."""
    assert call(["verdict", "give", *words, "--data", str(data)]) == code
    assert sentence in capfd.readouterr().err
    assert call(["verdict", "list", "--data", str(data), "--format", "ndjson", "--identifiers"]) == 0
    assert capfd.readouterr().out == ""


def test_on_postgresql(
    data: Path, postgres_url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server's tables are made when asked for, not by the way."""
    monkeypatch.setenv("TOLLWATCH_DATABASE", postgres_url)
    assert call(["verdict", "give", FIRST, "fraud", "--data", str(data)]) == 5
    assert "its tables are not up to date; run `tollwatch tables apply`" in capfd.readouterr().err
    assert call(["tables", "check", "--data", str(data)]) == 5
    assert call(["tables", "apply", "--data", str(data)]) == 0
    assert call(["verdict", "give", FIRST, "fraud", "--data", str(data)]) == 0
    capfd.readouterr()
    assert call(["verdict", "list", "--data", str(data), "--format", "ndjson", "--identifiers"]) == 0
    assert [row["verdict"] for row in decoded(capfd.readouterr().out)] == ["fraud"]
    assert not (data / "tollwatch.sqlite").exists()
