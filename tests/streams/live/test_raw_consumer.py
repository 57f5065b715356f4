"""Records of a fetch are handed over without a copy, and have all that framing asks for."""

from types import SimpleNamespace

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchError, FetchResult, PartitionRecords
from aiokafka.errors import KafkaError
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.live.raw_consumer import leave_unpacked

TP = TopicPartition("usage", 0)


def fetched() -> FetchResult:
    """A fetch of three messages, one of them with a header."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for n in range(3):
        headers = [("tollwatch", b"open")] if n == 0 else []
        builder.append(n, 1_000 + n, None, b"value %d" % n, headers)
    records = PartitionRecords(TP, MemoryRecords(bytes(builder.build())), [], 0, None, None, True, 0)
    state = SimpleNamespace(paused=False, position=0, consumed_to=lambda _: None)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    return FetchResult(TP, assignment=assignment, partition_records=records, backoff=0)


def test_records_are_those_that_were_unpacked() -> None:
    """Offset, time, value and headers; a fetch that failed is left alone."""
    result = fetched()
    leave_unpacked([result, FetchError(error=KafkaError(), backoff=0)])
    records = result.getall()
    assert all(isinstance(record, DefaultRecord) for record in records)
    assert [(each.offset, each.timestamp, each.value) for each in records] == [
        (n, 1_000 + n, b"value %d" % n) for n in range(3)
    ]
    assert [list(each.headers or ()) for each in records] == [[("tollwatch", b"open")], [], []]
