"""Identifiers are masked in every kind of document, and nothing that says who somebody is slips through."""

import msgspec

from tests.store.found import alert, leakage
from tollwatch.columns import schema
from tollwatch.events import STREAMS
from tollwatch.personal import NUMBERS, PERSONAL, masked, without_identifiers


def test_a_finding_shows_nobody() -> None:
    """Subject, account, subscriber and claim; money and times stay."""
    whole = msgspec.to_builtins(msgspec.structs.replace(alert(1), subject="447100000123", account_id="A0000374"))
    shown = without_identifiers(whole)
    text = msgspec.json.encode(shown).decode()
    assert "447100000123" not in text
    assert "A0000374" not in text
    assert shown["subject"] == "4471…23"
    assert shown["amount_micros"] == whole["amount_micros"]
    assert shown["alert_id"] == whole["alert_id"]
    assert without_identifiers(msgspec.to_builtins(leakage(1)))["subject"] == masked(leakage(1).subject)


def test_records_as_they_came_are_left_out() -> None:
    """A quarantined line may say anything."""
    assert without_identifiers({"raw": "NDQ3", "text": "447", "row": "{}", "line": 3}) == {
        "raw": "…",
        "text": "…",
        "row": "…",
        "line": 3,
    }


def test_every_column_of_the_streams_was_thought_of() -> None:
    """A new column whose name sounds like an identifier of a person is on the list, or is known not to be one."""
    names = {name for stream in STREAMS for name in schema(stream)}
    assert set(NUMBERS) <= names
    sounding = {
        name for name in names if name.endswith(("_number", "_fingerprint", "imsi", "imei", "msisdn", "serial"))
    }
    assert sounding <= PERSONAL | {"sequence_number", "part_number"}, "of files"
