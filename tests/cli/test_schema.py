"""`tollwatch schema` prints the types as JSON Schema."""

import json

import pytest

from cli import call
from tollwatch.events import STREAMS
from tollwatch.findings import FINDINGS


def test_one_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """What is required, allowed and meant stands in it."""
    assert call(["schema", "payments"]) == 0
    payment = json.loads(capsys.readouterr().out)["$defs"]["Payment"]
    assert set(payment["required"]) == {"event_id", "event_time", "payment_id", "kind", "state"}
    assert "chargeback" in payment["properties"]["kind"]["enum"]
    assert payment["description"].startswith("One change of state of a payment")


def test_all_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    """One document for tools that want every stream and finding."""
    assert call(["schema", "--all"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(STREAMS) | set(FINDINGS)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (["schema", "usge"], "unknown stream or finding `usge`; did you mean `usage`?"),
        (["schema", "zzz"], "known: "),
        (["schema"], "say which, or --all"),
    ],
)
def test_an_unknown_name(line: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest name is suggested."""
    assert call(line) == 4
    assert sentence in capsys.readouterr().err
