"""`tollwatch controls`: runs over what has changed, over everything, and as of a moment."""

from pathlib import Path

import msgspec
import pytest

from cli import call
from tests.cli.stored import decoded

START, QUARTER = 1_772_323_200_000, 900_000


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files numbered 1 to 9 of one source; 6 and 7 are missing. They have been read, and controls have run."""
    monkeypatch.setenv("TOLLWATCH_ENABLED", '["file_gap", "wangiri"]')
    rows = [
        {
            "event_id": f"file-{number}",
            "event_time": START + number * QUARTER,
            "source": "msc",
            "batch_id": f"msc-{number}",
            "kind": "file",
            "scope": "usage",
            "state": "closed",
            "records": 10,
            "period_start": START + (number - 1) * QUARTER,
            "period_end": START + number * QUARTER,
            "sequence_number": number,
        }
        for number in (1, 2, 3, 4, 5, 8, 9)
    ]
    file = tmp_path / "batches.ndjson"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    assert call(["run", "--batches", str(file), "--data", str(tmp_path / "data")]) == 0
    return tmp_path / "data"


def ran(capfd: pytest.CaptureFixture[str], data: Path, *words: str) -> list[tuple[str, int]]:
    """Each control that ran, and how many breaks stand."""
    capfd.readouterr()
    assert call(["controls", "run", "--data", str(data), "--format", "ndjson", *words]) == 0
    return [(row["control"], row["breaks"]) for row in decoded(capfd.readouterr().out)]


def test_runs_look_at_what_has_changed(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without news nothing runs; `--full` looks again, and finds what stands; nothing is stored twice."""
    assert ran(capfd, data) == []
    assert ran(capfd, data, "--full") == [("file_gap", 2)]
    assert call(["leakages", "--data", str(data), "--format", "ndjson", "--all-revisions"]) == 0
    assert [row["revision"] for row in decoded(capfd.readouterr().out)] == [1, 1]


def test_as_of_a_moment_nothing_is_stored(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Before the gap there was none; what stands now stays."""
    assert ran(capfd, data, "--as-of", "2026-03-01T01:15Z") == [("file_gap", 0)]
    assert ran(capfd, data, "--as-of", "2026-03-01T02:15Z") == [("file_gap", 2)]
    assert call(["leakages", "--data", str(data), "--format", "ndjson", "--all-revisions"]) == 0
    assert [row["state"] != "withdrawn" for row in decoded(capfd.readouterr().out)] == [True, True]


def test_a_control_nobody_knows_is_named(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the nearest that there is."""
    assert call(["controls", "run", "--data", str(data), "--control", "file_gab"]) == 4
    assert "file_gap" in capfd.readouterr().err
    assert call(["controls", "list"]) == 0
    assert "file_gap" in capfd.readouterr().out
