"""Framing on Kafka: raw messages in, frames out, offsets committed once the frames are acknowledged.

A `mode` service inside the Faust app, with a consumer of its own: Faust would hand over one message at a time.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from mode import Service

from streams.codec import encode
from streams.intake import Taken
from streams.live.client import LARGEST, connection
from streams.live.metrics import Metrics
from streams.live.raw_consumer import RawConsumer
from streams.live.raw_partitions import RawIntake, RawPartition
from streams.live.sink import FindingsSink
from streams.live.topics import EPOCH, frames_topic, progress_topic
from streams.permission import not_allowed
from tollwatch.config import Settings
from tollwatch.errors import TollwatchError
from tollwatch.events import STREAMS
from tollwatch.frames import Findings, Frame

log = logging.getLogger("tollwatch.framing")
TICK_S = 0.05
AT_ONCE = 40_000
IDLE_MS = 200
SKEW_MS = 100
"""How much earlier than it was noticed a partition is said to have been idle: answers travel, clocks differ."""
Place = tuple[TopicPartition, OffsetAndMetadata]


class WorkerProgress(msgspec.Struct, frozen=True):
    """What a worker tells the others: when its last row arrived, and the watermarks of partitions with rows."""

    worker: str
    arrived: int
    watermarks: dict[str, int]


class Framing(Service):
    """The raw partitions that this worker owns."""

    def __init__(
        self, intake: RawIntake, settings: Settings, sink: FindingsSink, metrics: Metrics, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.intake, self.settings, self.sink, self.metrics = intake, settings, sink, metrics
        self.turn = asyncio.Lock()
        self.uncommitted: deque[tuple[int, dict[TopicPartition, OffsetAndMetadata]]] = deque()
        self.last_row: dict[str, float] = {}
        self.needed = 0
        self.refused: Counter[tuple[str, str]] = Counter()
        self.worker = f"{settings.app}-{time.time_ns()}"

    async def on_start(self) -> None:
        """Connect, and take part in the group of framing."""
        given = connection(self.settings.kafka)
        timeout = round(self.settings.session_timeout_s * 1000)
        self.producer = AIOKafkaProducer(
            **given, acks="all", enable_idempotence=True, max_request_size=LARGEST, linger_ms=0
        )
        self.consumer = RawConsumer(
            **given,
            group_id=f"{self.settings.app}-framing",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=4 << 20,
            session_timeout_ms=timeout,
            heartbeat_interval_ms=timeout // 5,
            max_poll_interval_ms=600_000,
        )
        self.listener = AIOKafkaConsumer(**given, auto_offset_reset="latest", fetch_max_wait_ms=50)
        await self.producer.start()
        await self.listener.start()
        self.listener.assign([TopicPartition(progress_topic(self.settings.kafka), 0)])
        await self.consumer.start()
        self.needed = time.time_ns() // 1_000_000
        self.consumer.subscribe([f"{self.settings.kafka.prefix}{s}" for s in STREAMS], listener=_Rebalance(self))

    async def on_stop(self) -> None:
        """Leave the group."""
        for client in (self.consumer, self.listener, self.producer):
            try:
                await asyncio.wait_for(client.stop(), 10)
            except (KafkaError, TimeoutError) as error:
                log.warning("while stopping: %s", error)

    def take_refused(self) -> dict[tuple[str, str], int]:
        """How many records sources were not allowed to send since the last call: (source, what) -> number."""
        refused, self.refused = dict(self.refused), Counter()
        return refused

    def name_of(self, tp: TopicPartition) -> str:
        """A raw partition as frames call it."""
        return f"{self.stream_of(tp)}-{tp.partition}"

    def stream_of(self, tp: TopicPartition) -> str:
        """The stream of a topic."""
        stream: str = tp.topic.removeprefix(self.settings.kafka.prefix)
        return stream

    async def own(self, assigned: Iterable[TopicPartition]) -> None:
        """Take partitions over where their last owner has committed."""
        places = await self._committed(assigned)
        for tp in assigned:
            place = places.get(tp)
            offset = place.offset if place is not None and place.offset >= 0 else 0
            if offset == 0:
                offset = (await self.consumer.beginning_offsets([tp]))[tp]
            source = self.intake.own(
                self.stream_of(tp), self.name_of(tp), offset=offset, saved=place.metadata if place else ""
            )
            self.consumer.seek(tp, offset)
            self.needed = max(self.needed, source.arrived)
        log.info("owns %d raw partitions", len(self.intake.owned))

    async def _committed(self, tps: Iterable[TopicPartition]) -> Mapping[TopicPartition, OffsetAndMetadata]:
        found: Mapping[TopicPartition, OffsetAndMetadata] = (
            await self.consumer._coordinator.fetch_committed_offsets(list(tps))  # noqa: SLF001  (the metadata, too)
        )
        return found

    @Service.task
    async def _frame(self) -> None:
        while not self.should_stop:
            began = time.monotonic()
            try:
                read = await self.consumer.getmany(timeout_ms=round(TICK_S * 1000), max_records=AT_ONCE)
                async with self.turn:
                    number = await self._tick(read)
            except IllegalStateError:
                continue  # rebalanced in between: what was read is read again
            await self.sink.wait_for_capacity()
            if number < AT_ONCE:
                await asyncio.sleep(max(0.0, TICK_S - (time.monotonic() - began)))

    @Service.task
    async def _listen(self) -> None:
        """Other workers' rows: what is idle here must be looked at again once rows have come there."""
        while not self.should_stop:
            for messages in (await self.listener.getmany(timeout_ms=200)).values():
                for message in messages:
                    said = msgspec.json.decode(message.value, type=WorkerProgress)
                    self.needed = max(self.needed, said.arrived)

    async def _tick(self, read: Mapping[TopicPartition, Any]) -> int:
        mine = {self.name_of(tp): rows for tp, rows in read.items() if self.name_of(tp) in self.intake.owned}
        tps = {self.name_of(tp): tp for tp in self.consumer.assignment()}
        now = time.monotonic()
        for name, rows in mine.items():
            self.last_row[name] = now
            self.needed = max(self.needed, rows[-1].timestamp)
        idle = self._idle(tps, mine.keys(), now)
        number = sum(map(len, mine.values()))
        if mine or idle:
            with self.metrics.stage("frame"):
                made, encoded = await asyncio.to_thread(self._taken, mine, idle)
            await self._send(made.frames, encoded, mine)
            places = {tps[n]: self._place(self.intake.owned[n]) for n in [*mine, *idle] if n in tps}
            safe = self.sink.put(Findings(quarantined=made.rejected), made.event_marks)
            self.uncommitted.append((safe, places))
            self._count(made, mine)
        await self._commit()
        return number

    def _taken(self, read: Mapping[str, Any], idle: Mapping[str, int]) -> tuple[Taken, list[bytes]]:
        made = self.intake.take(read, idle)
        return made, [encode(frame) for frame in made.frames]

    @staticmethod
    def _place(raw: RawPartition) -> OffsetAndMetadata:
        return OffsetAndMetadata(raw.framer.end, raw.save())

    def _idle(self, tps: Mapping[str, TopicPartition], read: Iterable[str], now: float) -> dict[str, int]:
        """Partitions at their end of which more must be said than was said: since when they have had nothing."""
        found = {}
        for name, source in self.intake.owned.items():
            tp = tps.get(name)
            if tp is None or source.publishing or name in read or now - self.last_row.get(name, 0.0) < IDLE_MS / 1000:
                continue
            polled = self.consumer.last_poll_timestamp(tp) or 0
            at_end = self.consumer.highwater(tp) == source.framer.end
            wanted = source.state == "open" or source.idle_since < self.needed
            if at_end and wanted and polled - SKEW_MS > source.idle_since:
                found[name] = polled - SKEW_MS
        return found

    async def _send(self, frames: Sequence[Frame], encoded: Sequence[bytes], read: Mapping[str, Any]) -> None:
        sent = []
        for frame, data in zip(frames, encoded, strict=True):
            topic = frames_topic(self.settings.kafka, frame.key_space, EPOCH)
            sent.append(await self.producer.send(topic, data, partition=frame.partition))
            self.metrics.frames.labels(frame.key_space, "out").inc()
            self.metrics.frame_bytes.labels(frame.key_space, "out").inc(len(data))
        if read:
            arrived = max(rows[-1].timestamp for rows in read.values())
            reached = {name: self.intake.owned[name].framer.watermark for name in read}
            said = msgspec.json.encode(WorkerProgress(self.worker, arrived, reached))
            sent.append(await self.producer.send(progress_topic(self.settings.kafka), said))
        await asyncio.gather(*sent)

    async def _commit(self) -> None:
        """Commit what is framed, and whose refused records are stored."""
        places: dict[TopicPartition, OffsetAndMetadata] = {}
        while self.uncommitted and self.uncommitted[0][0] <= self.sink.stored:
            places |= self.uncommitted.popleft()[1]
        owned = self.consumer.assignment()
        places = {tp: place for tp, place in places.items() if tp in owned and self.name_of(tp) in self.intake.owned}
        if not places:
            return
        try:
            await self.consumer.commit(places)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("another worker has taken over: %s", error)

    def _count(self, made: Taken, read: Mapping[str, Any]) -> None:
        for name, rows in read.items():
            self.metrics.events.labels(self.intake.owned[name].stream).inc(len(rows))
        self.metrics.late.inc(made.late)
        self.metrics.quarantined.inc(len(made.rejected))
        self.refused.update(not_allowed(made.rejected))
        for sentence in self.intake.numbers.new_warnings():
            log.warning("%s", sentence)
        for tp in self.consumer.assignment():
            source, end = self.intake.owned.get(self.name_of(tp)), self.consumer.highwater(tp)
            if source is not None and end is not None:
                self.metrics.lag.labels(self.name_of(tp)).set(end - source.framer.end)


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]
    """Partitions change hands only between two turns."""

    def __init__(self, framing: Framing) -> None:
        self.framing = framing

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let go."""
        async with self.framing.turn:
            for tp in revoked:
                self.framing.intake.release(self.framing.name_of(tp))
            self.framing.uncommitted.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Take over."""
        async with self.framing.turn:
            try:
                await self.framing.own(assigned)
            except (KafkaError, TollwatchError) as error:
                await self.framing.crash(error)
