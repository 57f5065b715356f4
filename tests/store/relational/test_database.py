"""The relational tables on SQLite and on a real PostgreSQL: migrations, models, audit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from store.relational import Audit, Base, Database, ListEntry, NamedList, User, Verdict
from tests.postgres import postgres_url
from tollwatch.errors import ConfigurationError, StoreError, VersionError

__all__ = ["postgres_url"]
TABLES = set(Base.metadata.tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database is: a file, or a server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tollwatch.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An empty database with its tables."""
    with Database(url) as made:
        made.migrate()
        made.migrate("base")
        made.migrate()
        yield made
        made.migrate("base")


def tables(database: Database) -> set[str]:
    """What the database has."""
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def a_verdict(**changes: object) -> Verdict:
    """A verdict about an event."""
    fields = {
        "verdict_id": "v1",
        "tenant": "main",
        "recorded_at": 1,
        "refers_to": "p1",
        "verdict": "fraud",
        "by": "ada",
    }
    return Verdict(**fields | changes)


def test_up_down_up(url: str) -> None:
    """Each step can be taken back; the second time nothing is to do."""
    with Database(url) as database:
        assert database.migrate()
        assert tables(database) == TABLES
        assert not database.migrate()
        assert database.migrate("base")
        assert tables(database) == set()
        assert database.migrate()
        assert tables(database) == TABLES
        assert database.migrate("base")


def test_migrations_make_what_the_models_say(database: Database) -> None:
    """Alembic finds nothing that a further migration would have to do."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_check_constraints_are_in_the_migrations(database: Database) -> None:
    """Alembic does not compare these, so this does: the same names in the database and the models."""
    found = inspect(database.engine)
    there = {check["name"] for name in TABLES for check in found.get_check_constraints(name)}
    wanted = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert there == wanted


def test_every_change_is_audited(database: Database) -> None:
    """Who, what, before and after; in the same transaction."""
    with database.session("ada") as session:
        session.add(a_verdict(loss_micros=5_000_000, currency="EUR"))
    with database.session("bob") as session:
        verdict = session.get_one(Verdict, "v1")
        verdict.exported_at = 7
        verdict.note = "called"
    with database.session("bob") as session:
        session.delete(session.get_one(Verdict, "v1"))
    with database.reading() as session:
        audit = session.scalars(select(Audit).order_by(Audit.audit_id)).all()
        assert [(row.by, row.action, row.table_name, row.key) for row in audit] == [
            ("ada", "insert", "users", '["ada"]'),
            ("ada", "insert", "verdict", '["v1"]'),
            ("bob", "insert", "users", '["bob"]'),
            ("bob", "update", "verdict", '["v1"]'),
            ("bob", "delete", "verdict", '["v1"]'),
        ]
        assert audit[1].changes["loss_micros"] == [None, 5_000_000]
        assert audit[3].changes == {"exported_at": [None, 7], "note": [None, "called"]}
        assert audit[4].changes["refers_to"] == ["p1", None]


def test_numbered_rows_are_audited_with_their_number(database: Database) -> None:
    """The key is known once the row is written."""
    with database.session("ada") as session:
        session.add(NamedList(tenant="main", name="high_risk", created_at=1))
        session.flush()
        entry = ListEntry(list_name="high_risk", tenant="main", entry="447", risk=2, valid_from=1, by="ada")
        session.add(entry)
        session.flush()
        number = entry.entry_id
    with database.reading() as session:
        row = session.scalars(select(Audit).where(Audit.table_name == "list_entry")).one()
        assert row.key == f"[{number}]"


def test_what_fails_leaves_nothing(database: Database) -> None:
    """Neither the change nor its audit."""
    with pytest.raises(StoreError), database.session("ada") as session:
        session.add_all([a_verdict(), a_verdict(verdict_id="v2", by="nobody")])
    with database.reading() as session:
        assert session.scalars(select(Audit)).all() == []
        assert session.get(User, "ada") is None


def test_nothing_goes_past_the_audit(database: Database) -> None:
    """Statements in bulk are refused, and the audit is not to be touched."""
    with pytest.raises(RuntimeError, match="past the audit"), database.session("ada") as session:
        session.execute(update(User).values(role="admin"))
    with database.session("ada"):
        pass
    with pytest.raises(RuntimeError, match="never changed"), database.session("ada") as session:
        session.delete(session.scalars(select(Audit)).first())


@pytest.mark.parametrize(
    "wrong",
    [{"verdict": "perhaps"}, {"loss_micros": 5}, {"by": "nobody"}, {"refers_to": None}],
    ids=str,
)
def test_the_database_refuses_nonsense(database: Database, wrong: dict[str, object]) -> None:
    """Constraints hold whatever program writes."""
    with pytest.raises((StoreError, IntegrityError)), database.session("ada") as session:
        session.add(a_verdict(**wrong))


def test_a_newer_database_is_refused(database: Database) -> None:
    """A revision nobody here knows was made by a newer Tollwatch."""
    with database.engine.begin() as connection:
        own = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(VersionError, match=r"newer Tollwatch \(revision 9999\); upgrade"):
        database.migrate()
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{own}'"))


@pytest.mark.parametrize(
    ("url", "error", "sentence"),
    [
        ("nonsense", ConfigurationError, "no database's URL"),
        ("oracle9://x/y", ConfigurationError, "no database's URL"),
        ("postgresql://me:secret@127.0.0.1:9/x?connect_timeout=2", StoreError, r"me:\*\*\*@127.0.0.1:9/x.*refused"),
        ("sqlite:////no/such/folder/x.sqlite", StoreError, "unable to open"),
    ],
)
def test_a_wrong_url_is_a_sentence_without_the_password(url: str, error: type[Exception], sentence: str) -> None:
    """It says where, and never the secret."""
    with pytest.raises(error, match=sentence) as caught:
        Database(url).migrate()
    assert "secret" not in str(caught.value)
