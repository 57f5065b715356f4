"""Raw topics read again: the same rows as the workers took, from the beginning to where the topic ended."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.live import topic_source
from streams.live.records import BLANK, ControlRecord
from streams.live.topic_source import TopicSource
from tollwatch.config import KafkaSettings
from tollwatch.errors import StoreError

BEGUN = 1_772_323_200_000


class Broker:
    """A partition in memory, behind the names of kafka-python's consumer."""

    messages: tuple[Any, ...] = ()
    at_once = 3
    closed = 0

    def __init__(self, **_: object) -> None:
        self.at = 0

    def assign(self, places: list[Any]) -> None:
        """One place."""
        (self.place,) = places

    def seek(self, place: Any, offset: int) -> None:
        """Where reading goes on."""
        assert place == self.place
        self.at = offset

    def position(self, place: Any) -> int:
        """The next offset."""
        assert place == self.place
        return self.at

    def poll(self, *, timeout_ms: int, max_records: int) -> dict[Any, list[Any]]:
        """Some messages; none where the broker is away."""
        assert timeout_ms > 0 < max_records
        found = list(self.messages[self.at : self.at + self.at_once])
        self.at += len(found)
        return {self.place: found} if found else {}

    def close(self) -> None:
        """Count."""
        type(self).closed += 1


def message(offset: int, value: bytes, record: ControlRecord | None = None) -> Any:
    """A message that came at `BEGUN` plus its offset."""
    headers = record.headers() if record is not None else []
    return SimpleNamespace(offset=offset, timestamp=BEGUN + offset, value=value, headers=headers)


def event(n: int) -> bytes:
    """A call, an hour after the one before."""
    return msgspec.json.encode(
        {"event_id": f"e{n}", "event_time": BEGUN + n * 3_600_000, "service": "voice", "record_type": "originating"}
    )


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> type[Broker]:
    """Five calls between what a publisher said, a broken record, and one that came after it had ended."""
    told = ControlRecord(open=True, as_of_ms=BEGUN + 99)
    Broker.messages = (
        message(0, BLANK, told),
        *(message(n, event(n)) for n in range(1, 6)),
        message(6, b"{"),
        message(7, BLANK, ControlRecord(open=False)),
        message(8, event(8)),
        message(9, event(9)),
    )
    Broker.closed = 0
    monkeypatch.setattr(topic_source, "KafkaConsumer", Broker)
    return Broker


def source(end: int = 9, **settings: Any) -> TopicSource:
    """The partition up to an offset."""
    return TopicSource(KafkaSettings(), "usage", 0, 0, end, **settings)


def rows(of: TopicSource, start: int = 0) -> list[tuple[str, int, int]]:
    """Id, offset, and when it came after the beginning."""
    found = []
    for batch in of.batches(start):
        if len(batch.rows):
            found += batch.rows.select("event_id", "_offset", "received_at").rows()
    return [(name, offset, came - BEGUN) for name, offset, came in found]


def test_rows_came_when_their_publisher_says(broker: type[Broker]) -> None:
    """Between his control records; others came when the broker took them. What came after the beginning is not read."""
    assert rows(source()) == [*((f"e{n}", n, 99) for n in range(1, 6)), ("e8", 8, 8)]
    assert broker.closed == 1


def test_broken_records_are_refused_at_their_place(broker: type[Broker]) -> None:
    """As the workers refuse them."""
    del broker
    refused = [each for batch in source().batches() for each in batch.rejected]
    assert [(each.partition, each.position, each.raw) for each in refused] == [("usage-0", 6, b"{")]


def test_reading_goes_on_from_an_offset(broker: type[Broker]) -> None:
    """Who begins in the middle still knows when the publisher's rows came."""
    del broker
    assert rows(source(), 4) == [("e4", 4, 99), ("e5", 5, 99), ("e8", 8, 8)]


def test_a_time_can_be_asked_for(broker: type[Broker]) -> None:
    """The end is excluded; places are as before."""
    del broker
    asked = source(since=BEGUN + 2 * 3_600_000, until=BEGUN + 5 * 3_600_000)
    assert rows(asked) == [(f"e{n}", n, 99) for n in (2, 3, 4)]
    assert [batch.end for batch in asked.batches()][-1] == 9


def test_a_broker_that_gives_nothing_is_said_to_be_away(broker: type[Broker]) -> None:
    """A sentence, instead of waiting for ever; its connection is given back."""
    with pytest.raises(StoreError, match="usage-0: Kafka gave nothing for 30 s"):
        rows(source(end=12))
    assert broker.closed == 1
