"""ClickHouse reads messages of Kafka as the line does: what is stored of an event is what was detected on."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import polars as pl
import pytest

from services.simulate import write_operator
from store import ChdbStore
from store.kafka_tables import refused_rows, stored_rows
from store.stored_source import as_read
from streams.reading.decode import Decoder
from tests.make import START_MS
from tollwatch.columns import schema, with_defaults
from tollwatch.events import STREAMS

MOST = 400
CALL = {"event_id": "a", "event_time": 1767225600056, "source": "m", "service": "voice", "record_type": "originating"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    """A store with a table that is as what ClickHouse gets of Kafka."""
    made = ChdbStore(tmp_path_factory.mktemp("kafka") / "data")
    made.run("CREATE TABLE messages (raw String, _partition UInt64, _offset UInt64) ENGINE = Memory")
    yield made
    made.close()


def received(store: ChdbStore, messages: Sequence[bytes]) -> None:
    """The messages of one partition, and no others."""
    store.run("TRUNCATE TABLE messages")
    rows = [{"raw": message.decode(), "_partition": 0, "_offset": n} for n, message in enumerate(messages)]
    store.run("INSERT INTO messages FORMAT JSONEachRow " + "\n".join(map(json.dumps, rows)))


def by_line(stream: str, messages: Sequence[bytes]) -> pl.DataFrame:
    """What the line takes."""
    decoder = Decoder(stream, f"{stream}-0")
    read = [(n, decoder.decode(message, position=n)) for n, message in enumerate(messages)]
    rows: list[dict[str, Any]] = [row | {"_offset": n} for n, row in read if isinstance(row, dict)]
    kinds = schema(stream) | {"_offset": pl.Int64()}
    return with_defaults(stream, pl.DataFrame(rows, schema=kinds))


def by_store(store: ChdbStore, stream: str) -> pl.DataFrame:
    """What the store takes."""
    rows = store.query(stored_rows(stream, "messages"))
    return with_defaults(stream, as_read(stream, rows)).sort("_offset")


def same(left: pl.DataFrame, right: pl.DataFrame) -> bool:
    """Whether rows are the same, but for columns in which nothing stands."""
    said = [{name: value for name, value in row.items() if value not in (None, "", [])} for row in left.to_dicts()]
    other = [{name: value for name, value in row.items() if value not in (None, "", [])} for row in right.to_dicts()]
    return [row | {"_partition": None} for row in said] == [row | {"_partition": None} for row in other]


def value_of(kind: Any, n: int) -> Any:
    """A value of a field's type, as JSON has it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return record_of(kind, n)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Annotated, Union, UnionType):
        return value_of(inner[0], n)
    if origin is Literal:
        return inner[n % len(inner)]
    made: dict[Any, Any] = {
        str: f'a"{n}\\é\n',
        int: n,
        bool: n % 2 == 0,
        float: n + 0.5,
        list: ["p", "q"],
        dict: {"weather": "wet"},
    }
    return made[origin or kind]


def record_of(kind: type[msgspec.Struct], n: int) -> dict[str, Any]:
    """A record with every field; `event_time` is plausible."""
    return {field.name: value_of(field.type, n) for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize("stream", STREAMS)
def test_every_column_of_every_stream_is_stored_as_the_line_reads_it(stream: str, store: ChdbStore) -> None:
    """Records with every field, and with the fields alone that must be there."""
    records = [record_of(STREAMS[stream], n) | {"event_time": START_MS} for n in range(3)]
    needed = {field.name for field in msgspec.structs.fields(STREAMS[stream]) if field.required}
    records.append({name: value for name, value in records[0].items() if name in needed})
    messages = [msgspec.json.encode(record) for record in records]
    received(store, messages)
    assert len(by_line(stream, messages)) == len(messages)
    assert same(by_line(stream, messages), by_store(store, stream))
    assert store.query(refused_rows(stream, "messages")).is_empty()


def test_what_a_simulated_operator_sends_is_stored_as_the_line_reads_it(store: ChdbStore, tmp_path: Path) -> None:
    """But for records that the line refuses: they have a mark."""
    write_operator(tmp_path / "out", (600, 3), 5)
    read = 0
    for path in sorted((tmp_path / "out").glob("*.ndjson")):
        if path.stem not in STREAMS:
            continue
        messages = path.read_bytes().splitlines()[:MOST]
        received(store, messages)
        expected = by_line(path.stem, messages)
        found = by_store(store, path.stem).filter(pl.col("_offset").is_in(expected["_offset"].implode()))
        assert same(expected, found)
        read += len(expected)
    assert read > 3 * MOST


def test_whatever_text_an_event_holds_is_stored_as_it_is(store: ChdbStore) -> None:
    """Escapes, other scripts, white space around, limits of numbers, nulls, unknown names with objects in them."""
    hard = [
        {"calling_number": 'a"b\\c\n\t\u0001é😀'},
        {"duration_s": 9223372036854775807, "charge_micros": -9223372036854775807},
        {"duration_s": 0, "called_number": None, "attributes": {"weather": "wet"}},
        {"unknown": {"nested": [1, {"x": "y"}]}},
    ]
    messages = [json.dumps(CALL | each, ensure_ascii=n % 2 == 0).encode() for n, each in enumerate(hard)]
    messages += [b"  " + messages[0].replace(b", ", b" ,\r\n ") + b"\n"]
    received(store, messages)
    assert len(by_line("usage", messages)) == len(messages)
    assert same(by_line("usage", messages), by_store(store, "usage"))


def test_what_is_no_event_is_not_stored_and_what_is_no_json_is_kept(store: ChdbStore) -> None:
    """Half a record, two records in one message, a list in the order of the columns, a control record, nothing."""
    whole = json.dumps(CALL).encode()
    messages = [whole[:-5], whole + whole, json.dumps(list(CALL.values())).encode(), b"{}", b"", whole]
    received(store, messages)
    assert by_store(store, "usage")["_offset"].to_list() == [5] == by_line("usage", messages)["_offset"].to_list()
    refused = store.query(refused_rows("usage", "messages")).sort("_offset")
    assert refused["_offset"].to_list() == [0, 1]
    assert refused["raw"].to_list() == [messages[0].decode(), messages[1].decode()]
    assert set(refused["reason"]) == {"it is not JSON"}
