"""The worker: one Faust app with the framing service, one agent per key space, snapshots and the sink."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, cast

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from faust.types import TP
from mode import Service

from streams.align import Dropped
from streams.codec import encode
from streams.conflicts import contradicts
from streams.intake import dropped_marks
from streams.live.app import make_app
from streams.live.client import LARGEST, connection
from streams.live.driver import SnapshotConsumer, SnapshotTransport
from streams.live.framing import Framing
from streams.live.inbox import Came, Inbox
from streams.live.metrics import Metrics
from streams.live.owned import Owned
from streams.live.periodic import Periodic
from streams.live.raw_partitions import RawIntake, raw_partitions
from streams.live.sink import FindingsSink
from streams.live.topics import EPOCH, frames_topic
from streams.partition import EventPartition, PartitionFactory, PartitionOutput
from streams.plan import EVENT, Plan
from streams.snapshots import Snapshots
from tollwatch.config import Settings
from tollwatch.errors import TollwatchError
from tollwatch.frames import Frame
from tollwatch.ports import Sink
from tollwatch.rescue import UNFORESEEN
from tollwatch.segments import Segment

log = logging.getLogger("tollwatch.worker")
REVOKED_S, SNAPSHOTS_KEPT = 5.0, 2
FLUSH_S = 0.1
"""How long alerts wait at most to be written together, where writing them takes no tenth of the time."""
OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""A fetch of Kafka makes as many objects at once, none of them a circle."""
OnRefused = Callable[[Mapping[tuple[str, str], int]], None]


class _Copied(NamedTuple):
    """What is to be written of a partition, once everything that was queued before `stored_to` is stored."""

    tp: TP
    own: Owned
    offset: int
    segments: Mapping[str, Segment]
    stored_to: int


