"""People's rights on a real data directory: everything comes out, and after an erasure nothing says who it was."""

from pathlib import Path

import msgspec
import pytest

from tests.cli.calling import called as call_command

START_MS = 1_767_225_600_000
PERSON, OTHER = "447199999999", "447188888888"


def called(*words: object, code: int = 0) -> str:
    """Run a verb as a user does."""
    made = call_command(*words)
    assert made.code == code, made.err
    return made.out + made.err


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two who call many people for a second; a broken record, a verdict and a list that speak of the first."""
    folder = tmp_path_factory.mktemp("person")
    call = {"service": "voice", "record_type": "originating", "duration_s": 0, "ring_s": 1, "subscriber_id": "S1"}
    rows = [
        {"event_id": f"{who}-{n}", "event_time": START_MS + 1000 * n, "calling_number": who, **call}
        | {"called_number": f"4473{n:08}"}
        for n in range(60)
        for who in (PERSON, OTHER)
    ]
    lines = [msgspec.json.encode(row) for row in rows]
    lines.append(b'{"event_id":"broken","calling_number":"' + PERSON.encode() + b'","event_time":"x"}')
    (folder / "usage.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    own = folder / "data"
    called("run", "--usage", folder / "usage.ndjson", "--data", own, "--as-of", "2026-01-02")
    called("lists", "add", "suspects", PERSON, "--note", f"saw {PERSON} again", "--data", own)
    shown = called("alerts", "--data", own, "--format", "ndjson", "--identifiers")
    alert = next(msgspec.json.decode(line) for line in shown.splitlines() if PERSON in line)
    called("verdict", "give", alert["alert_id"], "fraud", "--data", own)
    called("lists", "export", "--data", own)
    return own


def holding(data: Path, identifier: str) -> list[str]:
    """Files of the directory in which an identifier stands as it is, or in a table of the store."""
    called("query", "OPTIMIZE", "--data", data, code=5)
    found = [str(path) for path in data.rglob("*") if path.is_file() and identifier.encode() in path.read_bytes()]
    return [path for path in found if "/clickhouse/" not in path]


def test_export_then_erase(data: Path, tmp_path: Path) -> None:
    """All kinds come out; then none is left, of this person and of no other."""
    to = tmp_path / "person.ndjson"
    called("person", "export", PERSON, "--to", to, "--data", data)
    rows = [msgspec.json.decode(line) for line in to.read_bytes().splitlines()]
    kinds = {row["kind"] for row in rows}
    assert {"raw_usage", "alert", "evidence", "quarantine", "verdict", "list_entry"} <= kinds
    assert sum(row["kind"] == "raw_usage" for row in rows) == 60
    assert to.stat().st_mode & 0o777 == 0o600
    assert all(OTHER not in msgspec.json.encode(row).decode() for row in rows)

    before = called("alerts", "--data", data, "--format", "ndjson", "--identifiers")
    said = called("person", "erase", PERSON, "--reason", "request 17", "--data", data)
    assert "erased-" in said

    called("person", "export", PERSON, "--to", to, "--data", data)
    assert to.read_bytes() == b""
    assert holding(data, PERSON) == []
    after = called("alerts", "--data", data, "--format", "ndjson", "--identifiers")
    assert PERSON in before
    assert PERSON not in after
    assert after.count(OTHER) == before.count(OTHER) > 0
    assert len(after.splitlines()) == len(before.splitlines())
    name = said.split("say ")[1].split()[0]
    counted = called("query", f"SELECT count() FROM raw_usage FINAL WHERE calling_number = '{name}'", "--data", data)
    assert "60" in counted
    audit = called("audit", "list", "--data", data, "--format", "ndjson")
    assert "request 17" in audit
    assert PERSON not in audit
    assert "it holds" in called("audit", "verify", "--data", data)

    more = tmp_path / "more.ndjson"
    more.write_bytes(
        msgspec.json.encode(
            {"event_id": "x", "event_time": START_MS + 90_000, "service": "voice", "record_type": "originating"}
        )
    )
    assert "events" in called("run", "--usage", more, "--data", data, "--as-of", "2026-01-02"), "the state is whole"


def test_every_file_is_its_owner_s(data: Path) -> None:
    """Databases, snapshots, keys, exports: nobody else reads any of it, wherever the directory is moved."""
    open_ones = [path for path in [data, *data.rglob("*")] if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert open_ones == []


@pytest.mark.parametrize("identifier", ["447", "a b c d e", "4471999.*", "x' OR 1=1", ""])
def test_what_would_meet_others_is_refused(data: Path, tmp_path: Path, identifier: str) -> None:
    """Too short, or no identifier."""
    said = called("person", "export", identifier, "--to", tmp_path / "x", "--data", data, code=4)
    assert "is no identifier" in said


def test_what_is_too_old_goes_by_its_event_time(data: Path, tmp_path: Path) -> None:
    """Not by when it was stored; without a setting nothing goes."""
    assert "retention is not set" in called("person", "forget", "--data", data, code=4)
    config = tmp_path / "tollwatch.toml"
    config.write_text("[retention]\nevents_days = 10\nfindings_days = 300\n", "utf-8")
    words = ("person", "forget", "--data", data, "--config", config, "--as-of")
    assert called(*words, "2026-01-05").startswith("0 rows")
    assert "raw_usage: 12" in called(*words, "2026-01-20")
    assert called("alerts", "--data", data, "--format", "ndjson", "--identifiers")
