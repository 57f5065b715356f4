"""`tollwatch lists add | remove | show | export`: what was on a list, and when, stays known."""

from pathlib import Path

import msgspec
import polars as pl
import pytest

from cli import call
from detectors.engine.lists import Lists
from tests.cli.stored import decoded
from tollwatch.events import STREAMS

NAME = "lists"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data directory."""
    assert call(["tables", "apply", "--data", str(tmp_path / "data")]) == 0
    return tmp_path / "data"


def shown(capfd: pytest.CaptureFixture[str], data: Path, *words: str) -> list[tuple[str, int]]:
    """Entries with their risk."""
    capfd.readouterr()
    assert call(["lists", "show", "--data", str(data), "--format", "ndjson", "--identifiers", *words]) == 0
    return [(row["entry"], row["risk"]) for row in decoded(capfd.readouterr().out)]


def lists(verb: str, data: Path, *words: str) -> int:
    """Call a verb on the list `high_risk`."""
    return call(["lists", verb, "high_risk", *words, "--data", str(data)])


def test_added_changed_removed(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each change makes a version; the old ones are kept."""
    assert lists("add", data, "4470", "88213", "88213", "--at", "2026-01-01") == 0
    assert lists("add", data, "4470", "--at", "2026-01-02") == 0
    assert lists("add", data, "4470", "--risk", "3", "--at", "2026-01-03") == 0
    assert lists("remove", data, "88213", "--at", "2026-01-04") == 0
    assert shown(capfd, data) == [("4470", 3)]
    assert shown(capfd, data, "high_risk", "--all") == [("4470", 1), ("4470", 3), ("88213", 1)]
    assert shown(capfd, data, "another") == []


def test_the_line_is_told_each_change_once(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Beginnings and ends as `reference` events that a detector's list takes up."""
    assert lists("add", data, "4470", "88213", "--at", "2026-01-01") == 0
    assert call(["lists", "export", "--data", str(data), "--to", str(data / "one")]) == 0
    assert lists("add", data, "4470", "--risk", "3", "--at", "2026-01-03") == 0
    assert lists("remove", data, "88213", "--at", "2026-01-04") == 0
    assert call(["lists", "export", "--data", str(data), "--to", str(data / "two")]) == 0
    capfd.readouterr()
    assert call(["lists", "export", "--data", str(data)]) == 0
    assert capfd.readouterr().out == "no change waits to be exported\n"
    known = Lists()
    for folder, entries in (("one", {"4470": 1, "88213": 1}), ("two", {"4470": 3})):
        (file,) = (data / folder).iterdir()
        for line in file.read_bytes().splitlines():
            msgspec.json.decode(line, type=STREAMS["reference"])
        rows = [row | row["attributes"] for row in decoded(file.read_bytes())]
        schema = {"list_name": pl.String, "id": pl.String, "risk": pl.Int64, "valid_to": pl.Int64}
        known.learn(pl.DataFrame(rows, schema=schema))
        own = {entry: risk for entry, risk in known.entries["high_risk"].items() if entry in {"4470", "88213"}}
        assert own == entries


def test_mistakes_are_one_sentence(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And change nothing."""
    assert lists("add", data, "4470") == 0
    assert lists("remove", data, "4470", "99") == 4
    assert "`99` is not on it; nothing was changed" in capfd.readouterr().err
    assert shown(capfd, data) == [("4470", 1)]
    assert lists("add", data) == 4
    assert call(["lists", "show", "--data", str(data / "no")]) == 3
