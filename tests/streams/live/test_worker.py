"""A worker takes each frame once and in order, and saves state only after what it found is stored."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from faust.types import TP

from services.assembly import make_plan
from streams.codec import encode
from streams.frame import Framer
from streams.intake import Intake
from streams.live.raw_partitions import raw_partitions
from streams.live.worker import Worker
from streams.partition import PartitionOutput
from streams.plan import Plan
from tests.make import START_MS, usage
from tests.saved import plain
from tests.store.found import alert
from tests.streams.live.world import settings_of
from tests.streams.memory import Rows
from tests.streams.test_careful import failing
from tollwatch.config import Settings
from tollwatch.frames import FOREVER, Findings, Frame, Span

SPACE = "calling_number"
TOPIC = TP(f"frames.{SPACE}.0", 0)


class Sink:
    """Says what was queued, and waits until a test has it stored."""

    def __init__(self, events: list[str]) -> None:
        self.events, self.queued, self.findings = events, 0, []

    async def wait_for_capacity(self) -> None:
        """There is always room."""

    def put(self, findings: Findings, marks: Any = ()) -> int:
        """Note findings."""
        del marks
        self.findings.append(findings)
        self.queued += 1
        return self.queued

    async def wait_until_stored(self, number: int) -> None:
        """Note what was waited for."""
        self.events.append(f"stored {number}")


class Client:
    """A producer, or Faust's consumer."""

    def __init__(self, events: list[str]) -> None:
        self.events, self.sought, self.safe = events, [], {}
        self.earliest = 0

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        """Where the log begins."""
        return dict.fromkeys(tps, self.earliest)

    async def flush(self) -> None:
        """Everything sent is acknowledged."""
        self.events.append("acknowledged")

    async def seek(self, tp: TP, offset: int) -> None:
        """Note where reading goes on."""
        self.sought.append((tp, offset))

    async def commit_safe(self) -> None:
        """Commit the places of snapshots."""
        self.events.append(f"committed {self.safe[TOPIC]}")


