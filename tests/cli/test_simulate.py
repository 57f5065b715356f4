"""`tollwatch simulate` writes one file per stream and the truth."""

from pathlib import Path

import pytest

from cli import call
from replay.simulate.run import WRITTEN
from replay.truth import read_truth


def test_one_file_per_stream_and_the_truth(tmp_path: Path) -> None:
    """Only what was asked for is planted; look-alikes and broken lines are always there."""
    words = ["simulate", str(tmp_path), "--subscribers", "300", "--days", "1", "--seed", "7"]
    assert call([*words, "--plant", "wangiri", "--plant", "card_testing"]) == 0
    assert {file.name for file in tmp_path.iterdir()} == {
        *(f"{name}.ndjson" for name in WRITTEN),
        "truth.ndjson",
        "tollwatch.toml",
    }
    truths = read_truth(tmp_path / "truth.ndjson")
    assert {truth.name for truth in truths if truth.kind == "fraud"} == {"wangiri", "card_testing"}
    assert {truth.kind for truth in truths} == {"fraud", "look-alike", "broken"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--plant", "wangri"], 4, "wangiri"),
        (["--subscribers", "0"], 2, "1"),
        (["--format", "xml"], 2, "parquet"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with what to do."""
    assert call(["simulate", str(tmp_path), *words]) == code
    assert said in capsys.readouterr().err
