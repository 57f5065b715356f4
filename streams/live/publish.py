"""Publish files to Kafka: all streams in the order of event time, between control records that hold the line."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
import polars_hash  # noqa: F401  (registers `nchash`)
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.frame import NEVER
from streams.live.client import LARGEST, connection, sentence
from streams.live.records import BLANK, ControlRecord
from streams.reading.decode import Decoder
from streams.reading.lines import chunks
from streams.reading.scan import scan_chunk
from streams.reading.source import NdjsonSource
from tollwatch.config import KafkaSettings
from tollwatch.errors import InputError
from tollwatch.events import STREAMS
from tollwatch.events.attributes import Attributes
from tollwatch.frames import Ints
from tollwatch.ports import Source

log = logging.getLogger("tollwatch.publish")
AT_ONCE = 20_000
LONGEST_PAUSE_S = 5.0
BATCH_BYTES = 700_000
SUBJECTS = ("subscriber_id", "account_id", "calling_number", "called_number", "invoice_id", "statement_id", "imsi")
Progress = Callable[[int], None]
Made = TypeVar("Made")


@dataclass
class Piece:
    """Records of one source in its order: the greatest event time so far, the bytes, a number for the partition."""

    stream: str
    time: Ints
    values: list[bytes]
    key: npt.NDArray[np.uint64]

    def part(self, rows: slice) -> "Piece":
        """Some of them."""
        return Piece(self.stream, self.time[rows], self.values[rows], self.key[rows])


def _keys(rows: pl.DataFrame) -> npt.NDArray[np.uint64]:
    """What a record is about, as a number: records of one subject stay in one partition."""
    known = [name for name in (*SUBJECTS, "event_id") if name in rows.columns]
    return rows.select(pl.coalesce(known).nchash.xxhash64())[known[0]].to_numpy()  # type: ignore[attr-defined]


def _lines(source: NdjsonSource) -> Iterator[Piece]:
    """A file in our own words: each line as it stands, broken ones too, empty ones left out."""
    decoder, reached = Decoder(source.stream, source.partition), NEVER
    for chunk, reason in chunks(source.path):
        lines = [chunk] if reason else chunk.split(b"\n")
        time, key = np.full(len(lines), NEVER, np.int64), np.zeros(len(lines), np.uint64)
        if not reason:
            rows = scan_chunk(chunk, decoder, first=0).rows
            if "event_id" in rows.columns and len(rows):
                at = rows["_line"].to_numpy()
                time[at], key[at] = rows["event_time"].to_numpy(), _keys(rows)
        time = np.maximum.accumulate(np.maximum(time, reached))
        reached = int(time[-1]) if len(time) else reached
        there = [n for n, line in enumerate(lines) if line.strip()]
        yield Piece(source.stream, time[there], [lines[n][: LARGEST // 2] for n in there], key[there])


def _rows(source: Source) -> Iterator[Piece]:
    """A file in other words: each row as JSON in ours; what could not be mapped as it stood."""
    reached = NEVER
    for batch in source.batches():
        rows = batch.rows
        time = (
            np.maximum.accumulate(np.maximum(rows["event_time"].to_numpy(), reached))
            if len(rows)
            else np.zeros(0, np.int64)
        )
        reached = int(time[-1]) if len(time) else reached
        values = [encoded(batch.stream, row) for row in rows.drop("_offset").iter_rows(named=True)]
        keys = _keys(rows) if len(rows) else np.zeros(0, np.uint64)
        bad = [record.raw for record in batch.rejected]
        yield Piece(
            batch.stream,
            np.append(time, np.full(len(bad), reached)),
            values + bad,
            np.append(keys, np.zeros(len(bad), np.uint64)),
        )


def encoded(stream: str, row: dict[str, Any]) -> bytes:
    """A row of columns as the JSON of an event.

    >>> encoded("dunning", {"event_id": "e", "event_time": 1, "account_id": None, "_x": 1})
    b'{"event_id":"e","event_time":1}'
    """
    kept = {name: value for name, value in row.items() if value is not None and not name.startswith("_")}
    if stream == "reference":
        own = {name: kept.pop(name) for name in Attributes.__struct_fields__ if name in kept}
        kept["attributes"] = own
    elif isinstance(kept.get("attributes"), list):
        kept["attributes"] = {pair["key"]: pair["value"] for pair in kept["attributes"]}
    return msgspec.json.encode(kept)


def pieces(source: Source) -> Iterator[Piece]:
    """The records of a source."""
    return _lines(source) if isinstance(source, NdjsonSource) else _rows(source)


def in_order(sources: Sequence[Source]) -> Iterator[Piece]:
    """Records of all sources in the order of event time, each source's own order kept; pieces are of one stream."""
    readers = [pieces(source) for source in sources]
    waiting: list[Piece | None] = [next(reader, None) for reader in readers]
    while any(waiting):
        for n, piece in enumerate(waiting):
            more: Piece | None = piece
            while more is not None and not len(more.time):
                more = next(readers[n], None)
            waiting[n] = more
        there = [piece for piece in waiting if piece is not None]
        if not there:
            return
        limit = min(int(piece.time[-1]) for piece in there)
        begin = min(int(piece.time[0]) for piece in there)
        most = max(int(np.searchsorted(piece.time, limit, "right")) for piece in there)
        steps = np.linspace(begin, limit, max(2, most // AT_ONCE + 2))[1:].astype(np.int64)
        steps[-1] = limit
        for step in steps:
            for n, piece in enumerate(waiting):
                if piece is None or not (number := int(np.searchsorted(piece.time, step, "right"))):
                    continue
                yield piece.part(slice(number))
                waiting[n] = piece.part(slice(number, None))


async def patiently(call: Callable[[], Awaitable[Made]], wait_s: float, *, pause_s: float = 0.2) -> Made:
    """Call again while Kafka says that it is worth trying again, for `wait_s` seconds; then raise what it says."""
    until = time.monotonic() + wait_s
    while True:
        try:
            return await call()
        except KafkaError as error:
            if not error.retriable or time.monotonic() + pause_s > until:
                raise
            log.warning("%r; tried again for %.0f s", error, until - time.monotonic())
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


class Publisher:
    """Writes to the raw topics."""

    def __init__(self, kafka: KafkaSettings, *, rate: int | None = None, progress: Progress | None = None) -> None:
        self.kafka, self.rate, self.progress = kafka, rate, progress
        self.sent = 0

    async def publish(self, sources: Sequence[Source], *, as_of_ms: int | None, close: bool) -> int:
        """Everything, then gives how many records.

        Raises StoreAwayError where Kafka is away, InputError without topics.
        """
        producer = AIOKafkaProducer(
            **connection(self.kafka),
            acks="all",
            enable_idempotence=True,
            max_request_size=LARGEST,
            max_batch_size=1 << 20,
            linger_ms=0,
            request_timeout_ms=round(self.kafka.broker_wait_s * 1000),
        )
        try:
            await producer.start()
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise sentence(self.kafka, error) from error
        try:
            return await self._all(producer, sources, as_of_ms, close=close)
        except (KafkaError, OSError) as error:
            raise sentence(self.kafka, error) from error
        finally:
            await producer.stop()

    async def _all(self, producer: Any, sources: Sequence[Source], as_of_ms: int | None, *, close: bool) -> int:
        streams = [stream for stream in STREAMS if any(source.stream == stream for source in sources)]
        wait_s = self.kafka.broker_wait_s
        partitions = {s: await patiently(lambda s=s: self._partitions(producer, s), wait_s) for s in streams}  # type: ignore[misc]
        await self._control(producer, partitions, ControlRecord(open=True, as_of_ms=as_of_ms))
        began, waiting = time.monotonic(), 0
        pending: list[Any] = []
        for piece in in_order(sources):
            pending += await self._send(producer, piece, partitions[piece.stream])
            self.sent += len(piece.values)
            waiting += len(piece.values)
            if waiting >= AT_ONCE or (self.rate and waiting >= self.rate // 20):
                await asyncio.gather(*pending)
                pending, waiting = [], 0
                if self.progress is not None:
                    self.progress(self.sent)
                if self.rate:
                    await asyncio.sleep(max(0.0, began + self.sent / self.rate - time.monotonic()))
        await asyncio.gather(*pending)
        if close:
            await self._control(producer, partitions, ControlRecord(open=False, as_of_ms=as_of_ms))
        return self.sent

    async def _partitions(self, producer: Any, stream: str) -> list[int]:
        cluster = await producer.client.fetch_all_metadata()
        found = cluster.partitions_for_topic(f"{self.kafka.prefix}{stream}")
        if not found:
            raise InputError(f"topic {self.kafka.prefix}{stream} is missing; run `tollwatch topics create`")
        return sorted(found)

    async def _control(self, producer: Any, partitions: dict[str, list[int]], record: ControlRecord) -> None:
        sent = [
            await self._sent(producer.send, f"{self.kafka.prefix}{stream}", BLANK, partition, headers=record.headers())
            for stream, numbers in partitions.items()
            for partition in numbers
        ]
        await asyncio.gather(*sent)

    async def _sent(self, send: Callable[..., Any], what: Any, to: Any, partition: int, **more: Any) -> Any:
        """Hand something to the producer, which may have to wait until it knows who leads the partition."""
        return await patiently(lambda: send(what, to, partition=partition, **more), self.kafka.broker_wait_s)

    async def _send(self, producer: Any, piece: Piece, partitions: list[int]) -> list[Any]:
        topic = f"{self.kafka.prefix}{piece.stream}"
        where = (piece.key % np.uint64(len(partitions))).astype(np.int64)
        futures = []
        for number, partition in enumerate(partitions):
            batch, size = producer.create_batch(), 0
            for at in np.flatnonzero(where == number).tolist():
                value = piece.values[at]
                if size and size + len(value) > BATCH_BYTES:
                    futures.append(await self._sent(producer.send_batch, batch, topic, partition))
                    batch, size = producer.create_batch(), 0
                if len(value) > BATCH_BYTES:
                    futures.append(await self._sent(producer.send, topic, value, partition))
                    continue
                batch.append(key=None, value=value, timestamp=None)
                size += len(value)
            if size:
                futures.append(await self._sent(producer.send_batch, batch, topic, partition))
        return futures
