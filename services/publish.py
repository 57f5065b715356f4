"""Publish the records of sources to Kafka, all streams together in the order of event time."""

import asyncio
from collections.abc import Callable, Sequence

from streams.live.publish import Publisher
from tollwatch.config import Settings
from tollwatch.ports import Source


def publish_sources(
    sources: Sequence[Source],
    settings: Settings,
    *,
    as_of_ms: int | None = None,
    close: bool = False,
    rate: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Send everything; gives how many records. With `close` nothing more comes: what is held is let go at once.

    `as_of_ms` is the time of arrival of all records (None: when Kafka gets them), `rate` the most a second. Raises
    StoreAwayError where Kafka cannot be reached, InputError where a topic is missing.
    """
    publisher = Publisher(settings.kafka, rate=rate, progress=progress)
    return asyncio.run(publisher.publish(sources, as_of_ms=as_of_ms, close=close))
