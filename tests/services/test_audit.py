"""The audit: who did what is kept, people masked; a row changed, taken out, put in or cut off is found."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from services.audit import list_audit, note, note_settings, verify_audit
from services.lists import add_entries
from services.relational import acting_user
from store.directory import check_version
from tollwatch.config import KafkaSettings, Settings

SETTINGS = Settings()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory in which five things were done."""
    check_version(tmp_path)
    for n in range(4):
        note(tmp_path, "query", "store", "csv", {"sql": [None, f"SELECT {n}"]}, settings=SETTINGS)
    add_entries("high_risk", ["447100000123"], tmp_path, SETTINGS)
    return tmp_path


def altered(data: Path, *statements: str) -> list[str]:
    """What is found once somebody who can write the file has been at it."""
    with sqlite3.connect(data / "tollwatch.sqlite") as connection:
        for trigger in ("audit_no_update", "audit_no_delete"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
    return verify_audit(data, SETTINGS).broken


def test_untouched_it_holds(data: Path) -> None:
    """Every row, in every order of writers."""
    found = verify_audit(data, SETTINGS)
    assert (found.broken, found.rows) == ([], 7)
    assert found.head in (data / "audit-heads.log").read_text("ascii")
    assert (data / "audit-heads.log").stat().st_mode & 0o777 == 0o600


COPIED = "INSERT INTO audit (at, by, action, table_name, key, changes, chain) "


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE audit SET by = 'nobody' WHERE audit_id = 3",),
        ("UPDATE audit SET at = at + 1 WHERE audit_id = 1",),
        ("""UPDATE audit SET changes = '{"sql": [null, "SELECT 9"]}' WHERE audit_id = 2""",),
        ("DELETE FROM audit WHERE audit_id = 3",),
        ("DELETE FROM audit WHERE audit_id = (SELECT max(audit_id) FROM audit)",),
        ("DELETE FROM audit WHERE audit_id > 2",),
        ("DELETE FROM audit",),
        (COPIED + "SELECT at, by, action, table_name, key, changes, chain FROM audit WHERE audit_id = 2",),
        ("UPDATE audit SET chain = 'none' WHERE audit_id = 4",),
        ("UPDATE audit SET chain = 'none'",),
        ("UPDATE audit SET audit_id = 100 WHERE audit_id = 2",),
    ],
)
def test_whoever_writes_the_file_is_found_out(data: Path, statements: tuple[str, ...]) -> None:
    """Changed, taken out, put in, moved, cut off the end, begun anew."""
    assert altered(data, *statements)


def test_a_head_that_was_noted_elsewhere_must_be_in_it(data: Path) -> None:
    """Who can write all of the directory can write the file of heads, but not your log."""
    head = verify_audit(data, SETTINGS).head
    assert not verify_audit(data, SETTINGS, heads=[head]).broken
    (data / "audit-heads.log").unlink()
    broken = altered(data, "DELETE FROM audit WHERE audit_id > 3")
    assert not broken, "nothing in the directory tells it any more"
    (sentence,) = verify_audit(data, SETTINGS, heads=[head]).broken
    assert "cut off its end" in sentence


@pytest.mark.parametrize("verb", ["UPDATE audit SET by = 'x'", "DELETE FROM audit"])
def test_the_database_itself_refuses(data: Path, verb: str) -> None:
    """Append only, for every program."""
    with sqlite3.connect(data / "tollwatch.sqlite") as connection, pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(verb)


def test_people_are_masked_and_who_acted_is_the_system_s_user(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment does not make somebody else."""
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    rows = [msgspec.json.decode(row) for row in list_audit(data, SETTINGS)]
    assert {row["by"] for row in rows} == {acting_user()} != {"somebody-else"}
    entry = next(row for row in rows if row["table_name"] == "list_entry")
    assert entry["changes"]["entry"] == [None, "4471…23"]


def test_settings_leave_a_row_when_they_change_and_no_secret(data: Path) -> None:
    """Once, not with every run."""
    secret = Settings(
        database=f"sqlite:///{data / 'tollwatch.sqlite'}",
        clickhouse="clickhouse://me:hunter2@db/x",
        state="s3://b/x?secret=hunter2",
        installation_key="ab" * 16,
        kafka=KafkaSettings(password="hunter2"),
    )
    note_settings(data, secret)
    note_settings(data, secret)
    note_settings(data, msgspec.structs.replace(secret, disorder_s=9))
    rows = [row for row in list_audit(data, SETTINGS) if b'"configure"' in row]
    assert len(rows) == 2
    assert not any(b"hunter2" in row or b"abab" in row for row in rows)
    assert msgspec.json.decode(rows[1])["changes"] == {"disorder_s": [2.0, 9.0]}


def test_many_write_at_once(data: Path) -> None:
    """Each waits for the others; the chain is one."""

    def several(n: int) -> None:
        for _ in range(5):
            note(data, "query", "store", str(n), {}, settings=SETTINGS)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(several, range(8)))
    found = verify_audit(data, SETTINGS)
    assert (found.broken, found.rows) == ([], 47)
