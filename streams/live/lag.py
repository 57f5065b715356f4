"""How far behind everything is: messages that are not framed, frames that are in no snapshot, messages not stored."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from streams.live.client import plain_connection
from streams.live.topics import Topic, admin, frames_topic
from tollwatch.config import Settings


class Behind(NamedTuple):
    """Topic -> messages: raw ones that are not framed, frames without a snapshot, raw ones that are not stored."""

    framing: dict[str, int]
    snapshots: dict[str, int]
    storing: dict[str, int]


def lag(settings: Settings, topics: Iterable[Topic], spaces: Iterable[str], storing: Mapping[str, str]) -> Behind:
    """Ask Kafka; `storing` is by topic the consumer group that stores it. Raises StoreError as `admin` does."""
    frames = {frames_topic(settings.kafka, space) for space in spaces}
    known = list(topics)
    raw = [topic for topic in known if topic.name not in frames and topic.arrival]
    with admin(settings.kafka) as client:
        reader = KafkaConsumer(**plain_connection(settings.kafka))
        try:

            def behind(group: str, own: Iterable[Topic]) -> dict[str, int]:
                places = [TopicPartition(topic.name, n) for topic in own for n in range(topic.partitions)]
                done = client.list_group_offsets({group: places}).get(group, {})
                found: dict[str, int] = {}
                for place, end in reader.end_offsets(places).items():
                    offset = done.get(place)
                    begin = max(offset.offset, 0) if offset is not None else 0
                    found[place.topic] = found.get(place.topic, 0) + max(end - begin, 0)
                return found

            stored: dict[str, int] = {}
            for topic in raw:
                if topic.name in storing:
                    stored |= behind(storing[topic.name], [topic])
            return Behind(
                behind(f"{settings.app}-framing", raw),
                behind(settings.app, [topic for topic in known if topic.name in frames]),
                stored,
            )
        finally:
            reader.close()
