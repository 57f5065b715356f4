"""What is stored is read back as it was, by one process at a time, whatever happened to the one before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import ChdbStore, listed
from tests.store.disk import Prepare, small_disk
from tests.store.found import alert, leakage, mark, one_of_each, quarantined
from tollwatch.errors import InputError, StoreError, VersionError
from tollwatch.findings import (
    ChallengerScore,
    ControlRun,
    Evidence,
    FeedHealth,
    FrameMark,
    LedgerPosition,
    LedgerUnits,
    ModelHealth,
    Quarantined,
    Score,
)
from tollwatch.frames import Findings

ROOT = Path(__file__).parents[2]
OPEN = "import sys; from pathlib import Path; from store import ChdbStore; s = ChdbStore(Path(sys.argv[1]));"


def python(code: str, *words: object, prepare: Prepare | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own."""
    line = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=prepare)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    """A store with its tables."""
    made = ChdbStore(tmp_path_factory.mktemp("data"))
    made.apply_tables()
    yield made
    made.close()


@pytest.fixture
def empty(store: ChdbStore) -> ChdbStore:
    """The store with nothing in it."""
    for name in store.query("SELECT name FROM system.tables WHERE database = 'tollwatch' AND engine != 'View'")["name"]:
        if name != "schema_migrations":
            store.run(f"TRUNCATE TABLE {name}")
    return store


def stored(store: ChdbStore, kind: type[msgspec.Struct], table: str) -> list[Any]:
    """The rows of a table as findings again."""
    names = list(kind.__struct_fields__)
    found = []
    for row in store.query(f"SELECT {', '.join(names)} FROM {table} FINAL ORDER BY ALL").iter_rows(named=True):
        values = {n: int(v.timestamp() * 1000) if hasattr(v, "timestamp") else v for n, v in row.items()}
        if "inputs" in values:
            values["inputs"] = msgspec.json.decode(str(values["inputs"]))
            values["cut"] = msgspec.json.decode(str(values["cut"]))
        found.append(kind(**values))
    return found


def test_alerts_and_leakages_come_back_to_the_byte(empty: ChdbStore) -> None:
    """A listing prints what the line found: no digit of an amount and no null is lost."""
    found = one_of_each()
    empty.write(found)
    assert list(listed(empty, "alert")) == [msgspec.json.encode(each, order="sorted") for each in found.alerts]
    assert list(listed(empty, "leakage")) == [msgspec.json.encode(each, order="sorted") for each in found.leakages]


