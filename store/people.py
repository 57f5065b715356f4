"""Find, give out and erase what is stored of somebody: every table and every column of text, whatever was added since.

Erasing replaces an identifier by a name that says nothing, everywhere, so that sums, findings and their proof stay.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from store.query_door import own_tables
from tollwatch.errors import StoreError
from tollwatch.ports import Store

COLUMNS = """
SELECT c.table AS table, c.name AS name, c.type AS type, t.engine AS engine FROM system.columns AS c
INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
WHERE c.database = currentDatabase() AND t.engine LIKE '%MergeTree' AND c.table != 'schema_migrations'
ORDER BY c.table, c.position
"""
_PAIRS = re.compile(r"^Array\(Tuple\((\w+) String, (\w+) String\)\)$")
NOT_PEOPLE = frozenset({"tenant", "run", "_partition", "stream", "alert_id", "leakage_id", "finding_id"})


class Place(NamedTuple):
    """A column of a table, and its type."""

    table: str
    name: str
    type: str


def places(database: Store) -> dict[str, list[Place]]:
    """Table -> the columns in which text stands."""
    found: dict[str, list[Place]] = {}
    for table, name, kind, _ in database.query(COLUMNS).iter_rows():
        if table in own_tables() and name not in NOT_PEOPLE and "String" in kind and "FixedString" not in kind:
            found.setdefault(table, []).append(Place(table, name, kind))
    return found


def pattern(identifiers: Sequence[str]) -> str:
    """A regular expression (RE2) that finds identifiers as whole words."""
    return r"\b(" + "|".join(re.escape(each) for each in identifiers) + r")\b"


def _matches(place: Place) -> str:
    column = f"`{place.name}`"
    if _PAIRS.match(place.type):
        return f"arrayExists(each -> match(each.1, {{p:String}}) OR match(each.2, {{p:String}}), {column})"
    if place.type.startswith("Array"):
        return f"arrayExists(each -> match(each, {{p:String}}), {column})"
    if place.type.startswith("Map"):
        return f"arrayExists(each -> match(toString(each), {{p:String}}), mapValues({column}))"
    return f"match(ifNull(toString({column}), ''), {{p:String}})"


def _replaced(place: Place, names: Mapping[str, str]) -> str:
    def of(value: str) -> str:
        for n in range(len(names)):
            value = f"replaceRegexpAll({value}, {{w{n}:String}}, {{n{n}:String}})"
        return value

    column = f"`{place.name}`"
    if _PAIRS.match(place.type):
        return f"arrayMap(each -> ({of('each.1')}, {of('each.2')}), {column})::{place.type}"
    if place.type.startswith("Array"):
        return f"arrayMap(each -> {of('each')}, {column})"
    if place.type.startswith("Map"):
        return column
    return of(column)


def stored_of(database: Store, identifiers: Sequence[str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Table -> the rows in which somebody stands."""
    for table, columns in places(database).items():
        where = " OR ".join(_matches(place) for place in columns)
        rows = database.query(f"SELECT * FROM {table} FINAL WHERE {where}", {"p": pattern(identifiers)})  # noqa: S608
        if len(rows):
            yield table, rows


def erase(database: Store, names: Mapping[str, str]) -> dict[str, int]:
    """Replace identifiers by names that say nothing; gives how many rows of which table. Doing it again is harmless."""
    erased: dict[str, int] = {}
    given: dict[str, Any] = {"p": pattern(list(names))}
    for n, (identifier, name) in enumerate(names.items()):
        given |= {f"w{n}": pattern([identifier]), f"n{n}": name}
    for table, columns in places(database).items():
        where = " OR ".join(_matches(place) for place in columns)
        count = database.query(f"SELECT count() AS n FROM {table} FINAL WHERE {where}", {"p": given["p"]})["n"][0]  # noqa: S608
        if count:
            made = ", ".join(f"{_replaced(place, names)} AS `{place.name}`" for place in columns)
            matching = f"(SELECT * FROM {table} FINAL WHERE {where})"  # noqa: S608  (inside, or new values would be met)
            database.run(f"INSERT INTO {table} SELECT * REPLACE ({made}) FROM {matching}", parameters=given)  # noqa: S608
            new = {"p": pattern(list(names.values()))}
            written = database.query(f"SELECT count() AS n FROM {table} FINAL WHERE {where}", new)["n"][0]  # noqa: S608
            if written < count:
                raise StoreError(f"{table}: {written} of {count} rows could be written anew; nothing of it was deleted")
            delete = f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 2"
            database.run(delete.replace("{p:String}", _quoted(given["p"])))
            erased[table] = int(count)
    return erased


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def forget_before(database: Store, tables: Sequence[str], before_ms: int) -> dict[str, int]:
    """Delete rows whose event time is earlier; gives how many of which table."""
    deleted: dict[str, int] = {}
    kinds = {table: kind for table, name, kind, _ in database.query(COLUMNS).iter_rows() if name == "event_time"}
    for table in tables:
        if table not in kinds:
            continue
        column = "event_time" if "Int64" in kinds[table] else "toUnixTimestamp64Milli(assumeNotNull(event_time))"
        where = f"isNotNull(event_time) AND {column} < {int(before_ms)}"
        count = database.query(f"SELECT count() AS n FROM {table} WHERE {where}")["n"][0]  # noqa: S608
        if count:
            database.run(f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 2")
            deleted[table] = int(count)
    return deleted
