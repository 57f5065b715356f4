"""Framing on Kafka: what is read is framed once, idle partitions are said to be, offsets follow what is stored."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata

from services.assembly import make_plan
from streams.codec import decode
from streams.live.framing import Framing, _Rebalance
from streams.live.metrics import Metrics
from streams.live.raw_partitions import RawIntake
from streams.live.records import BLANK, ControlRecord
from tests.make import usage
from tests.streams.live.world import settings_of

USAGE = TopicPartition("usage", 0)
CLOCK = 1_900_000_000_000


class Consumer:
    """A consumer that owns one partition of usage, which has so many messages."""

    def __init__(self) -> None:
        self.ends = {USAGE: 0}
        self.polled = CLOCK
        self.committed: dict[TopicPartition, OffsetAndMetadata] = {}
        self.sought: dict[TopicPartition, int] = {}
        self.taken_over = False
        self._coordinator = SimpleNamespace(fetch_committed_offsets=self._fetch)

    async def _fetch(self, tps: list[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {tp: place for tp, place in self.committed.items() if tp in tps}

    def assignment(self) -> set[TopicPartition]:
        """What it owns."""
        return set(self.ends)

    def highwater(self, tp: TopicPartition) -> int:
        """The end of a partition."""
        return self.ends[tp]

    def last_poll_timestamp(self, tp: TopicPartition) -> int:
        """When it was last looked at."""
        del tp
        return self.polled

    async def beginning_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Retention has taken nothing."""
        return dict.fromkeys(tps, 0)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Note where reading begins."""
        self.sought[tp] = offset

    async def commit(self, places: dict[TopicPartition, OffsetAndMetadata]) -> None:
        """Note what is committed, where nobody has taken over."""
        if self.taken_over:
            raise CommitFailedError
        self.committed |= places


class Producer:
    """Keeps what is sent, by topic."""

    def __init__(self) -> None:
        self.sent: dict[str, list[bytes]] = {}

    async def send(self, topic: str, value: bytes, partition: int | None = None) -> Any:
        """Take a message; acknowledged at once."""
        del partition
        self.sent.setdefault(topic, []).append(value)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class Sink:
    """Stores when it is told to."""

    def __init__(self) -> None:
        self.queued = self.stored = 0

    def put(self, findings: Any, marks: Any = ()) -> int:
        """Queue what there is."""
        self.queued += 1 if findings.size() or len(marks) else 0
        return self.queued


class Rig:
    """Framing with its surroundings in memory."""

    def __init__(self) -> None:
        settings = settings_of("wangiri")
        self.sink = Sink()
        self.framing = Framing(RawIntake(make_plan(settings), settings), settings, self.sink, Metrics())  # type: ignore[arg-type]
        self.consumer = self.framing.consumer = Consumer()  # type: ignore[assignment]
        self.producer = self.framing.producer = Producer()  # type: ignore[assignment]

    def messages(self, *values: bytes | ControlRecord) -> list[Any]:
        """Messages at the end of the partition."""
        made = []
        for value in values:
            control = isinstance(value, ControlRecord)
            headers = value.headers() if control else []
            offset = self.consumer.ends[USAGE]
            self.consumer.ends[USAGE] += 1
            body = BLANK if control else value
            made.append(SimpleNamespace(offset=offset, timestamp=CLOCK + offset, value=body, headers=headers))
        return made

    async def tick(self, *values: bytes | ControlRecord) -> None:
        """One turn over new messages, or over none."""
        await self.framing._tick({USAGE: self.messages(*values)} if values else {})

    def frames(self) -> list[Any]:
        """The frames of the callers, in order."""
        return [
            decode(data) for topic, sent in self.producer.sent.items() if "calling_number" in topic for data in sent
        ]


def call(name: str) -> bytes:
    """A call as a message."""
    return msgspec.json.encode({n: v for n, v in usage(name).items() if not n.startswith("_")})


@pytest.fixture
def rig() -> Rig:
    """Owns a partition that nobody has read."""
    made = Rig()
    asyncio.run(made.framing.own([USAGE]))
    return made


def test_what_is_read_is_framed_and_told_and_committed(rig: Rig) -> None:
    """A frame for each partition of each key space, progress for the other workers, then the offset."""
    asyncio.run(rig.tick(call("a"), call("b")))
    assert len(rig.frames()) == 2
    assert sum(len(table) for frame in rig.frames() for table in frame.tables.values()) == 2
    told = msgspec.json.decode(rig.producer.sent["marks"][0])
    assert told["arrived"] == CLOCK + 1
    assert rig.consumer.committed[USAGE].offset == 2


def test_implausible_numbers_are_said_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Of each source and column, with what to do; a worker runs for months."""
    odd = {n: v for n, v in usage("a", calling_number="07900900125", source="msc").items() if not n.startswith("_")}
    for n in range(3):
        asyncio.run(rig.tick(msgspec.json.encode(odd | {"event_id": f"a{n}"})))
    said = [record.message for record in caplog.records if "E.164" in record.message]
    assert len(said) == 1
    assert "usage-0, source msc: 1 values of calling_number" in said[0]


