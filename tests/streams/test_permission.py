"""Control apart from data: what a feed sends changes no rule, list or verdict unless it may, or is signed by us."""

import msgspec
import polars as pl
import pytest

from streams.permission import forbidden
from tests.make import START_MS
from tollwatch.config import Settings, SourceSettings
from tollwatch.signing import is_signed, signed

KEY = "ab" * 16
SETTINGS = Settings(
    installation_key=KEY,
    sources={
        "crm": SourceSettings(may_send=["account", "orders"]),
        "vendor": SourceSettings(may_send=["list"]),
        "bank": SourceSettings(may_send=["verdicts"]),
        "loose": SourceSettings(disorder_s=9),
    },
)
REMOVED = {
    "event_id": "rule-1",
    "event_time": START_MS,
    "source": "rules",
    "tenant": "main",
    "entity": "rule",
    "id": "wangiri",
    "valid_to": START_MS,
}


def refused(stream: str, *rows: dict[str, object]) -> list[str]:
    """What is said of each row, "" where it may be sent."""
    reasons = forbidden(stream, pl.DataFrame(list(rows), infer_schema_length=None), SETTINGS)
    return [reasons.get(n, "") for n in range(len(rows))]


@pytest.mark.parametrize(
    ("source", "entity", "sentence"),
    [
        ("crm", "account", ""),
        ("crm", "subscriber", "may not send subscriber; if it is to, name it in `may_send` of [sources.crm]"),
        ("crm", "list", "may not send list"),
        ("vendor", "list", ""),
        ("vendor", "account", "may not send account"),
        ("loose", "account", ""),
        ("loose", "list", "`tollwatch lists export` signs them"),
        ("nobody", "account", ""),
        ("nobody", "list", "may not send list"),
        (None, "list", "source `unknown` may not send list"),
        *[(source, "rule", "may not send rules") for source in ("crm", "vendor", "loose", "nobody", "rules", None)],
    ],
)
def test_who_may_send_which_entity(source: str | None, entity: str, sentence: str) -> None:
    """Ordinary entities from anybody who is not held to others; lists by permission; rules never."""
    (said,) = refused("reference", {"event_id": "e", "source": source, "entity": entity, "id": "x"})
    assert (sentence in said) if sentence else not said


@pytest.mark.parametrize(
    ("stream", "source", "may"),
    [
        ("verdicts", "bank", True),
        ("verdicts", "console", False),
        ("actions", "console", False),
        ("usage", "msc", True),
        ("usage", "bank", False),
        ("orders", "crm", True),
    ],
)
def test_who_may_send_which_stream(stream: str, source: str, may: bool) -> None:
    """Verdicts teach models: only who may, and signed ones. A source that is held to some streams sends no others."""
    (said,) = refused(stream, {"event_id": "e", "source": source})
    assert (not said) is may


def test_a_signed_change_is_taken_from_anywhere() -> None:
    """It was written by a command that has the key, whatever topic or file it came by."""
    change = signed("reference", REMOVED, bytes.fromhex(KEY))
    assert refused("reference", change, change | {"source": "crm"}) == ["", ""]
    verdict = signed("verdicts", {"event_id": "v", "event_time": 1, "verdict": "fraud"}, bytes.fromhex(KEY))
    assert refused("verdicts", verdict) == [""]


@pytest.mark.parametrize(
    "forged",
    [
        {"id": "irsf"},
        {"event_time": START_MS + 1},
        {"valid_to": None},
        {"entity": "list"},
        {"tenant": "b"},
        {"event_id": REMOVED["event_id"]},
        {"rule": "{}"},
    ],
)
def test_a_signature_covers_everything(forged: dict[str, object]) -> None:
    """Another rule, another time, another tenant, one word more: it is another event and has no signature."""
    change = signed("reference", REMOVED, bytes.fromhex(KEY))
    (said,) = refused("reference", change | forged)
    assert said
    assert not is_signed("verdicts", change, bytes.fromhex(KEY)), "nor is it one of another stream"
    assert not is_signed("reference", change, bytes.fromhex("cd" * 16)), "nor under another key"


def test_a_signature_that_is_none_is_refused_even_from_who_may() -> None:
    """Somebody tries."""
    row = {"event_id": "x.signed-" + "0" * 32, "source": "vendor", "entity": "list", "id": "44"}
    assert "signature" in refused("reference", row)[0]


def test_as_a_file_has_it() -> None:
    """Attributes inside or as columns: the same signature."""
    change = REMOVED | {"attributes": {"list_name": "high_risk", "risk": 2}}
    made = signed("reference", change, bytes.fromhex(KEY))
    row = {name: value for name, value in made.items() if name != "attributes"} | {"list_name": "high_risk", "risk": 2}
    assert is_signed("reference", row, bytes.fromhex(KEY))
    assert msgspec.json.encode(made)
