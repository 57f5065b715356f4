"""`tollwatch quarantine list | show | replay`: nothing is lost, nothing is doubled."""

import base64
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from cli import call
from services.quarantine import line_of
from store import ChdbStore
from store.quarantine import QuarantineFilter, records
from tests.cli.calling import printed as run
from tests.cli.stored import FOUND, make
from tests.store.found import quarantined
from tollwatch.frames import Findings

NAME = "quarantine"
Tell = Callable[..., bytes]
TELLS = {"subscriber_id": "1", "service": "voice", "source": "switch"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with four records in quarantine."""
    return make(tmp_path / "data")


@pytest.fixture
def tell(capfdbinary: pytest.CaptureFixture[bytes]) -> Tell:
    """Call `tollwatch quarantine …`, which must succeed; gives what it printed."""

    def call_it(*words: object) -> bytes:
        code = call(["quarantine", *map(str, words)])
        shown = capfdbinary.readouterr()
        assert code == 0, shown.err
        return shown.out

    return call_it


def listed(tell: Tell, data: Path, *words: object) -> list[dict[str, Any]]:
    """The listing, decoded."""
    shown = tell("list", "--data", data, "--format", "ndjson", "--identifiers", *words)
    return [msgspec.json.decode(line) for line in shown.splitlines()]


def test_list_has_everything(data: Path, tell: Tell) -> None:
    """Place, reason and the bytes, in the order of stream, partition and position."""
    rows = listed(tell, data)
    assert [row["position"] for row in rows] == [2, 0, 1, 3]
    wanted = {each.position: each for each in FOUND.quarantined}
    for row in rows:
        record = wanted[row["position"]]
        assert base64.b64decode(row["raw"]) == record.raw
        assert (row["reason"], row["line"], row["replayed"]) == (record.reason, record.line, False)


def test_list_in_the_other_formats(data: Path, tell: Tell, tmp_path: Path) -> None:
    """A table for people, CSV and Parquet for programs."""
    assert "4 records" in tell("list", "--data", data).decode()
    csv = pl.read_csv(io.BytesIO(tell("list", "--data", data, "--format", "csv", "--identifiers")))
    tell("list", "--data", data, "--format", "parquet", "--identifiers", "--output", tmp_path / "q.parquet")
    assert csv["raw"].to_list() == pl.read_parquet(tmp_path / "q.parquet")["raw"].to_list()


def test_list_what_is_asked_for(data: Path, tell: Tell) -> None:
    """By stream, and by words of the reason."""
    assert [row["stream"] for row in listed(tell, data, "--stream", "orders")] == ["orders"]
    assert [row["position"] for row in listed(tell, data, "--reason", "no utf")] == [1]


def test_show_prints_the_bytes(data: Path, tell: Tell, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """To standard output and nothing beside them; by the beginning of the id."""
    row = next(row for row in listed(tell, data) if row["position"] == 1)
    assert tell("show", row["quarantine_id"][:8], "--data", data) == b"\xff\xfe{"
    assert call(["quarantine", "show", "zz", "--data", str(data)]) == 4
    assert b"there is no such record" in capfdbinary.readouterr().err
    assert call(["quarantine", "show", "", "--data", str(data)]) == 4
    assert b"4 records begin so; type more of it" in capfdbinary.readouterr().err


def test_replay_writes_files_and_marks(data: Path, tell: Tell, tmp_path: Path) -> None:
    """One file per stream and kind, byte for byte; what was not kept whole stays; the second time nothing waits."""
    told = tell("replay", "--data", data, "--to", tmp_path / "to").decode()
    files = {file.name.partition("-")[0] + file.suffix: file.read_bytes() for file in (tmp_path / "to").iterdir()}
    assert files == {
        "orders.ndjson": b'{"event_id":"b"}\n',
        "usage.ndjson": b'{"event_id":"a"}\n',
        "usage.txt": b"\xff\xfe{\n",
    }
    assert "1 record stays in quarantine" in told
    assert f"tollwatch run --orders {tmp_path}/to/orders-" in told
    assert [row["position"] for row in listed(tell, data)] == [3]
    assert len(listed(tell, data, "--all")) == 4
    assert "nothing waits to be replayed" in tell("replay", "--data", data, "--to", tmp_path / "to").decode()


def test_stopped_before_the_marks_it_writes_the_same_files(data: Path, tell: Tell, tmp_path: Path) -> None:
    """Same records, same name, same bytes: a run that has read the file knows it."""
    tell("replay", "--data", data, "--to", tmp_path / "one")
    tell("replay", "--data", data, "--to", tmp_path / "two", "--again")
    one, two = ({f.name: f.read_bytes() for f in (tmp_path / to).iterdir()} for to in ("one", "two"))
    assert one == two


def test_a_mark_outlives_the_same_place_written_again(data: Path, tell: Tell) -> None:
    """A run that begins again from its last snapshot quarantines the same places: they stay replayed."""
    tell("replay", "--data", data)
    make(data)
    assert [row["position"] for row in listed(tell, data)] == [3]


def test_many_records_are_marked(tmp_path: Path) -> None:
    """More than fit in one statement."""
    store = ChdbStore(tmp_path / "data")
    store.apply_tables()
    store.write(Findings(quarantined=[quarantined(n, b'{"n":%d}' % n) for n in range(12_000)]))
    store.close()
    assert call(["quarantine", "replay", "--data", str(tmp_path / "data")]) == 0
    store = ChdbStore(tmp_path / "data")
    assert records(store, QuarantineFilter()) == []
    assert len(records(store, QuarantineFilter(replayed_too=True))) == 12_000
    store.close()


def test_what_the_line_made_flat_is_nested_again(data: Path) -> None:
    """Records refused after they were read are kept as columns; they come back as events."""
    store = ChdbStore(data)
    raw = b'{"entity":"account","id":"a","limit_micros":5}'
    pairs = b'{"state":"active","attributes":[{"key":"speed","value":"1G"}]}'
    store.write(Findings(quarantined=[quarantined(90, raw, stream="reference"), quarantined(91, pairs)]))
    found = {record.position: line_of(record) for record in records(store)}
    store.close()
    assert msgspec.json.decode(found[90]) == {"entity": "account", "id": "a", "attributes": {"limit_micros": 5}}
    assert msgspec.json.decode(found[91]) == {"state": "active", "attributes": {"speed": "1G"}}
    assert found[0] == b'{"event_id":"a"}'


def test_replayed_through_the_line(tmp_path: Path) -> None:
    """An event ahead of its time waits in quarantine; when its time has come it is replayed, and counts once."""
    file, data = tmp_path / "usage.ndjson", tmp_path / "data"
    times = [1_767_225_600_000, 1_767_225_601_000, 1_767_225_600_000 + 86_400_000]
    rows = [TELLS | {"event_id": f"e{n}", "event_time": time} for n, time in enumerate(times)]
    file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    summary = msgspec.json.decode(run("run", "--usage", file, "--data", data, "--as-of", "2026-01-01", "--json"))
    assert (summary["events"], summary["quarantined"]) == (2, 1)
    assert "1 events in" in run("quarantine", "replay", "--data", data, "--run")
    assert "nothing waits" in run("quarantine", "replay", "--data", data, "--run")
    counted = run("query", "SELECT count() FROM raw_usage FINAL", "--data", data, "--format", "csv")
    assert counted.splitlines()[1] == "3"


def test_replayed_with_a_mapping(tmp_path: Path) -> None:
    """Rows of a CSV that a mapping could not read are read when the mapping is put right."""
    file, data, how = tmp_path / "calls.csv", tmp_path / "data", tmp_path / "calls.yaml"
    file.write_text("id,at,kind\n1,2026-01-01T10:00:00Z,V\n2,2026-01-01T10:00:01Z,S\n")
    text = (
        "{stream: usage, files: 'calls*.csv', fields: {event_id: id, event_time: at, "
        "service: {column: kind, values: {V: voice%s}}}}"
    )
    how.write_text(text % "")
    summary = msgspec.json.decode(run("run", "--usage", file, "--mapping", how, "--data", data, "--json"))
    assert (summary["events"], summary["quarantined"]) == (1, 1)
    how.write_text(text % ", S: sms")
    assert "1 events in" in run("quarantine", "replay", "--data", data, "--run", "--mapping", how)
    counted = run("query", "SELECT service FROM raw_usage FINAL ORDER BY event_id", "--data", data, "--format", "csv")
    assert counted.splitlines()[1:] == ['"voice"', '"sms"']


def test_a_replay_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Refused again it stays, once, as its file had it; with the right mapping it is taken, and never twice."""
    file, data, how = tmp_path / "calls.csv", tmp_path / "data", tmp_path / "calls.yaml"
    file.write_text('id;at;kind\n\n1;2026-01-01T10:00:00Z;V\n"2";2026-01-01T10:00:01Z;S\n3;2026-01-01T10:00:02Z;X\n')
    text = (
        "{stream: usage, files: 'calls*.csv', separator: ';', fields: {event_id: {sql: \"_file || '-' || CAST(_row AS "
        'VARCHAR)"}, event_time: at, service: {column: kind, values: {V: voice%s}}}}'
    )
    how.write_text(text % "")
    run("run", "--usage", file, "--mapping", how, "--data", data)
    list_ = ("quarantine", "list", "--data", data, "--format", "ndjson", "--identifiers")
    before = run(*list_)
    assert [msgspec.json.decode(line)["text"].rstrip() for line in before.splitlines()] == [
        '"2";2026-01-01T10:00:01Z;S',
        "3;2026-01-01T10:00:02Z;X",
    ]
    assert [msgspec.json.decode(line)["line"] for line in before.splitlines()] == [4, 5]

    replay = ("quarantine", "replay", "--data", data, "--run", "--mapping")
    for _ in range(2):
        assert "2 records are refused again and stay in quarantine" in run(*replay, how)
        assert run(*list_) == before
    command = [sys.executable, "-m", "tollwatch", *map(str, replay), str(tmp_path / "nowhere.yaml")]
    failed = subprocess.run(command, capture_output=True, check=False)
    assert failed.returncode != 0
    assert run(*list_) == before
    how.write_text(text % ", S: sms")
    assert "1 record is refused again and stays in quarantine" in run(*replay, how)
    assert [msgspec.json.decode(line)["text"][0] for line in run(*list_).splitlines()] == ["3"]
    run(*replay, how, "--again")
    sql = "SELECT event_id FROM events_usage WHERE mark != 'duplicate' ORDER BY event_id"
    shown = run("query", sql, "--data", data, "--format", "csv")
    assert shown.splitlines()[1:] == ['"calls.csv-0"', '"calls.csv-1"']