class Worker:
    """Everything one process does. `plan` is what runs, `store` takes what is found, `state` is where snapshots lie.

    `evidence_store` is a connection of its own, `on_refused` hears of records not allowed, one worker runs `controls`.
    """

    consumer: SnapshotConsumer
    producer: AIOKafkaProducer
    reader: AIOKafkaConsumer

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        store: Sink,
        state: str,
        on_refused: OnRefused | None = None,
        *,
        evidence_store: Sink | None = None,
        controls: Callable[[], object] | None = None,
    ) -> None:
        self.settings, self.state, self.on_refused, self.controls = settings, state, on_refused, controls
        self.metrics = Metrics()
        self.app = self._app()
        self.sink = FindingsSink(store, self.metrics, evidence_store)
        self.factory = PartitionFactory(plan, settings, raw_partitions(settings))
        self.framing = Framing(RawIntake(plan, settings), settings, self.sink, self.metrics)
        self.turn, self.saving = asyncio.Lock(), asyncio.Lock()
        self.inbox = Inbox()
        self.owned: dict[TP, Owned] = {}
        self.kept: dict[TP, Owned] = {}
        self.pool = ThreadPoolExecutor(1, "detect")
        self.space_of = {frames_topic(settings.kafka, name): name for name in self.factory.counts}
        for name in self.factory.counts:
            self._agent(name)
        self.app.service(_WorkerServices.bound(self))

    def _app(self) -> faust.App:
        app = make_app(self.settings)
        transport = SnapshotTransport(app.conf.broker_consumer, app, app.loop)
        app.transport = transport
        original = transport.create_consumer

        def create(*args: Any, **kwargs: Any) -> Any:
            self.consumer = cast("SnapshotConsumer", original(*args, **kwargs))
            self.consumer.restore, self.consumer.safe = self.restore, {}
            return self.consumer

        transport.create_consumer = create  # type: ignore[method-assign]
        app.on_partitions_revoked.connect(self._revoked)  # type: ignore[arg-type]
        return app

    def run(self, log_level: str = "INFO") -> None:
        """Work until a signal comes; exits the process."""
        own = faust.Worker(self.app, override_logging=False, redirect_stdouts=False, quiet=True, loglevel=log_level)
        own.execute_from_commandline()

    def _agent(self, space: str) -> None:
        topic = self.app.topic(
            frames_topic(self.settings.kafka, space),
            value_type=bytes,
            value_serializer="raw",
            key_serializer="raw",
            allow_empty=True,
        )

        async def take(stream: Any) -> None:
            async for event in stream.events():
                message = event.message
                if message.generation_id == self.app.consumer_generation_id:
                    await self.inbox.put(TP(message.topic, message.partition), message.offset, message.value)

        self.app.agent(topic, name=f"tollwatch.{space}")(take)

    async def take(self, tp: TP, frames: Sequence[Came]) -> None:
        """Take frames of a partition in the order of its log; those that were taken before are left out."""
        await self.sink.wait_for_capacity()
        async with self.turn:
            own = self.owned.get(tp)
            if own is None or not (wanted := await self._wanted(tp, own, frames)):
                return
            space = self.space_of[tp.topic]
            loop = asyncio.get_running_loop()
            try:
                with self.metrics.stage(f"detect.{space}"):
                    outcomes = await loop.run_in_executor(self.pool, own.take, wanted)
            except TollwatchError:
                raise
            except UNFORESEEN as error:
                await self._come_again(tp, own, [offset for offset, _ in wanted], error)
                return
            own.next = wanted[-1][0] + 1
            self.metrics.frames.labels(space, "in").inc(len(wanted))
            self.metrics.frame_bytes.labels(space, "in").inc(sum(len(data) for _, data in wanted))
            for outcome in outcomes:
                await self._hand_on(outcome)

    async def _wanted(self, tp: TP, own: Owned, frames: Sequence[Came]) -> list[Came]:
        """The frames that follow on what was taken; behind a gap none, unless what is missing is gone."""
        wanted, following = list[Came](), own.next
        for offset, data in frames:
            if offset > following:
                if wanted or not await self._is_next(tp, own, offset):
                    break
                following = own.next
            if offset == following:
                wanted.append((offset, data))
                following += 1
        return wanted

    async def _come_again(self, tp: TP, own: Owned, offsets: Sequence[int], error: BaseException) -> None:
        """Go back to the last snapshot of a partition whose stage failed, and come to the frames again, carefully."""
        if own.suspects.issuperset(offsets):
            raise error
        where = f"{tp}: frames {offsets[0]} to {offsets[-1]}"
        log.error("%s: the stage failed (%r); going back to its snapshot", where, error)
        fresh = await asyncio.to_thread(self._load, tp)
        fresh.suspects = own.suspects | set(offsets)
        self.owned[tp] = fresh
        self.metrics.stage_failures.labels(self.space_of[tp.topic]).inc()
        await self.app.consumer.seek(tp, fresh.next)

    async def _is_next(self, tp: TP, own: Owned, offset: int) -> bool:
        """Whether a frame behind a gap is taken: only where what is missing is gone; else it is read again, once."""
        if own.sought != own.next:
            log.info("%s: %d came, %d is wanted: read again", tp, offset, own.next)
            begin = (await self.app.consumer.earliest_offsets(tp)).get(tp, 0)
            if begin > own.next:
                log.error(
                    "%s: frames %d to %d are gone; keep frames longer (kafka.retention_h)", tp, own.next, begin - 1
                )
                own.next = begin
            own.sought = own.next
            await self.app.consumer.seek(tp, own.next)
        return offset == own.next

    async def _hand_on(self, outcome: PartitionOutput) -> None:
        found = outcome.findings
        for frame in outcome.derived:
            await self._derive(frame)
        for dropped in outcome.dropped:
            if dropped.mark == "duplicate":
                self.metrics.duplicates.inc(len(dropped.rows))
            if dropped.mark == "conflict":
                self.metrics.conflicts.inc(len(dropped.rows))
                found.quarantined.extend(await self._conflicts(dropped))
        for alert in found.all_alerts():
            if alert.state == "open":
                self.metrics.alerts.labels(alert.detector).inc()
        self.metrics.leakages.inc(sum(leak.revision == 1 for leak in found.leakages))
        self.sink.put(found, dropped_marks(outcome.dropped))

    async def _derive(self, frame: Frame) -> None:
        await self.producer.send(frames_topic(self.settings.kafka, frame.key_space), encode(frame), partition=0)

    async def _conflicts(self, dropped: Dropped) -> list[Any]:
        """Records whose id came with other content, whole: they are read again, for frames carry only their places."""
        stream, found = dropped.stream, []
        for partition, offset in dropped.rows.select("_partition", "_offset").iter_rows():
            tp = TopicPartition(f"{self.settings.kafka.prefix}{stream}", int(partition.rpartition("-")[2]))
            self.reader.assign([tp])
            self.reader.seek(tp, offset)
            message = await asyncio.wait_for(self.reader.getone(tp), 30)
            found.append(
                contradicts(
                    stream,
                    partition,
                    offset,
                    message.value or b"{}",
                    tenant=self.settings.tenant,
                    run=self.settings.run,
                )
            )
        return found

    async def restore(self, assigned: set[TP]) -> Mapping[TP, int]:
        """Load the parts of partitions; gives where each goes on. Called by the consumer before it reads."""
        await self.inbox.clear()
        async with self.turn:
            for tp in [tp for tp in self.owned if tp not in assigned]:
                del self.owned[tp]
            for tp in sorted(assigned):
                if tp not in self.owned and tp.topic in self.space_of:
                    self.owned[tp] = await asyncio.to_thread(self._load, tp)
            self.kept.clear()
            self.consumer.safe = {tp: own.saved for tp, own in self.owned.items()}
            return {tp: own.next for tp, own in self.owned.items()}

    def _load(self, tp: TP) -> Owned:
        space = self.space_of[tp.topic]
        snapshots = Snapshots(
            f"{self.state}/{space}/{tp.partition:03}",
            epoch=EPOCH,
            keep=SNAPSHOTS_KEPT,
            key=self.settings.hasher().key,
            about=f"{self.settings.app}/{space}/{tp.partition}",
        )
        found = snapshots.newest()
        manifest = found[0] if found is not None else None
        kept = self.kept.pop(tp, None)
        if kept is not None and kept.next == kept.saved == (manifest.number if manifest is not None else 0):
            log.info("%s: goes on at %d with what is in memory", tp, kept.next)
            return kept
        partition = self.factory.make(space, tp.partition)
        if found is None or manifest is None:
            return Owned(partition, snapshots, 0)
        partition.load(found[1])
        log.info("%s: goes on at %d with its snapshot", tp, manifest.number)
        return Owned(partition, snapshots, manifest.number)

    async def _revoked(self, app: Any, revoked: set[TP], **_: Any) -> None:
        del app
        try:
            await asyncio.wait_for(self.snapshot(commit=False), REVOKED_S)
        except TimeoutError:
            log.warning("the snapshot before handing over took too long; the next owner goes on from the one before")
        async with self.turn:
            for tp in revoked:
                if (own := self.owned.pop(TP(tp.topic, tp.partition), None)) is not None:
                    self.kept[TP(tp.topic, tp.partition)] = own

    async def flush(self) -> None:
        """Hand on the alerts that wait to be written in bulk: they must not wait for the next snapshot.

        How feeds are is a matter of minutes: it waits.
        """
        async with self.turn:
            behind = [own for tp, own in self.owned.items() if own.next > own.flushed]
            alerting = [own for own in behind if not isinstance(own.partition, EventPartition)]
            if alerting:
                loop = asyncio.get_running_loop()
                for outcome in await loop.run_in_executor(self.pool, lambda: [own.flush() for own in alerting]):
                    await self._hand_on(outcome)

    async def snapshot(self, *, commit: bool = True) -> None:
        """Save what has changed, once everything that was found before it is stored and acknowledged."""
        async with self.saving:
            copied = await self._copy_changed()
            if not copied:
                return
            with self.metrics.stage("acknowledge"):
                await self.producer.flush()
                await self.sink.wait_until_stored(copied[0].stored_to)
            for each in copied:
                await self._write(each)
            self.metrics.snapshots.inc()
        if commit:
            await self.consumer.commit_safe()

    async def _copy_changed(self) -> list["_Copied"]:
        """Copy what has changed, between two frames; what was found until then is handed on before."""
        loop = asyncio.get_running_loop()
        async with self.turn:
            changed = {tp: own for tp, own in self.owned.items() if own.next > own.saved}
            for own in changed.values():
                await self._hand_on(await loop.run_in_executor(self.pool, own.flush))
            copied = []
            for tp, own in changed.items():
                with self.metrics.stage("copy"):
                    segments = await loop.run_in_executor(self.pool, own.copied)
                copied.append(_Copied(tp, own, own.next, segments, self.sink.queued))
                space = self.space_of[tp.topic]
                self.metrics.watermark.labels(space, tp.partition).set(own.partition.watermark())
                self.metrics.held.labels(space, tp.partition).set(own.partition.waiting())
                for part, size in own.partition.memory().items():
                    self.metrics.memory.labels(space, tp.partition, part).set(size)
            return copied

    async def _write(self, copied: "_Copied") -> None:
        """Write a snapshot while the line goes on."""
        tp, own = copied.tp, copied.own
        with self.metrics.stage("snapshot"):
            size = await asyncio.to_thread(own.write, copied.segments, copied.offset)
        own.saved = copied.offset
        self.metrics.state.labels(self.space_of[tp.topic], tp.partition).set(size)
        if self.owned.get(tp) is own:
            self.consumer.safe[tp] = own.saved


