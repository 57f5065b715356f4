"""A ClickHouse server over its native protocol.

Writing again what was written changes nothing: findings have ids and revisions, and their tables keep one of each.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import polars as pl
import pyarrow as pa
from clickhouse_driver import Client, errors

from store.applied import Tables
from store.columns import tables_of
from store.evidence import looked_up, place_rows, rows_at, settle
from store.query_door import LIMITS, checked
from store.raw import raw_table
from tollwatch.errors import ConfigurationError, StoreAwayError, StoreError
from tollwatch.frames import Findings
from tollwatch.ports import ReadRecord
from tollwatch.safe_text import without_secrets

CONNECT_S = 5
ANSWER_S = 60
AWAY = (errors.NetworkError, errors.SocketTimeoutError, EOFError, ConnectionError, TimeoutError)
REFUSED = {516: "the name or the password is wrong", 192: "there is no such user", 497: "the user may not do this"}


class ServerStore:
    """A store on a server, by URL: clickhouse[s]://user:password@host:port/database (`s`: TLS).

    Raises StoreAwayError where the server cannot be reached, StoreError where it refuses.
    """

    raw_has_refused = True
    """The server takes raw events from Kafka by itself, whatever becomes of them."""

    def __init__(self, url: str, *, make: bool = True) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname:
            raise ConfigurationError(
                f"clickhouse: `{shown(url)}` is no URL of a server; write clickhouse://user:password@host:9000/tollwatch"
            )
        self.database = parts.path.strip("/") or "tollwatch"
        self.shown = shown(url)
        self._raw: dict[str, list[pl.DataFrame]] = {}
        self.evidence_waits = True
        if make:
            with self._client(urlunsplit(parts._replace(path="/default"))) as client:
                self._ask(client, f"CREATE DATABASE IF NOT EXISTS `{self.database}`")
        self._connection = self._client(urlunsplit(parts._replace(path=f"/{self.database}")))

    @staticmethod
    def _client(url: str) -> Client:
        client = Client.from_url(url)
        client.connection.connect_timeout = CONNECT_S
        client.connection.send_receive_timeout = ANSWER_S
        client.settings["server_side_params"] = True
        client.settings["optimize_on_insert"] = 0  # copies are left to the merges
        client.client_settings["server_side_params"] = True
        return client

    def _ask(self, client: Client, sql: str, values: Any = None, **given: Any) -> Any:
        try:
            return client.execute(sql, values, **given)
        except AWAY as error:
            client.disconnect()
            raise StoreAwayError(f"{self.shown}: the server cannot be reached; is it running?") from error
        except errors.ServerException as error:
            client.disconnect()
            text = REFUSED.get(error.code, " ".join(error.message.split("Stack trace")[0].split())[:500])
            raise StoreError(f"{self.shown}: {text}") from error

    def run(self, sql: str, output: str = "", parameters: Mapping[str, Any] | None = None) -> Any:
        """Run one statement of ours."""
        del output
        return self._ask(self._connection, sql, dict(parameters) if parameters else None)

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a SELECT; `{name:Type}` in it stands for a parameter, as ClickHouse has it."""
        return self._selected(sql, parameters)

    def _selected(self, sql: str, parameters: Mapping[str, Any] | None, **given: Any) -> pl.DataFrame:
        values = dict(parameters) if parameters else None
        columns, named = self._ask(self._connection, sql, values, columnar=True, with_column_types=True, **given)
        names = [name for name, _ in named]
        if not columns:
            return pl.DataFrame({name: [] for name in names})
        return pl.DataFrame({name: _readable(column) for name, column in zip(names, columns, strict=True)})

    def answer(self, sql: str, output: str) -> bytes:
        """The answer to a question from outside (`store.query_door`), in one of ClickHouse's forms."""
        rows = self.query(checked(sql, self.database))
        if output == "Parquet":
            out = io.BytesIO()
            rows.write_parquet(out)
            return out.getvalue()
        if output == "CSVWithNames":
            return rows.write_csv().encode()
        encode = msgspec.json.Encoder(enc_hook=str).encode
        if output == "JSONEachRow":
            return b"".join(encode(row) + b"\n" for row in rows.iter_rows(named=True))
        return b"\n".join([encode(rows.columns), *map(encode, rows.iter_rows())])

    def apply_tables(self) -> list[str]:
        """Create what is not there yet, in order; gives the names of the files applied now."""
        return Tables(self).apply()

    def check_tables(self) -> list[str]:
        """What differs between the files and the database, a sentence each."""
        return Tables(self).differences()

    def write(self, findings: Findings) -> None:
        """Store what was found; the marks of frames come last.

        Places of evidence at which no raw event lies yet are stored before: `settle_evidence` looks again.
        """
        self.flush_raw()
        found, missing = looked_up(findings, self)
        if missing:
            self._insert("evidence_place", pa.Table.from_pylist(place_rows(missing)))
            self.evidence_waits = True
        for name, table in tables_of(found).items():
            self._insert(name, table)

    def settle_evidence(self, read: ReadRecord) -> int:
        """Copy the rows of evidence that have come since; gives how many have not.

        `read` reads a record that ClickHouse refused and the line took: the line's parser is another.
        """
        if not self.evidence_waits:
            return 0
        settled, missing = settle(self, read)
        if settled is not None:
            for name, table in tables_of(settled.findings).items():
                self._insert(name, table)
            self._insert("evidence_place", pa.Table.from_pylist(place_rows(settled.places, settled=True)))
        self.evidence_waits = missing > 0
        return missing

    def rows_at(self, stream: str, names: Sequence[str], places: pl.DataFrame, tenants: Sequence[str]) -> pl.DataFrame:
        """The raw events at places, for `store.evidence`."""
        given = {
            "name": "places",
            "structure": [("_partition", "String"), ("_offset", "Int64")],
            "data": places.select("_partition", "_offset").to_dicts(),
        }
        return self._selected(rows_at(stream, names, "places"), {"tenants": list(tenants)}, external_tables=[given])

    def _insert(self, name: str, table: pa.Table) -> None:
        columns = ", ".join(f"`{column}`" for column in table.column_names)
        values = [_values(table[column]) for column in table.column_names]
        self._ask(self._connection, f"INSERT INTO {name} ({columns}) VALUES", values, columnar=True)

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Keep raw events; they are stored with the next findings."""
        self._raw.setdefault(stream, []).append(rows.with_columns(_partition=pl.lit(partition)))

    def flush_raw(self) -> None:
        """Store the raw events that wait."""
        raw, self._raw = self._raw, {}
        for stream, tables in raw.items():
            self._insert(f"raw_{stream}", raw_table(stream, tables))

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """Store what became of single records: stream, _partition, _offset, mark."""
        table = marks.select("stream", "_partition", "_offset", "mark")
        self._insert("event_mark", table.to_arrow(compat_level=pl.CompatLevel.oldest()))

    def only_read(self) -> None:
        """From now on the server itself refuses to change anything, and what costs too much."""
        self._connection.settings.update(LIMITS | {"readonly": 1})

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.disconnect()


def _readable(column: Sequence[Any]) -> Sequence[Any]:
    """Text that is no UTF-8 comes as bytes: what cannot be shown is replaced."""
    if not any(isinstance(value, bytes) for value in column):
        return column
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in column]


def _values(column: pa.ChunkedArray) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if pa.types.is_map(column.type):
        return [dict(value) for value in values]
    return values


def shown(url: str) -> str:
    """A URL without its secrets.

    >>> shown("clickhouse://me:secret@db:9000/tollwatch")
    'clickhouse://me:***@db:9000/tollwatch'
    """
    return without_secrets(url)
