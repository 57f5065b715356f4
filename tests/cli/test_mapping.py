"""`tollwatch mapping check | suggest | formats`: a mapping is tried before anything is stored."""

import json
import sys
from pathlib import Path

import pytest

from services.formats import FOLDER
from tests.cli.calling import called

COMMAND = [sys.executable, "-m", "tollwatch"]
SAMPLE = FOLDER / "samples/asterisk.csv"


def tollwatch(*words: object, code: int = 0, cwd: Path | None = None) -> str:
    """Run a command; gives what it prints, on standard error where it fails."""
    done = called(*words, cwd=cwd)
    assert done.code == code, done.err
    return done.err if code else done.out


def test_each_record_stands_beside_what_it_becomes(tmp_path: Path) -> None:
    """Line, value and column; the reason of the one that is refused; nothing is stored."""
    shown = tollwatch("mapping", "check", SAMPLE, "--mapping", FOLDER / "asterisk.yaml", cwd=tmp_path)

    assert "calling_number = 447900900001    <- src = +447900900001" in shown
    assert "event_time = 2026-03-04T10:12:20.000Z    <- end = 2026-03-04 10:12:20" in shown
    assert "line 3: refused\n  calling_number (column src): `07900900001` can be no number" in shown
    assert "3 records: 2 read, 1 refused, 0 left out" in shown
    assert not [*tmp_path.iterdir()]


def test_as_ndjson_and_only_some(tmp_path: Path) -> None:
    """For programs: what was given, what was read, why not."""
    lines = tollwatch(
        "mapping",
        "check",
        SAMPLE,
        "--mapping",
        FOLDER / "asterisk.yaml",
        "--rows",
        1,
        "--format",
        "ndjson",
        cwd=tmp_path,
    ).splitlines()
    (record,) = map(json.loads, lines)

    assert (record["line"], record["given"]["src"], record["read"]["duration_s"]) == (1, "+447900900001", 60)


def test_nothing_that_can_be_read_is_a_failure(tmp_path: Path) -> None:
    """Exit code 3, as a run would end."""
    file = tmp_path / "bad.csv"
    file.write_text("only,three,columns\n" * 4)
    assert "none of the first 4 records" in tollwatch(
        "mapping", "check", file, "--mapping", FOLDER / "asterisk.yaml", code=3
    )


def test_a_suggestion_can_be_checked_at_once(tmp_path: Path) -> None:
    """What one command prints the other takes."""
    mapping = tmp_path / "m.yaml"
    mapping.write_text(tollwatch("mapping", "suggest", FOLDER / "samples/kamailio.csv"))
    assert "3 read" in tollwatch("mapping", "check", FOLDER / "samples/kamailio.csv", "--mapping", mapping)


def test_ready_mappings_are_listed_and_taken_by_name(tmp_path: Path) -> None:
    """A run with `--format` needs no mapping file."""
    assert "asterisk " in tollwatch("mapping", "formats")
    run = ["run", "--usage", SAMPLE, "--format", "asterisk", "--country", "GB", "--as-of", "2026-03-05", "--json"]
    assert json.loads(tollwatch(*run, "--data", tmp_path / "data"))["events"] == 3


@pytest.mark.parametrize(
    "words", [["run", "--usage", SAMPLE, "--format", "astrisk"], ["mapping", "suggest", "nowhere"]]
)
def test_what_is_wrong_is_one_line(words: list[object], tmp_path: Path) -> None:
    """With the nearest name, or what to check."""
    code = 3 if words[0] == "mapping" else 4
    assert tollwatch(*words, code=code, cwd=tmp_path).count("\n") == 1
