"""Which table files a database has, what it lacks, and how it gets it."""

from collections.abc import Mapping

from store.tables import TableFile, every_table_file
from tollwatch.errors import StoreError
from tollwatch.ports import Store

RECORDED = "SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'"
RECORD = "INSERT INTO schema_migrations (name, sha256) SELECT {name:String}, {sha256:String}"


class Tables:
    """The table files against one database."""

    def __init__(self, database: Store, files: list[TableFile] | None = None) -> None:
        self.database = database
        self.files = every_table_file() if files is None else files

    def applied(self) -> dict[str, str]:
        """File name → the hash it had when it was applied."""
        if not self.database.query(RECORDED)["n"][0]:
            return {}
        rows = self.database.query("SELECT name, sha256 FROM schema_migrations FINAL")
        return dict(rows.iter_rows())

    def apply(self) -> list[str]:
        """Apply the files that are new, in order; gives their names. Raises StoreError where an old one was edited."""
        applied = self.applied()
        if edited := self._edited(applied):
            raise StoreError(edited[0])
        new = [file for file in self.files if file.name not in applied]
        for file in new:
            for statement in file.statements:
                self.database.run(statement)
            self.database.run(RECORD, parameters={"name": file.name, "sha256": file.sha256})
        return [file.name for file in new]

    def _edited(self, applied: Mapping[str, str]) -> list[str]:
        return [
            f"{file.name}.sql was changed after it had been applied to this data directory; restore it, and write the "
            "change as a new file with the next number"
            for file in self.files
            if file.name in applied and not file.is_recorded_as(applied[file.name])
        ]

    def differences(self) -> list[str]:
        """What differs between the files and the database, a sentence each."""
        applied, known = self.applied(), {file.name for file in self.files}
        missing = [
            f"{n}.sql has not been applied; run `tollwatch tables apply`" for n in sorted(known - applied.keys())
        ]
        others = sorted(n for n in applied.keys() - known if not n.startswith("kafka_"))
        foreign = [f"{n}.sql was applied by another version of Tollwatch" for n in others]
        return [*missing, *self._edited(applied), *foreign]
