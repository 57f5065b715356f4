"""Public data through our line: real calls and SMS raise no alarm, and no line of any file is lost."""

import gzip
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from cli import call
from streams.read import open_source
from streams.reading.mapping import load_mapping
from tests.shared import shared

MAPPINGS = Path(__file__).parent.parent / "examples" / "mappings"
CARDS = "cards/transactions_2018-04-01_2018-08-14.parquet"


def test_real_calls_and_sms_raise_no_alarm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Students' calls and SMS of two weeks: every line read, nothing in quarantine, no alert, as it is and sorted."""
    files = [shared(f"copenhagen_networks_study/{name}.csv.gz") for name in ("calls", "sms")]
    mappings = [MAPPINGS / f"copenhagen_{name}.yaml" for name in ("calls", "sms")]
    for order in ([], ["--sort"]):
        data = ["--data", str(tmp_path / f"data{len(order)}")]
        given = ["run", "--usage", *map(str, files), "--mapping", *map(str, mappings), *order, *data, "--json"]
        assert call(given) == 0
        summary = msgspec.json.decode(capfd.readouterr().out)
        assert (summary["events"], summary["quarantined"], summary["alerts"]) == (1_781 + 13_437, 0, 0)
        assert (summary["late"] > 0) == (not order)
        assert call(["alerts", *data, "--format", "ndjson", "--identifiers"]) == 0
        assert capfd.readouterr().out == ""


def lines_of(path: Path) -> int:
    """Records of a file."""
    if path.suffix == ".parquet":
        return int(pq.ParquetFile(path).metadata.num_rows)
    with gzip.open(path) as file:
        return sum(1 for _ in file) - 1


@pytest.mark.parametrize(
    ("mapping", "file", "taken"),
    [
        ("np_dl_telco_cdr", "np_dl_telco_cdr/cdr.csv.gz", 42_238),
        ("cards_payments", CARDS, 1_303_778),
        ("cards_verdicts", CARDS, 10_659),
    ],
)
def test_no_line_is_lost(mapping: str, file: str, taken: int) -> None:
    """Every line is read, or left out by the mapping's `where`, or refused with a reason (none is)."""
    how, path = load_mapping(MAPPINGS / f"{mapping}.yaml"), shared(file)
    rows, refused, end = 0, 0, 0
    for batch in open_source(path, how.stream, mappings=[how]).batches():
        assert batch.begin == end
        rows, refused, end = rows + len(batch.rows), refused + len(batch.rejected), batch.end
    assert (rows, refused, end) == (taken, 0, lines_of(path))