@pytest.mark.parametrize(
    ("kind", "table", "of"),
    [
        (Evidence, "evidence", "evidence"),
        (Score, "score", "all_scores"),
        (ControlRun, "control_run", "control_runs"),
        (LedgerPosition, "ledger_position", "positions"),
        (LedgerUnits, "ledger_units", "units"),
        (ChallengerScore, "challenger_score", "challenger_scores"),
        (ModelHealth, "model_health", "model_health"),
        (FeedHealth, "feed_health", "health"),
        (FrameMark, "frame_mark", "frame_marks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_other_kinds_come_back_as_they_were(
    empty: ChdbStore, kind: type[msgspec.Struct], table: str, of: str
) -> None:
    """Column by column the same, floats to the last bit."""
    found = one_of_each()
    empty.write(found)
    written = getattr(found, of)
    assert stored(empty, kind, table) == list(written() if callable(written) else written)


def test_quarantined_bytes_come_back(empty: ChdbStore) -> None:
    """The raw record is bytes: no text, maybe not even UTF-8."""
    found = one_of_each().quarantined
    empty.write(Findings(quarantined=found))
    rows = empty.query("SELECT position, hex(raw) AS raw FROM quarantine FINAL ORDER BY position")
    assert [bytes.fromhex(raw) for raw in rows["raw"]] == [each.raw for each in found]


def test_columns_say_what_the_document_says(empty: ChdbStore) -> None:
    """Dashboards read the columns; they hold the numbers of the document."""
    empty.write(one_of_each())
    row = empty.query(
        "SELECT alert_id::String AS id, amount_micros, claim_hash_sum, severity::String AS severity, "
        "toUnixTimestamp64Milli(event_time) AS at FROM alert FINAL ORDER BY id"
    ).row(0, named=True)
    first = alert(1)
    assert (row["id"], row["amount_micros"], row["at"]) == (first.alert_id, first.amount_micros, first.event_time)
    assert (row["claim_hash_sum"], row["severity"]) == (2**64 - 1, "warning")


def test_writing_again_changes_nothing(empty: ChdbStore) -> None:
    """A run that begins again writes the same ids and revisions."""
    rows = pl.DataFrame(
        {"event_id": ["a"], "event_time": [1], "source": ["s"], "tenant": ["main"], "service": ["sms"], "_offset": [0]}
    )
    marks = pl.DataFrame({"stream": ["usage"], "_partition": ["f"], "_offset": [0], "mark": ["late"]})
    for _ in range(2):
        empty.write_raw("usage", "f", rows)
        empty.write_event_marks(marks)
        empty.write(one_of_each())
    names = [
        "alert",
        "leakage",
        "evidence",
        "score",
        "quarantine",
        "frame_mark",
        "feed_health",
        "control_run",
        "raw_usage",
        "event_mark",
    ]
    counted = {name: empty.query(f"SELECT count() AS n FROM {name} FINAL")["n"][0] for name in names}
    assert counted == dict.fromkeys(names, 1) | {"alert": 2, "quarantine": 2}


def test_raw_events_come_back(empty: ChdbStore) -> None:
    """A raw event keeps its columns and its place; a list that is absent is empty."""
    rows = pl.DataFrame(
        {
            "event_id": ["a", "b"],
            "event_time": [1, 2],
            "source": ["s", "s"],
            "tenant": ["main"] * 2,
            "hops": [["x", "y"], None],
            "_offset": [3, 4],
        }
    )
    empty.write_raw("planned_tests", "tests.ndjson#2", rows)
    empty.flush_raw()
    back = empty.query("SELECT event_id, hops, _partition, _offset FROM raw_planned_tests FINAL ORDER BY _offset")
    assert back.rows() == [("a", ["x", "y"], "tests.ndjson#2", 3), ("b", [], "tests.ndjson#2", 4)]


def test_listing_is_in_the_order_of_ids_then_revisions(empty: ChdbStore) -> None:
    """However they were written; by default the last revision of each alone."""
    wanted = [(1, 1), (1, 2), (1, 10), (2, 1), (3, 1)]
    for number, revision in [wanted[n] for n in (3, 1, 4, 2, 0)]:
        empty.write(Findings(alerts=[alert(number, revision)]))
    every = [msgspec.json.decode(each) for each in listed(empty, "alert", all_revisions=True)]
    last = [msgspec.json.decode(each) for each in listed(empty, "alert")]
    assert [(int(each["alert_id"], 16), each["revision"]) for each in every] == wanted
    assert [(int(each["alert_id"], 16), each["revision"]) for each in last] == [(1, 10), (2, 1), (3, 1)]


def test_listing_by_name_and_time(empty: ChdbStore) -> None:
    """Only these controls, only since then; `since` is included."""
    made = [leakage(n, control="odd" if n % 2 else "it's even", event_time=1000 * n) for n in range(6)]
    empty.write(Findings(leakages=made))
    found = [msgspec.json.decode(each) for each in listed(empty, "leakage", names=["it's even"], since_ms=2000)]
    assert [each["event_time"] for each in found] == [2000, 4000]


def test_runs_are_apart(empty: ChdbStore) -> None:
    """The same id in another run or tenant is another alert."""
    empty.write(Findings(alerts=[alert(1), alert(1, 2, run="replay"), alert(1, 3, tenant="mvno")]))
    found = [msgspec.json.decode(each) for each in listed(empty, "alert")]
    assert [(each["run"], each["tenant"], each["revision"]) for each in found] == [
        ("live", "main", 1),
        ("live", "mvno", 3),
        ("replay", "main", 2),
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
@settings(max_examples=60)
def test_parameters_are_values_and_never_sql(store: ChdbStore, text: str, texts: list[str]) -> None:
    """Quotes, backslashes and braces of a user's word stay its own."""
    found = store.query("SELECT {a:String} AS a, {b:Array(String)} AS b", {"a": text, "b": texts})
    assert found.rows() == [(text, texts)]


def test_who_only_reads_cannot_write(tmp_path: Path) -> None:
    """ClickHouse itself refuses, so no parser of ours can be fooled."""
    line = OPEN + "s.apply_tables(); s.only_read(); s.query('SELECT 1'); s.run(sys.argv[2])"
    for sql in (
        "DROP TABLE alert",
        "INSERT INTO alert (alert_id) VALUES ('1')",
        "SET readonly = 0",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    ):
        done = python(line, tmp_path, sql)
        assert "StoreError" in done.stderr.splitlines()[-1], sql
        assert "readonly" in done.stderr.lower(), sql


def test_a_directory_is_held_by_one_process(store: ChdbStore) -> None:
    """The second says so and names the first."""
    done = python(OPEN, store.directory)
    assert f"StoreBusyError: {store.directory} is in use by process {os.getpid()}" in done.stderr


def test_a_directory_is_let_go(tmp_path: Path) -> None:
    """Who closed a store, or failed to open it, holds nothing."""
    (tmp_path / "version").write_text("99\n")
    with pytest.raises(VersionError, match=r"newer Tollwatch \(version 99, this one knows 1\)"):
        ChdbStore(tmp_path)
    with pytest.raises(VersionError, match="newer"):
        ChdbStore(tmp_path)


def test_what_is_no_data_directory_is_refused(tmp_path: Path) -> None:
    """A file, or a folder whose version is something else."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; name a directory"):
        ChdbStore(tmp_path / "file")
    (tmp_path / "version").write_text("1.2.3")
    with pytest.raises(VersionError, match="holds no version number"):
        ChdbStore(tmp_path)


def test_killed_while_writing(tmp_path: Path) -> None:
    """Killed with -9 the store opens again, and a frame that is marked is there whole."""
    code = OPEN + (
        "from tests.store.found import *; s.apply_tables(); n = 0\n"
        "while True:\n"
        "    s.write(Findings(alerts=[alert(200 * n + k) for k in range(200)], frame_marks=[mark(n)])); n += 1\n"
        "    print(n, flush=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(3):
        child.stdout.readline()
    time.sleep(0.03)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    code = OPEN + (
        "q = lambda sql: s.query(sql)['n'][0]; s.apply_tables();"
        "print(q('SELECT count() AS n FROM frame_mark FINAL'), q('SELECT count() AS n FROM alert FINAL'),"
        " q('SELECT count() AS n FROM alert FINAL WHERE reinterpretAsUInt64(reverse(unhex(alert_id)))"
        " < 200 * (SELECT count() FROM frame_mark FINAL)'))"
    )
    done = python(code, tmp_path)
    marks, alerts, marked = map(int, done.stdout.split())
    assert marks >= 3, done.stderr
    assert marked == 200 * marks
    assert alerts <= 200 * (marks + 1)


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    """Half a scratch file of an insert is thrown away."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "alert.arrow").write_bytes(b"half")
    assert python(OPEN + "s.close()", tmp_path).returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


FULL = """
import os
from tests.store.found import *
s.apply_tables(); s.write(Findings(alerts=[alert(1)], frame_marks=[mark(0)])); print("before", flush=True)
s.write(Findings(quarantined=[quarantined(n, os.urandom(1 << 16)) for n in range(512)]))
"""


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    """What does not fit is said plainly, and what was stored before is kept."""
    with small_disk(tmp_path / "small", 24 << 10, 1 << 10) as prepare:
        done = python(OPEN + FULL, tmp_path / "small", prepare=prepare)
        assert done.stdout == "before\n", done.stderr
        assert done.stderr.splitlines()[-1].endswith(
            "the disk is full; free some space and start again, what was stored before is kept"
        )
        code = OPEN + "from store import listed; print(len(list(listed(s, 'alert'))))"
        assert python(code, tmp_path / "small").stdout == "1\n"


def test_a_database_error_is_one_sentence(store: ChdbStore) -> None:
    """No stack trace of ClickHouse reaches the user."""
    with pytest.raises(StoreError, match="alerts") as caught:
        store.query("SELECT * FROM alerts")
    assert "\n" not in str(caught.value)
    assert store.query("SELECT 1 AS one").rows() == [(1,)]
    assert store.bytes_on_disk() > 0


def test_every_field_of_quarantine_has_a_column(store: ChdbStore) -> None:
    """Who adds a field to a finding adds its column."""
    columns = set(store.query("DESCRIBE TABLE quarantine")["name"])
    assert set(Quarantined.__struct_fields__) <= columns
    assert quarantined(1, b"x").line == 2
    assert mark(1).begin == 10
