"""`tollwatch query` reads, and only reads."""

from pathlib import Path

import msgspec
import polars as pl
import pytest

from cli import call
from tests.cli.stored import make

NAME = "query"
SQL = "SELECT alert_id, severity, amount_micros, features FROM alert_latest ORDER BY alert_id LIMIT 1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with findings."""
    return make(tmp_path_factory.mktemp("cli") / "data")


def test_each_format(data: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The same row, exact in each."""
    assert call(["query", SQL, "--data", str(data)]) == 0
    assert "9007199254740993" in capfdbinary.readouterr().out.decode()
    assert call(["query", SQL, "--data", str(data), "--format", "ndjson"]) == 0
    row = msgspec.json.decode(capfdbinary.readouterr().out)
    assert (row["alert_id"], row["severity"]) == ("0000000000000001", "warning")
    assert (row["amount_micros"], row["features"]["ratio"]) == (9_007_199_254_740_993, None)
    assert call(["query", SQL, "--data", str(data), "--format", "csv"]) == 0
    assert capfdbinary.readouterr().out.startswith(b'"alert_id","severity"')
    file = tmp_path / "rows.parquet"
    assert call(["query", SQL, "--data", str(data), "--format", "parquet", "--output", str(file)]) == 0
    assert pl.read_parquet(file).row(0)[:3] == ("0000000000000001", "warning", 9_007_199_254_740_993)


def test_no_rows_and_other_statements(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """An empty answer is an answer; SHOW and DESCRIBE are reading too."""
    assert call(["query", "SELECT 1 AS one WHERE 0", "--data", str(data)]) == 0
    assert b"0 rows" in capfdbinary.readouterr().out
    assert call(["query", "SHOW TABLES", "--data", str(data), "--format", "csv"]) == 0
    assert b"quarantine" in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE alert",
        "INSERT INTO alert (alert_id) VALUES ('1')",
        "SELECT 1; DROP TABLE alert",
        "SELEKT 1",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    ],
)
def test_what_is_not_reading_is_refused(data: Path, sql: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """One sentence, exit code 5, and the table is still there."""
    assert call(["query", sql, "--data", str(data)]) == 5
    assert capfdbinary.readouterr().err.count(b"\n") == 1
    assert call(["query", "SELECT count() FROM alert FINAL", "--data", str(data), "--format", "csv"]) == 0
    assert capfdbinary.readouterr().out == b'"count()"\n4\n'
