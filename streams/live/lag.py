"""How far behind the workers are: messages that are not framed, frames that are in no snapshot."""

from collections.abc import Iterable

from kafka import KafkaConsumer, TopicPartition

from streams.live.client import plain_connection
from streams.live.topics import Topic, admin, frames_topic
from tollwatch.config import Settings


def lag(settings: Settings, topics: Iterable[Topic], spaces: Iterable[str]) -> dict[str, int]:
    """Topic → messages behind, of raw topics by framing, of frames by snapshots. Raises StoreError as `admin` does."""
    frames = {frames_topic(settings.kafka, space) for space in spaces}
    behind: dict[str, int] = {}
    with admin(settings.kafka) as client:
        groups = {f"{settings.app}-framing": False, settings.app: True}
        reader = KafkaConsumer(**plain_connection(settings.kafka))
        try:
            for group, of_frames in groups.items():
                own = [t for t in topics if (t.name in frames) == of_frames and (of_frames or t.arrival)]
                places = [TopicPartition(topic.name, n) for topic in own for n in range(topic.partitions)]
                done = client.list_group_offsets({group: places}).get(group, {})
                for place, end in reader.end_offsets(places).items():
                    known = done.get(place)
                    begin = max(known.offset, 0) if known is not None else 0
                    behind[place.topic] = behind.get(place.topic, 0) + max(end - begin, 0)
        finally:
            reader.close()
    return behind
