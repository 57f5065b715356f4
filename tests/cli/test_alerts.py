"""`tollwatch alerts` prints what is stored, the same bytes each time."""

import io
import subprocess
import sys
from pathlib import Path

import msgspec
import polars as pl
import pytest

from cli import call
from tests.cli.stored import FOUND, make

NAME = "alerts"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with findings."""
    return make(tmp_path_factory.mktemp("cli") / "data")


def printed(capfdbinary: pytest.CaptureFixture[bytes], *words: object) -> bytes:
    """What a command that succeeds prints."""
    code = call([str(word) for word in words])
    shown = capfdbinary.readouterr()
    assert (code, shown.err) == (0, b"")
    return shown.out


def test_ndjson_is_the_findings_in_order(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The last revision of each, keys sorted."""
    second, _, last, third = FOUND.alerts
    wanted = b"".join(msgspec.json.encode(each, order="sorted") + b"\n" for each in (last, second, third))
    assert printed(capfdbinary, "alerts", "--data", data, "--format", "ndjson", "--identifiers") == wanted


def test_all_revisions_of_one_detector(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """In the order of ids, then revisions."""
    shown = printed(
        capfdbinary,
        "alerts",
        "--data",
        data,
        "--format",
        "ndjson",
        "--identifiers",
        "--all-revisions",
        "--detector",
        "wangiri",
    )
    rows = [msgspec.json.decode(line) for line in shown.splitlines()]
    assert [(int(row["alert_id"], 16), row["revision"]) for row in rows] == [(1, 1), (1, 2), (2, 1)]


def test_since(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Only alerts whose latest event is not before."""
    shown = printed(capfdbinary, "alerts", "--data", data, "--format", "ndjson", "--since", "2026-01-01T00:00:02Z")
    assert [int(msgspec.json.decode(line)["alert_id"], 16) for line in shown.splitlines()] == [2, 3]


def test_a_table_for_people(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Whole ids, money in units, UTC."""
    shown = printed(capfdbinary, "alerts", "--data", data).decode()
    for word in ("3 alerts", "0000000000000001", "9,007,199,254.74", "2026-01-01 00:00:00", "irsf_hot_destination"):
        assert word in shown, word


def test_csv_and_parquet_have_every_field(
    data: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Money to the last digit; a claim has columns of its own."""
    csv = pl.read_csv(io.BytesIO(printed(capfdbinary, "alerts", "--data", data, "--format", "csv", "--identifiers")))
    file = tmp_path / "alerts.parquet"
    printed(capfdbinary, "alerts", "--data", data, "--format", "parquet", "--identifiers", "--output", file)
    parquet = pl.read_parquet(file)
    assert csv.columns == parquet.columns
    assert csv["amount_micros"].to_list() == parquet["amount_micros"].to_list() == [9_007_199_254_740_993] * 3
    assert parquet["claim_hash_sum"].to_list() == [2**64 - 1] * 3
    assert csv["features"][0] == '{"ratio":null,"tiny":1e-9,"victims":20.0}'


@pytest.mark.parametrize("form", ["table", "ndjson", "csv"])
def test_nothing_found_is_no_error(data: Path, form: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """An empty listing in each format."""
    shown = printed(
        capfdbinary, "alerts", "--data", data, "--detector", "none", "--format", form, "--identifiers"
    ).decode()
    assert shown.count("\n") < 8
    assert "wangiri" not in shown


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--data", "nowhere"], 3, "nowhere: there is no data directory"),
        (["--since", "yesterday"], 4, "`yesterday` is no time"),
        (["--format", "parquet"], 4, "parquet is no text"),
        (["--format", "xml"], 2, "xml"),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], code: int, sentence: str, data: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """And no directory is made for a misspelt name."""
    where = [] if "--data" in words else ["--data", str(data)]
    assert call(["alerts", *where, *words]) == code
    shown = capfdbinary.readouterr().err.decode()
    assert sentence in shown
    assert shown.count("\n") == 1
    assert not Path("nowhere").exists()


def test_a_second_process_says_so_and_exits_2(data: Path) -> None:
    """One process holds a data directory, even for reading."""
    code = (
        "import subprocess, sys; from pathlib import Path; from store import ChdbStore;"
        "s = ChdbStore(Path(sys.argv[1]));"
        "sys.exit(subprocess.call([sys.executable, '-m', 'tollwatch', 'alerts', '--data', sys.argv[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, data], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"tollwatch: {data} is in use by process ")
    assert done.stderr.count("\n") == 1


def test_a_newer_directory_is_refused(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """It says what to do and exits 5."""
    (tmp_path / "version").write_text("2\n")
    assert call(["alerts", "--data", str(tmp_path)]) == 5
    assert b"was written by a newer Tollwatch (version 2, this one knows 1); upgrade" in capfdbinary.readouterr().err