class Rig:
    """A worker whose Kafka and store are in memory; `events` is the order in which things happened."""

    def __init__(self, state: Path, settings: Settings | None = None, plan: Plan | None = None) -> None:
        settings = settings or settings_of("wangiri")
        self.events: list[str] = []
        self.plan: Plan = plan or make_plan(settings)
        self.worker = Worker(self.plan, settings, store=None, state=str(state))  # type: ignore[arg-type]
        self.worker.sink = Sink(self.events)  # type: ignore[assignment]
        self.worker.producer = Client(self.events)
        self.worker.consumer = self.worker.app.consumer = Client(self.events)  # type: ignore[assignment]

    async def restore(self) -> dict[TP, int]:
        """Take over the partition."""
        return dict(await self.worker.restore({TOPIC}))

    @staticmethod
    def frame(offset: int) -> bytes:
        """The frame at an offset of the log."""
        span = Span(partition="usage-0", begin=offset, end=offset + 1, watermark=1_000 + offset, arrived=offset + 1)
        return encode(Frame(SPACE, 0, offset, (span,), {}))

    async def take(self, offset: int) -> None:
        """Take that frame."""
        await self.worker.take(TOPIC, [(offset, self.frame(offset))])

    def next(self) -> int:
        """The offset that is wanted."""
        return self.worker.owned[TOPIC].next


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A worker that owns one partition, with no snapshot yet."""
    return Rig(tmp_path)


def test_a_frame_is_taken_once(rig: Rig) -> None:
    """Sent again after a rebalance, it is left out."""

    async def body() -> None:
        assert await rig.restore() == {TOPIC: 0}
        for offset in (0, 1, 0, 1):
            await rig.take(offset)

    asyncio.run(body())
    assert rig.next() == 2
    assert len(rig.worker.sink.findings) == 2  # type: ignore[attr-defined]


def test_frames_that_came_together_are_taken_together(rig: Rig) -> None:
    """What waits in the inbox is taken at once, up to a gap; the marks of all frames are written."""

    async def body() -> None:
        await rig.restore()
        for offset in (0, 1, 2, 5):
            await rig.worker.inbox.put(TOPIC, offset, rig.frame(offset))
        await rig.worker.take(*await rig.worker.inbox.take())
        assert rig.worker.inbox.waiting == {}
        assert rig.worker.inbox.bytes == 0

    asyncio.run(body())
    assert rig.next() == 3
    marks = [mark for found in rig.worker.sink.findings for mark in found.frame_marks]  # type: ignore[attr-defined]
    assert [mark.sequence for mark in marks] == [0, 1, 2]


def test_a_frame_that_fails_among_others_comes_again_alone(tmp_path: Path) -> None:
    """Frames that were taken together when the stage failed are taken one by one behind the snapshot."""
    settings = settings_of("wangiri")
    rig, frames = poisonous(tmp_path, settings)

    async def body() -> None:
        await rig.restore()
        await rig.worker.take(TOPIC, list(enumerate(frames)))
        assert rig.worker.consumer.sought == [(TOPIC, 0)]  # type: ignore[attr-defined]
        await rig.worker.take(TOPIC, list(enumerate(frames)))

    asyncio.run(body())
    assert rig.next() == 2
    aside = [record for found in rig.worker.sink.findings for record in found.quarantined]  # type: ignore[attr-defined]
    assert ["poison-1" in record.raw.decode() for record in aside] == [True]


def test_alerts_do_not_wait_for_the_next_snapshot(rig: Rig) -> None:
    """What waits to be written in bulk is handed on soon; where nothing was taken since, nobody is asked."""
    asked = []

    def flush() -> PartitionOutput:
        asked.append(1)
        return PartitionOutput(Findings(alerts=[alert(1)]))

    async def body() -> None:
        await rig.restore()
        rig.worker.owned[TOPIC].partition.flush = flush  # type: ignore[method-assign]
        await rig.worker.flush()
        assert asked == []
        await rig.take(0)
        await rig.worker.flush()
        await rig.worker.flush()

    asyncio.run(body())
    assert asked == [1]
    found = [each.alert_id for made in rig.worker.sink.findings for each in made.alerts]  # type: ignore[attr-defined]
    assert found == [alert(1).alert_id]


def test_a_gap_is_read_again_and_asked_for_once(rig: Rig) -> None:
    """A frame that comes too early is no reason to skip the ones before it."""

    async def body() -> None:
        await rig.restore()
        await rig.take(3)
        await rig.take(4)
        assert rig.worker.consumer.sought == [(TOPIC, 0)]  # type: ignore[attr-defined]
        for offset in (0, 1, 2, 3):
            await rig.take(offset)

    asyncio.run(body())
    assert rig.next() == 4


def test_what_the_log_has_forgotten_is_passed_over_loudly(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Waiting for it would hold the partition up for ever."""

    async def body() -> None:
        await rig.restore()
        rig.worker.consumer.earliest = 3  # type: ignore[attr-defined]
        await rig.take(4)
        await rig.take(3)
        await rig.take(4)

    asyncio.run(body())
    assert rig.next() == 5
    assert "frames 0 to 2 are gone" in caplog.text


def test_frames_of_a_partition_that_is_not_owned_are_left_alone(rig: Rig) -> None:
    """They are another worker's."""

    async def body() -> None:
        await rig.take(0)
        await rig.restore()
        await rig.worker.restore(set())
        await rig.take(0)

    asyncio.run(body())
    assert rig.worker.owned == {}
    assert rig.worker.sink.findings == []  # type: ignore[attr-defined]


def test_state_is_saved_after_findings_are_stored_and_before_offsets_are_committed(rig: Rig, tmp_path: Path) -> None:
    """Any other order loses findings, or reads on from a place whose state is gone, when it is killed in between."""

    async def body() -> None:
        await rig.restore()
        await rig.take(0)
        await rig.worker.snapshot()
        await rig.worker.snapshot()

    asyncio.run(body())
    assert [path.name for path in tmp_path.rglob("manifest-*.json")] == [f"manifest-000000-{1:016}.json"]
    assert rig.events == ["acknowledged", "stored 2", "committed 1"], "nothing new, no second snapshot"