class _WorkerServices(Service):
    """Runs beside the agents: clients of our own, the sink, the framing, the snapshots in time."""

    worker: Worker

    @classmethod
    def bound(cls, worker: Worker) -> type["_WorkerServices"]:
        """The service of one worker: Faust makes it itself."""
        return type("WorkerServices", (cls,), {"worker": worker})

    async def on_start(self) -> None:
        """Connect before anything is taken."""
        worker = self.worker
        given = connection(worker.settings.kafka)
        worker.producer = AIOKafkaProducer(**given, acks="all", enable_idempotence=True, max_request_size=LARGEST)
        worker.reader = AIOKafkaConsumer(**given, auto_offset_reset="none", fetch_max_wait_ms=50)
        await worker.producer.start()
        await worker.reader.start()
        if worker.settings.metrics_port:
            worker.metrics.serve(worker.settings.metrics_port)
        await self.add_runtime_dependency(worker.sink)
        await self.add_runtime_dependency(worker.framing)
        if worker.controls is not None and (every_s := worker.settings.controls_every_s):
            first = TP(frames_topic(worker.settings.kafka, EVENT), 0)
            how = {"share": worker.settings.controls_share}
            await self.add_runtime_dependency(Periodic(worker.controls, every_s, lambda: first in worker.owned, **how))
        gc.collect()
        gc.freeze()  # what is there stays: the collector need not go through it again and again
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)

    @Service.task
    async def _takes(self) -> None:
        while not self.should_stop:
            await self.worker.take(*await self.worker.inbox.take())

    @Service.task
    async def _flushes(self) -> None:
        while not self.should_stop:
            began = time.monotonic()
            await self.worker.flush()
            await self.sleep(max(FLUSH_S, 10 * (time.monotonic() - began)))

    @Service.task
    async def _snapshots(self) -> None:
        last = time.monotonic()
        while not self.should_stop:
            await self.sleep(max(0.1, self.worker.settings.snapshot_s - (time.monotonic() - last)))
            last = time.monotonic()
            await self.worker.snapshot()
            refused = self.worker.framing.take_refused()
            if refused and self.worker.on_refused is not None:
                await asyncio.to_thread(self.worker.on_refused, refused)

    async def on_stop(self) -> None:
        """Nothing is lost when it ends at once; ended in peace, the next one begins where this one was."""
        worker = self.worker
        try:
            await asyncio.wait_for(worker.snapshot(commit=False), REVOKED_S)
        except Exception as error:  # noqa: BLE001  (it ends anyway)
            log.warning("no last snapshot: %r", error)
        for client in (worker.producer, worker.reader):
            await client.stop()
