"""What was found goes to the store, in order, again and again until it is there."""

import asyncio
import logging
from collections.abc import Sequence, Sized
from dataclasses import dataclass, field

import polars as pl
from mode import Service

from streams.live.metrics import Metrics
from tollwatch.errors import StoreAwayError, StoreError
from tollwatch.frames import Findings
from tollwatch.ports import Store

log = logging.getLogger("tollwatch.sink")
GATHER_S = 0.02
MOST_WAITING = 200_000
LONGEST_WAIT_S = 5.0


@dataclass
class _Waiting:
    findings: Findings = field(default_factory=Findings)
    marks: list[pl.DataFrame] = field(default_factory=list)
    number: int = 0

    def add(self, findings: Findings | None, marks: Sequence[pl.DataFrame]) -> None:
        if findings is not None:
            self.number += _size(findings)
            self.findings.extend(findings)
        self.marks.extend(marks)
        self.number += sum(map(len, marks))


def _size(found: Findings) -> int:
    plain: tuple[Sized, ...] = (
        found.alerts, found.evidence, found.leakages, found.scores, found.profiles, found.control_runs,
        found.quarantined, found.health, found.marks, found.alert_rows,
    )  # fmt: skip
    return sum(map(len, plain)) + sum(len(rows.rows) for rows in found.evidence_rows)


class Sink(Service):
    """Writes in the background; `put` says which number must be `stored` for what was put to be safe."""

    def __init__(self, store: Store, metrics: Metrics, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.store, self.metrics = store, metrics
        self.waiting, self.given, self.stored = _Waiting(), 0, 0
        self.come, self.went = asyncio.Event(), asyncio.Condition()

    def put(self, findings: Findings | None, marks: Sequence[pl.DataFrame] = ()) -> int:
        """Have something written; nothing at all is safe when what came before it is."""
        if (findings is not None and _size(findings)) or marks:
            self.waiting.add(findings, marks)
            self.given += 1
            self.come.set()
        return self.given

    def full(self) -> bool:
        """Whether so much waits that no more should be made."""
        return self.waiting.number > MOST_WAITING

    async def room(self) -> None:
        """Wait while it is full."""
        async with self.went:
            await self.went.wait_for(lambda: not self.full())

    async def until(self, number: int) -> None:
        """Wait until everything up to a number is stored."""
        async with self.went:
            await self.went.wait_for(lambda: self.stored >= number)

    @Service.task
    async def _write(self) -> None:
        while True:
            await self.come.wait()
            await asyncio.sleep(GATHER_S)
            self.come.clear()
            batch, number = self.waiting, self.given
            self.waiting = _Waiting()
            await self._insist(batch)
            async with self.went:
                self.stored = number
                self.went.notify_all()

    async def _insist(self, batch: _Waiting) -> None:
        wait = 0.2
        while True:
            try:
                with self.metrics.stage("store"):
                    await asyncio.to_thread(self._store, batch)
            except StoreAwayError as error:
                self.metrics.store_up.set(0)
                log.warning("%s; %d findings wait, tried again in %.1f s", error, batch.number, wait)
            except StoreError as error:
                self.metrics.store_up.set(0)
                log.error("%s; %d findings wait, tried again in %.1f s", error, batch.number, wait)  # noqa: TRY400
            else:
                self.metrics.store_up.set(1)
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    def _store(self, batch: _Waiting) -> None:
        if batch.marks:
            self.store.write_event_marks(pl.concat(batch.marks))
        self.store.write(batch.findings)
