"""Open the relational database, bring its tables up to date, and hand out sessions."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from store.relational.audit import AuditedSession, now_ms
from store.relational.models import User
from tollwatch.errors import ConfigurationError, StoreError, VersionError
from tollwatch.private_files import private
from tollwatch.safe_text import without_secrets

log = logging.getLogger("tollwatch.audit")
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x70_11_3A_7C
"""The number of PostgreSQL's advisory lock under which one process migrates at a time."""


def _configuration(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _engine(url: str) -> Engine:
    """SQLAlchemy's engine; PostgreSQL through psycopg, SQLite with foreign keys on."""
    try:
        parsed = make_url(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url))
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigurationError(
            "database: this is no database's URL; write for example postgresql://user@host/name"
        ) from error
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"database: {error.name} is not installed; for PostgreSQL install `tollwatch[postgres]`"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    del record
    for setting in ("foreign_keys = ON", "busy_timeout = 5000", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}")


class Database:
    """The relational database at a URL. `close` it, or use it in a `with`.

    `heads` is the file to which the head of the audit is written after every transaction that continues it.
    """

    def __init__(self, url: str, heads: Path | None = None) -> None:
        self.engine = _engine(url)
        self.heads = heads
        self.shown = without_secrets(self.engine.url.render_as_string(hide_password=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            reason = " ".join(str(error.orig).split())
            if "disk" in reason:
                reason = f"the disk is full, or cannot be written ({reason}); free some space and start again"
            raise StoreError(f"{self.shown}: {reason}") from error

    def migrate(self, target: str = "head") -> bool:
        """Bring the tables to a revision; says whether anything was to do. Raises VersionError at a newer one's."""
        with self._sentences(), self._migrating() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            before = self._revision(connection)
            verb = command.downgrade if target == "base" else command.upgrade
            verb(_configuration(connection), target)
            return before != self._revision(connection)

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """One transaction. SQLite makes a table anew to change it, to which others may not refer meanwhile."""
        is_sqlite = self.engine.dialect.name == "sqlite"
        with self.engine.connect() as connection:
            if is_sqlite:
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                connection.rollback()
            with connection.begin():
                yield connection
                if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise StoreError(f"{self.shown}: rows refer to rows that are not there; restore your backup")
            if is_sqlite:
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")
                connection.rollback()

    def is_behind(self) -> bool:
        """Whether migrations wait to be applied."""
        with self._sentences(), self.engine.connect() as connection:
            heads = ScriptDirectory.from_config(_configuration()).get_current_head()
            return self._revision(connection) != heads

    def _revision(self, connection: Connection) -> str | None:
        revision = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()}
        if revision is not None and revision not in known:
            raise VersionError(
                f"{self.shown}: was written by a newer Tollwatch (revision {revision}); upgrade Tollwatch"
            )
        return revision

    @contextmanager
    def session(self, by: str) -> Iterator[AuditedSession]:
        """One transaction of somebody; who is not known yet becomes a user. Every change is audited."""
        with self._sentences(), AuditedSession(self.engine, info={"by": by}) as session, session.begin():
            if session.connection().dialect.name == "sqlite":  # begin to write before reading: others wait, none fails
                session.connection().execute(text("UPDATE users SET name = name WHERE 1 = 0"))
            if session.get(User, by) is None:
                session.add(User(name=by, role="analyst", created_at=now_ms(), active=True))
                session.flush()
            yield session
        self._export_head(str(session.info.get("head", "")))

    def _export_head(self, head: str) -> None:
        """Tell the log and the file beside the database where the audit stands."""
        if not head:
            return
        log.info("the audit ends with %s", head)
        if self.heads is not None:
            with private(self.heads, "ab") as file:
                file.write(f"{now_ms()} {head}\n".encode())

    def exported_heads(self) -> list[str]:
        """The heads that were written to the file, oldest first."""
        if self.heads is None or not self.heads.exists():
            return []
        return [line.rpartition(" ")[2] for line in self.heads.read_text("ascii").splitlines() if line]

    @contextmanager
    def reading(self) -> Iterator[AuditedSession]:
        """A session that reads; nothing it does is kept."""
        with self._sentences(), AuditedSession(self.engine, info={"by": ""}) as session:
            yield session
