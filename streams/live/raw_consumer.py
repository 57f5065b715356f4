"""A consumer that hands over the records of Kafka as they were unpacked.

aiokafka copies each into a `ConsumerRecord` of eleven fields, which costs as much as reading its JSON does.
"""

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult


class RawConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """As its parent; the records of `getmany` have offset, timestamp, key, value and headers, and may have no more."""

    async def getmany(self, *partitions: Any, timeout_ms: int = 0, max_records: int | None = None) -> dict[Any, Any]:
        """Take what has been fetched."""
        leave_unpacked(self._fetcher._records.values())  # noqa: SLF001
        read: dict[Any, Any] = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        return read


def leave_unpacked(fetched: Iterable[object]) -> None:
    """Have results of fetches give their records as they were unpacked."""
    for result in fetched:
        if isinstance(result, FetchResult) and result._partition_records is not None:  # noqa: SLF001
            result._partition_records._consumer_record = _as_unpacked  # noqa: SLF001


def _as_unpacked(tp: Any, record: Any) -> Any:
    del tp
    return record