def test_an_offset_waits_for_the_quarantine_of_its_records(rig: Rig) -> None:
    """A refused record is stored before the place behind it is committed, or a crash would lose it."""
    asyncio.run(rig.tick(call("a"), b"{broken"))
    assert USAGE not in rig.consumer.committed
    rig.sink.stored = rig.sink.queued
    asyncio.run(rig.tick())
    assert rig.consumer.committed[USAGE].offset == 2


def test_a_partition_at_its_end_is_said_to_be_idle_once(rig: Rig) -> None:
    """After 200 ms without a message, and again only when others have had rows since."""
    asyncio.run(rig.tick(call("a")))
    asyncio.run(rig.tick())
    assert [span.state for frame in rig.frames() for span in frame.spans] == ["open"] * 2, "it has just had a row"
    rig.framing.last_row["usage-0"] = time.monotonic() - 1
    rig.consumer.polled = CLOCK + 1_000
    asyncio.run(rig.tick())
    asyncio.run(rig.tick())
    assert [span.state for frame in rig.frames() for span in frame.spans] == ["open"] * 2 + ["idle"] * 2
    rig.framing.needed, rig.consumer.polled = CLOCK + 5_000, CLOCK + 6_000
    asyncio.run(rig.tick())
    assert len(rig.frames()) == 6


def test_between_a_publishers_control_records_nothing_is_idle(rig: Rig) -> None:
    """A pause of the publisher is no end; its close is."""
    asyncio.run(rig.tick(ControlRecord(open=True), call("a")))
    rig.framing.last_row["usage-0"] = 0.0
    rig.consumer.polled = CLOCK + 10_000
    asyncio.run(rig.tick())
    assert len(rig.frames()) == 2
    asyncio.run(rig.tick(ControlRecord(open=False)))
    assert rig.frames()[-1].spans[0].state == "closed"


def test_the_next_owner_goes_on_where_the_last_one_committed(rig: Rig) -> None:
    """With the watermark that it had reached."""
    asyncio.run(rig.tick(call("a"), call("b")))
    before = rig.framing.intake.owned["usage-0"].framer.save()
    other = Rig()
    other.consumer.committed, other.consumer.ends = rig.consumer.committed, dict(rig.consumer.ends)
    asyncio.run(other.framing.own([USAGE]))
    assert other.consumer.sought == {USAGE: 2}
    assert other.framing.intake.owned["usage-0"].framer.save() == before


def test_who_has_lost_a_partition_commits_nothing_of_it(rig: Rig) -> None:
    """Revoked between reading and committing; or taken over while the commit was on its way."""
    asyncio.run(rig.tick(b"{broken"))
    asyncio.run(_Rebalance(rig.framing).on_partitions_revoked([USAGE]))
    rig.sink.stored = rig.sink.queued
    asyncio.run(rig.tick())
    assert rig.consumer.committed == {}
    again = Rig()
    asyncio.run(again.framing.own([USAGE]))
    again.consumer.taken_over = True
    asyncio.run(again.tick(call("a")))
    assert again.consumer.committed == {}
