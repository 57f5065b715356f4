"""Findings are written to the store in the background, in order, and again until the store has taken them."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from mode import Service

from streams.live.metrics import Metrics
from streams.reading.decode import Decoder
from tollwatch.errors import StoreAwayError, StoreError
from tollwatch.frames import Findings
from tollwatch.ports import Sink

log = logging.getLogger("tollwatch.sink")
GATHER_S = 0.02
SETTLE_S = 0.5
MOST_WAITING = 200_000
LONGEST_WAIT_S = 5.0
LONGEST_GATHER_S = 1.0


def read_record(stream: str, raw: bytes) -> dict[str, Any] | None:
    """The columns of a record as framing reads them; None where it refuses the record."""
    read = Decoder(stream, "").decode(raw, position=0)
    return read if isinstance(read, dict) else None


@dataclass
class _Queue:
    """What waits to be stored, and how many rows of it."""

    findings: Findings = field(default_factory=Findings)
    event_marks: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0

    def add(self, findings: Findings, event_marks: Sequence[pl.DataFrame]) -> None:
        self.rows += findings.size() + sum(map(len, event_marks))
        self.findings.extend(findings)
        self.event_marks.extend(event_marks)


class FindingsSink(Service):
    """Writes findings in the background, in order. `put` gives the number that must be `stored` for them to be safe.

    Alerts go first, and at once: an analyst waits for them. The rows that they show are looked up behind them, for many
    alerts at a time, over a connection of its own where `evidence_store` gives one; then come the marks of frames, and
    only then is what was found stored.
    """

    def __init__(self, store: Sink, metrics: Metrics, evidence_store: Sink | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.store, self.metrics = store, metrics
        self.evidence_store = evidence_store or store
        self.queue, self.queued = _Queue(), 0
        self.behind, self.written_to = _Queue(), 0
        self.stored = 0
        self.items_available, self.written = asyncio.Event(), asyncio.Condition()
        self.behind_available = asyncio.Event()
        self.at_store = asyncio.Lock()
        self.at_evidence = asyncio.Lock() if evidence_store is not None else self.at_store

    def put(self, findings: Findings, event_marks: Sequence[pl.DataFrame] = ()) -> int:
        """Queue findings and event marks; gives the sequence number to wait for with `wait_until_stored`.

        With nothing to write it is that of what was queued last.
        """
        if findings.size() or event_marks:
            self.queue.add(findings, event_marks)
            self.queued += 1
            self.items_available.set()
        return self.queued

    def is_full(self) -> bool:
        """Whether so many rows wait that no more should be made."""
        return self.queue.rows + self.behind.rows > MOST_WAITING

    async def wait_for_capacity(self) -> None:
        """Wait while it is full."""
        async with self.written:
            await self.written.wait_for(lambda: not self.is_full())

    async def wait_until_stored(self, number: int) -> None:
        """Wait until everything up to a sequence number is stored."""
        async with self.written:
            await self.written.wait_for(lambda: self.stored >= number)

    @Service.task
    async def _write_queue(self) -> None:
        while True:
            await self.items_available.wait()
            await asyncio.sleep(GATHER_S)
            self.items_available.clear()
            batch, number = self.queue, self.queued
            self.queue = _Queue()
            at_once, later = batch.findings.cut()
            if batch.event_marks or at_once.size():
                await self._write_with_retry(self.store, self.at_store, _Queue(at_once, batch.event_marks, batch.rows))
            self.behind.add(later, ())
            self.written_to = number
            self.behind_available.set()

    @Service.task
    async def _write_behind(self) -> None:
        """Look up what was written shows, and write it down; it takes half of the time at most."""
        while True:
            await self.behind_available.wait()
            self.behind_available.clear()
            batch, number = self.behind, self.written_to
            self.behind = _Queue()
            began = time.monotonic()
            if batch.rows:
                await self._write_with_retry(self.evidence_store, self.at_evidence, batch)
            async with self.written:
                self.stored = number
                self.written.notify_all()
            await asyncio.sleep(min(time.monotonic() - began, LONGEST_GATHER_S))

    @Service.task
    async def _settle_evidence(self) -> None:
        """Copy rows of evidence once the store has them: ClickHouse takes raw events from Kafka in its own time."""
        wait_s = SETTLE_S
        while True:
            await asyncio.sleep(wait_s)
            try:
                async with self.at_evidence:
                    with self.metrics.stage("evidence"):
                        missing = await asyncio.to_thread(self.evidence_store.settle_evidence, read_record)
            except StoreError as error:
                log.warning("%s; rows of evidence wait", error)
                missing = 1
            self.metrics.evidence_waiting.set(missing)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S) if missing else SETTLE_S

    async def _write_with_retry(self, store: Sink, lock: asyncio.Lock, batch: _Queue) -> None:
        wait_s = 0.2
        while True:
            try:
                async with lock:
                    with self.metrics.stage("store" if lock is self.at_store else "evidence"):
                        await asyncio.to_thread(_write, store, batch)
            except StoreAwayError as error:
                self.metrics.store_up.set(0)
                log.warning("%s; %d findings wait, tried again in %.1f s", error, batch.rows, wait_s)
            except StoreError as error:
                self.metrics.store_up.set(0)
                log.error("%s; %d findings wait, tried again in %.1f s", error, batch.rows, wait_s)  # noqa: TRY400
            else:
                self.metrics.store_up.set(1)
                return
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)


def _write(store: Sink, batch: _Queue) -> None:
    if batch.event_marks:
        store.write_event_marks(pl.concat(batch.event_marks))
    store.write(batch.findings)
