"""`tollwatch ledger` and `tollwatch report`: proved, listed, noted, written."""

from pathlib import Path

import msgspec
import pytest

from cli import call
from store import ChdbStore
from tests.dashboards.console.test_leakage import LOSS, OVERCHARGE, found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four leakages of January 2026."""
    store = ChdbStore(tmp_path / "data")
    store.apply_tables()
    store.write(found())
    store.close()
    return tmp_path / "data"


def test_the_ledger_is_written_noted_in_and_proved(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What is not written yet is a fault; after `post` it holds, and a recovery is in it at once."""
    with pytest.raises(SystemExit, match="1"):
        call(["ledger", "verify", "--data", str(data)])
    assert "tollwatch ledger post" in capfd.readouterr().out
    assert call(["ledger", "post", "--data", str(data)]) == 0
    assert "4 positions were written" in capfd.readouterr().out
    assert call(["ledger", "verify", "--data", str(data)]) == 0
    assert "every debit has its credit" in capfd.readouterr().out
    words = ["--kind", "rebill", "--amount", "20", "--note", "bill run 7", "--data", str(data)]
    assert call(["ledger", "act", LOSS, *words]) == 0
    assert call(["ledger", "verify", "--data", str(data)]) == 0
    capfd.readouterr()
    assert call(["ledger", "list", "--data", str(data), "--format", "ndjson"]) == 0
    rows = {row["finding_id"]: row for row in map(msgspec.json.decode, capfd.readouterr().out.splitlines())}
    assert (rows[LOSS]["recovered_micros"], rows[LOSS]["confirmed_micros"]) == (20_000_000, 14_500_000)
    assert rows[LOSS]["account_id"] == "A000…21"
    assert call(["ledger", "list", "--data", str(data), "--finding", LOSS, "--format", "ndjson"]) == 0
    entries = [msgspec.json.decode(line) for line in capfd.readouterr().out.splitlines()]
    assert [(each["debit"], each["credit"], each["own_micros"]) for each in entries] == [
        ("detected", "claims", 34_500_000),
        ("confirmed", "detected", 14_500_000),
        ("recovered", "detected", 20_000_000),
    ]


def test_what_cannot_be_noted_is_refused(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """More than is open, and an id that nothing has."""
    given = ["--kind", "refund", "--note", "x", "--data", str(data)]
    assert call(["ledger", "act", OVERCHARGE, "--amount", "9.01", *given]) == 4
    assert "9.00 DKK are open" in capfd.readouterr().err
    assert call(["ledger", "act", "0" * 16, *given]) == 4
    assert call(["ledger", "list", "--data", str(data), "--finding", "0" * 16]) == 4


def test_the_report_is_written_in_every_form(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """To a file, or to standard output where it is text."""
    given = ["report", "leakage", "--period", "2026-01", "--data", str(data)]
    for form in ("html", "xlsx"):
        out = tmp_path / f"made.{form}"
        assert call([*given, "--format", form, "--output", str(out)]) == 0
        assert out.stat().st_size > 5_000
    capfd.readouterr()
    assert call([*given, "--format", "csv"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 5
    assert call(["report", "leakage", "--period", "soon", "--data", str(data)]) == 4
    assert call([*given, "--output", str(tmp_path / "nowhere" / "x.html")]) == 4
