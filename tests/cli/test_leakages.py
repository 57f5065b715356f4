"""`tollwatch leakages` prints what is stored."""

from pathlib import Path

import msgspec
import pytest

from cli import call
from tests.cli.stored import FOUND, make

NAME = "leakages"


def test_leakages_in_order(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The last revision of each, keys sorted, or those of one control; a negative amount stays so."""
    data = make(tmp_path / "data")
    _, first, second = FOUND.leakages
    assert call(["leakages", "--data", str(data), "--format", "ndjson", "--identifiers"]) == 0
    wanted = b"".join(msgspec.json.encode(each, order="sorted") + b"\n" for each in (first, second))
    assert capfdbinary.readouterr().out == wanted
    assert call(["leakages", "--data", str(data), "--control", "billed_not_provisioned"]) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert "1 leakage" in shown
    assert "-9,007,199,254.74" in shown
