"""`tollwatch tables apply | check`."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli import call
from store import ChdbStore
from store.tables import every_table_file
from tests.store.disk import small_disk

NAME = "tables"


def test_apply_then_check(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each file is applied once; a check finds nothing; a lost table record is found and mended."""
    data = tmp_path / "data"
    assert call(["tables", "apply", "--data", str(data)]) == 0
    told = capfd.readouterr().out.splitlines()
    assert told[:-1] == [f"applied {file.name}.sql" for file in every_table_file()]
    assert told[-1] == f"sqlite:///{data}/tollwatch.sqlite: relational tables brought up to date"
    assert call(["tables", "apply", "--data", str(data)]) == 0
    assert capfd.readouterr().out == f"{data}: all tables are there\n"
    assert call(["tables", "check", "--data", str(data)]) == 0
    capfd.readouterr()
    store = ChdbStore(data)
    store.run("ALTER TABLE schema_migrations DELETE WHERE name = '0002_alert' SETTINGS mutations_sync = 1")
    store.close()
    assert call(["tables", "check", "--data", str(data)]) == 5
    assert capfd.readouterr().err == "0002_alert.sql has not been applied; run `tollwatch tables apply`\n"
    assert call(["tables", "apply", "--data", str(data)]) == 0
    assert capfd.readouterr().out == "applied 0002_alert.sql\n"


def test_relational_tables_that_wait_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A check looks at both databases, and changes neither."""
    data = tmp_path / "data"
    assert call(["tables", "apply", "--data", str(data)]) == 0
    (data / "tollwatch.sqlite").unlink()
    for _ in range(2):
        assert call(["tables", "check", "--data", str(data)]) == 5
        assert "the relational tables wait; run `tollwatch tables apply`" in capfd.readouterr().err


def test_check_makes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Who checks a directory that is not there is told so."""
    assert call(["tables", "check", "--data", str(tmp_path / "no")]) == 3
    assert "there is no data directory" in capfd.readouterr().err
    assert not (tmp_path / "no").exists()


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    """It says so, and the command exits 5."""
    with small_disk(tmp_path / "small", 1 << 10, 1) as prepare:
        line = [sys.executable, "-m", "tollwatch", "tables", "apply", "--data", str(tmp_path / "small" / "data")]
        done = subprocess.run(line, capture_output=True, text=True, check=False, preexec_fn=prepare)
    assert done.returncode == 5, done.stderr
    assert done.stderr.startswith("tollwatch: ")
    assert "small/data" in done.stderr
    assert "the disk is full" in done.stderr
    assert done.stderr.count("\n") == 1
