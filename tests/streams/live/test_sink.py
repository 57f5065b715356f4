"""Findings are written in the background, in order, and again until the store has taken them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import polars as pl
import pytest

from streams.intake import event_marks
from streams.live import sink as sinks
from streams.live.metrics import Metrics
from streams.live.sink import FindingsSink
from tests.store.found import alert
from tollwatch.errors import StoreAwayError, StoreError
from tollwatch.frames import EvidencePlaces, Findings


class Store:
    """A store that fails as often as it is told to, and notes the order of what it takes."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.taken, self.tries = list(failures), [], 0

    def write(self, findings: Findings) -> None:
        """Take findings, or fail."""
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append([each.alert_id for each in findings.alerts])

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """Take event marks."""
        self.taken.append(marks["mark"].to_list())

    def settle_evidence(self, read: object) -> int:
        """Nothing waits."""
        del read
        return 0

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Workers hand over no raw events."""
        raise NotImplementedError


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits long."""
    monkeypatch.setattr(sinks, "LONGEST_WAIT_S", 0.01)


def during(store: Store, body: Callable[[FindingsSink], Coroutine[Any, Any, None]]) -> FindingsSink:
    """Run something while the sink runs."""

    async def all_of_it() -> FindingsSink:
        sink = FindingsSink(store, Metrics())
        async with sink:
            await asyncio.wait_for(body(sink), 20)
        return sink

    return asyncio.run(all_of_it())


def found(number: int) -> Findings:
    """One alert."""
    return Findings(alerts=[alert(number)])


def test_what_was_queued_is_stored_in_order_marks_first() -> None:
    """Who waits for a number goes on once it and all before it are stored."""
    store = Store()

    async def body(sink: FindingsSink) -> None:
        sink.put(found(1))
        number = sink.put(found(2), [event_marks("usage", "late", "usage-0", [3])])
        assert (number, sink.stored) == (2, 0)
        await sink.wait_until_stored(number)
        assert sink.stored == 2

    during(store, body)
    assert store.taken == [["late"], [alert(1).alert_id, alert(2).alert_id]]


def test_nothing_to_write_is_stored_when_what_came_before_is() -> None:
    """An offset whose frame found nothing must not overtake one whose findings wait."""

    async def body(sink: FindingsSink) -> None:
        first = sink.put(found(1))
        assert sink.put(Findings()) == first
        await sink.wait_until_stored(first)

    during(Store(), body)


@pytest.mark.parametrize("failure", [StoreAwayError("away"), StoreError("refused")])
def test_a_store_that_fails_is_asked_again(failure: Exception) -> None:
    """Away or refusing: nothing is dropped, nothing counts as stored, and the gauge says so meanwhile."""
    store = Store(failure)

    async def body(sink: FindingsSink) -> None:
        number = sink.put(found(1))
        await sink.wait_until_stored(number)

    sink = during(store, body)
    assert (store.tries, store.taken) == (2, [[alert(1).alert_id]])
    assert sink.metrics.store_up._value.get() == 1


def test_who_makes_findings_waits_while_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away for long must not fill the memory."""
    monkeypatch.setattr(sinks, "MOST_WAITING", 2)

    async def body(sink: FindingsSink) -> None:
        for number in range(3):
            sink.put(found(number))
        assert sink.is_full()
        await sink.wait_for_capacity()
        assert not sink.is_full()

    during(Store(StoreAwayError("away")), body)


def test_alerts_are_stored_before_what_they_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence is looked up over another connection; what was found is stored once that is written, too."""
    monkeypatch.setattr(sinks, "LONGEST_GATHER_S", 0.01)
    events: list[str] = []

    class Noting(Store):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def write(self, findings: Findings) -> None:
            what = [*(["alert"] if findings.alerts else []), *(["evidence"] if findings.evidence_places else [])]
            events.append(f"{self.name}: {' '.join(what)}")

    about = pl.DataFrame({"finding_id": ["f"]})
    both = Findings(alerts=[alert(1)], evidence_places=[EvidencePlaces(about, {}, "main", "live")])

    async def all_of_it() -> None:
        sink = FindingsSink(Noting("store"), Metrics(), Noting("evidence"))
        async with sink:
            await asyncio.wait_for(sink.wait_until_stored(sink.put(both)), 20)

    asyncio.run(all_of_it())
    assert events == ["store: alert", "evidence: evidence"]
