"""Raw events from Kafka into the raw tables, by ClickHouse alone: a Kafka table and views for each stream.

At least once, and with a parser of its own: `_partition` and `_offset` are kept, so that copies collapse, and what is
no JSON goes to `raw_refused`. It takes more than the line does (a number in a text field, say): what the line refuses
has a mark, by which the views `events_*` leave it out.
"""

import hashlib
from collections.abc import Sequence

import polars as pl

from store.tables import clickhouse_type
from tollwatch.columns import defaults, schema
from tollwatch.config import KafkaSettings
from tollwatch.events import STREAMS
from tollwatch.ports import Store

FLUSH_MS = 500
BLOCK_ROWS = 65_536
ATTRIBUTES = "attributes"


def raw_group(app: str, stream: str) -> str:
    """The consumer group of a stream: one each, so that a server that starts does not wait for all of them to agree."""
    return f"{app}-raw-{stream}"


def _given(stream: str) -> dict[str, str]:
    """The columns as a message has them, with their types: anything may be absent."""
    kinds: dict[str, str] = {}
    for name in STREAMS[stream].__struct_fields__:
        if name == ATTRIBUTES:
            kinds[name] = "String" if stream == "reference" else "Map(String, String)"
            continue
        kind = clickhouse_type(stream, name)
        kinds[name] = kind if kind.startswith(("Array", "Nullable")) else f"Nullable({kind})"
    return kinds


def _taken(stream: str, name: str) -> str:
    """A column of the raw table, of what a message has."""
    kind = clickhouse_type(stream, name)
    if name == ATTRIBUTES:
        return f"CAST(attributes AS {kind}) AS attributes"
    if name not in STREAMS[stream].__struct_fields__:
        return f"JSONExtract(attributes, '{name}', '{kind}') AS `{name}`"
    default = defaults(stream).get(name)
    if default is not None:
        value = str(default).lower() if schema(stream)[name] == pl.Boolean() else f"'{default}'"
        return f"ifNull(`{name}`, {value}) AS `{name}`"
    if not kind.startswith(("Nullable", "Array")):
        return f"assumeNotNull(`{name}`) AS `{name}`"
    return f"`{name}`"


def _settings(stream: str, kafka: KafkaSettings, group: str) -> str:
    said: dict[str, object] = {
        "kafka_broker_list": kafka.servers,
        "kafka_topic_list": f"{kafka.prefix}{stream}",
        "kafka_group_name": group,
        "kafka_format": "RawBLOB",
        "kafka_max_block_size": BLOCK_ROWS,
        "kafka_poll_max_batch_size": BLOCK_ROWS,
        "kafka_flush_interval_ms": FLUSH_MS,
        "kafka_security_protocol": kafka.protocol().lower(),
    }
    if kafka.username:
        said |= {"kafka_sasl_mechanism": kafka.mechanism, "kafka_sasl_username": kafka.username}
        said |= {"kafka_sasl_password": kafka.password or ""}
    values = {name: value if isinstance(value, int) else _text(str(value)) for name, value in said.items()}
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _place(stream: str) -> str:
    return f"concat('{stream}-', toString(_partition)) AS _partition, toInt64(_offset) AS _offset"


def stored_rows(stream: str, messages: str) -> str:
    """The SELECT of rows of the raw table out of `messages`, a table of raw, _partition and _offset.

    A message is read once, as one value: a Kafka table with a column for each field would make all columns anew for
    each message, which costs 45 µs where this takes two.
    """
    given = _given(stream)
    columns = ", ".join(f"`{name}` {kind}" for name, kind in given.items())
    read = f"JSONExtract(raw, {_text(f'Tuple({columns})')}) AS given"
    fields = ", ".join(f"given.`{name}` AS `{name}`" for name in given)
    there = "given.event_id IS NOT NULL AND given.event_time IS NOT NULL AND startsWith(trimLeft(raw), '{')"
    rows = f"SELECT {fields}, _partition, _offset FROM (SELECT raw, {read}, _partition, _offset FROM {messages})"
    taken = ", ".join(_taken(stream, name) for name in schema(stream))
    return f"SELECT {taken}, {_place(stream)} FROM ({rows} WHERE {there})"


def refused_rows(stream: str, messages: str) -> str:
    """The SELECT of rows of `raw_refused`: messages that are no JSON. What else is wrong with one the line says."""
    what = f"SELECT '{stream}' AS stream, {_place(stream)}, 'it is not JSON' AS reason, raw FROM {messages}"
    return f"{what} WHERE NOT empty(raw) AND NOT isValidJSON(raw)"


def statements(stream: str, kafka: KafkaSettings, app: str) -> list[str]:
    """What makes a stream's messages arrive: the Kafka table, the view that stores them, that of what is refused."""
    name, settings = f"kafka_{stream}", _settings(stream, kafka, raw_group(app, stream))
    return [
        f"CREATE TABLE {name} (raw String) ENGINE = Kafka SETTINGS {settings}",
        f"CREATE MATERIALIZED VIEW {name}_stored TO raw_{stream} AS {stored_rows(stream, name)}",
        f"CREATE MATERIALIZED VIEW {name}_refused TO raw_refused AS {refused_rows(stream, name)}",
    ]


def _stamp(made: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(made).encode()).hexdigest()


def connect(database: Store, kafka: KafkaSettings, app: str, streams: Sequence[str] = tuple(STREAMS)) -> list[str]:
    """Make what is not there, make anew what differs; gives the streams that were connected now.

    The consumer group stays, so that a table made anew goes on where the old one was.
    """
    known = dict(database.query("SELECT name, sha256 FROM schema_migrations FINAL").iter_rows())
    changed = []
    for stream in streams:
        made = statements(stream, kafka, app)
        name = f"kafka_{stream}"
        if known.get(name) == _stamp(made):
            continue
        for table in (f"{name}_stored", f"{name}_refused", name):
            database.run(f"DROP TABLE IF EXISTS {table} SYNC")
        for statement in made:
            database.run(statement)
        database.run(
            "INSERT INTO schema_migrations (name, sha256) SELECT {name:String}, {sha256:String}",
            parameters={"name": name, "sha256": _stamp(made)},
        )
        changed.append(stream)
    return changed


def disconnect(database: Store, streams: Sequence[str] = tuple(STREAMS)) -> None:
    """Stop taking messages; the tables of what was taken stay."""
    for stream in streams:
        for table in (f"kafka_{stream}_stored", f"kafka_{stream}_refused", f"kafka_{stream}"):
            database.run(f"DROP TABLE IF EXISTS {table} SYNC")
        database.run(
            "ALTER TABLE schema_migrations DELETE WHERE name = {name:String}", parameters={"name": f"kafka_{stream}"}
        )
