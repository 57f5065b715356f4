"""Rows that wait to be scored, in order, joined by id with the features of each key space."""

from collections.abc import Sequence

import polars as pl

JOIN = ("event_id", "event_time", "_id")


class Join:
    """Holds rows and feature tables until event time has passed them."""

    def __init__(self, columns: dict[str, pl.DataType]) -> None:
        self.columns = columns
        self.rows: list[pl.DataFrame] = []
        self.features: dict[tuple[str, ...], list[pl.DataFrame]] = {}

    def take(self, rows: pl.DataFrame, features: Sequence[pl.DataFrame]) -> None:
        """Add rows in order, and features of any of them."""
        if len(rows):
            self.rows.append(rows)
        for table in features:
            if len(table):
                self.features.setdefault(tuple(table.columns), []).append(table)

    def due(self, limit: int, *, also_at: bool) -> pl.DataFrame:
        """Take out the rows before `limit` (those at it as well where everything has closed), with their features."""
        if not self.rows:
            return pl.DataFrame()
        held = pl.concat(self.rows)
        passed = pl.col("event_time") <= limit if also_at else pl.col("event_time") < limit
        due = held.filter(passed)
        self.rows = [held.filter(~passed)]
        for columns in sorted(self.features):
            table = pl.concat(self.features[columns])
            self.features[columns] = [table.filter(~passed)]
            if columns[:3] == JOIN:
                due = due.join(table.drop("event_id", "event_time"), on="_id", how="left", maintain_order="left")
        return self._complete(due)

    def _complete(self, due: pl.DataFrame) -> pl.DataFrame:
        """A key space that had none of these rows gives null."""
        missing = {name: kind for name, kind in self.columns.items() if name not in due.columns}
        return due.with_columns(**{name: pl.lit(None, kind) for name, kind in missing.items()})

    def save(self) -> list[bytes]:
        """What waits, as Arrow: the rows first."""
        tables = [pl.concat(self.rows) if self.rows else pl.DataFrame()]
        tables += [pl.concat(self.features[columns]) for columns in sorted(self.features)]
        return [table.write_ipc(None).getvalue() for table in tables]

    def load(self, saved: Sequence[bytes]) -> None:
        """Take up what waited."""
        rows, *features = (pl.read_ipc(table) for table in saved)
        self.rows, self.features = [], {}
        self.take(rows, features)