def test_the_next_worker_goes_on_with_the_snapshot(rig: Rig, tmp_path: Path) -> None:
    """At its offset, and with its watermark."""
    other = Rig(tmp_path)

    async def body() -> None:
        await rig.restore()
        await rig.take(0)
        await rig.take(1)
        await rig.worker.snapshot()
        await rig.take(2)
        assert await other.restore() == {TOPIC: 2}

    asyncio.run(body())
    held = {tp: own.partition.save() for tp, own in other.worker.owned.items()}
    before = plain(rig.worker.owned[TOPIC].partition.save())
    assert plain(held[TOPIC]) != before, "the third frame is not in it"
    asyncio.run(other.take(2))
    assert plain(other.worker.owned[TOPIC].partition.save()) == before


def test_a_partition_that_comes_back_unchanged_is_kept_in_memory(rig: Rig) -> None:
    """A rebalance that changes nothing reads no snapshot again."""

    async def body() -> tuple[Any, Any]:
        await rig.restore()
        await rig.take(0)
        await rig.worker.snapshot()
        before = rig.worker.owned[TOPIC].partition
        await rig.worker._revoked(None, {TOPIC})
        assert rig.worker.owned == {}
        await rig.restore()
        return before, rig.worker.owned[TOPIC].partition

    before, after = asyncio.run(body())
    assert before is after


def test_alerts_are_counted_when_they_open(rig: Rig) -> None:
    """Prometheus sees what analysts will see."""
    outcome = type("Outcome", (), {"findings": Findings(alerts=[alert(1)]), "derived": [], "dropped": []})()
    asyncio.run(rig.worker._hand_on(outcome))
    assert rig.worker.metrics.alerts.labels(alert(1).detector)._value.get() == 1


def poisonous(state: Path, settings: Settings) -> tuple[Rig, list[bytes]]:
    """A worker whose stage fails at a row, and two frames: with the row, and one that closes all."""
    rig = Rig(state, settings, failing(make_plan(settings), SPACE))
    calls = [usage(f"e{n}", after_s=n) for n in range(5)] + [usage("poison-1", after_s=5), usage("e6", after_s=6)]
    intake, framer = Intake(rig.plan, settings), Framer("usage-0", settings, START_MS + 10**9)
    tick = intake.begin()
    (batch,) = Rows("usage", "usage-0", calls).batches()
    tick.read(framer, batch)
    tick.reach(framer.span(0, arrived=1))
    rows = next(
        frame for frame in tick.finish().frames if frame.key_space == SPACE and frame.partition == 0 and frame.tables
    )
    ends = {name: 7 if name == "usage-0" else 0 for name in raw_partitions(settings)}
    after = {"watermark": START_MS + 10_000, "arrived": FOREVER, "state": "closed"}
    closing = tuple(msgspec.convert({"partition": n, "begin": e, "end": e, **after}, Span) for n, e in ends.items())
    return rig, [encode(rows), encode(Frame(SPACE, 0, 1, closing, {}))]


def test_a_poisonous_row_is_put_aside_and_the_partition_goes_on(tmp_path: Path) -> None:
    """The stage fails at it: back to the snapshot, the frames again, the row into quarantine; once, and also after."""
    settings = settings_of("wangiri")
    rig, frames = poisonous(tmp_path, settings)

    async def body() -> None:
        await rig.restore()
        await rig.worker.take(TOPIC, [(0, frames[0])])
        await rig.worker.take(TOPIC, [(1, frames[1])])
        assert rig.worker.consumer.sought == [(TOPIC, 0)]  # type: ignore[attr-defined]
        for offset, frame in enumerate(frames):
            await rig.worker.take(TOPIC, [(offset, frame)])

    asyncio.run(body())
    assert rig.next() == 2
    aside = [record for found in rig.worker.sink.findings for record in found.quarantined]  # type: ignore[attr-defined]
    assert ["poison-1" in record.raw.decode() for record in aside] == [True]
