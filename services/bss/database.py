"""The companions' database, brought up to date when it is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bss.activation import kept as _activation
from bss.billing import kept as _billing
from bss.catalog import kept as _catalog
from bss.charging import kept as _charging
from bss.inventory import kept as _inventory
from bss.ledger import kept as _ledger
from bss.mediation import kept as _mediation
from bss.ordering import kept as _ordering
from bss.payment import kept as _payment
from bss.rating import kept as _rating
from bss.settlement import kept as _settlement
from bss_kit.database import CompanionDatabase
from tollwatch.errors import VersionError

MIGRATIONS = Path(__file__).parent / "migrations"
DEFAULT = Path("tollwatch-bss.sqlite")
KEEPING = (
    _activation,
    _billing,
    _catalog,
    _charging,
    _inventory,
    _ledger,
    _mediation,
    _ordering,
    _payment,
    _rating,
    _settlement,
)
"""The modules that say what is kept: imported, their tables are known."""


@contextmanager
def opened(where: str | Path) -> Iterator[CompanionDatabase]:
    """The companions' database in a file, or at a URL; made and migrated where that is to do."""
    with CompanionDatabase(where) as database:
        migrate(database)
        yield database


def migrate(database: CompanionDatabase) -> None:
    """Bring the tables up to date. Raises VersionError where a newer Tollwatch has written them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.books() as books:
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        context = MigrationContext.configure(books.connection, opts={"version_table": "bss_version"})
        current = context.get_current_revision()
        if current is not None and current not in known:
            raise VersionError(f"{database.shown}: was written by a newer Tollwatch ({current}); upgrade Tollwatch")
        if current != ScriptDirectory.from_config(config).get_current_head():
            config.attributes["connection"] = books.connection
            command.upgrade(config, "head")
