"""The topics: what they are called, how many partitions they have, and that they are there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import NewPartitions, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from streams.live.client import LARGEST, plain_connection, sentence
from streams.plan import Plan
from tollwatch.config import KafkaSettings, Settings
from tollwatch.errors import ConfigurationError
from tollwatch.events import STREAMS

EPOCH = 0
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Topic:
    """A topic as it should be; `arrival` where the broker's clock says when a message came."""

    name: str
    partitions: int
    arrival: bool = False


def progress_topic(kafka: KafkaSettings) -> str:
    """Where the workers tell one another how far the raw partitions have been read; it is called `marks`."""
    return f"{kafka.prefix}marks"


def frames_topic(kafka: KafkaSettings, space: str, epoch: int = EPOCH) -> str:
    """The frames of a key space."""
    return f"{kafka.prefix}frames.{space}.{epoch}"


def wanted(plan: Plan, settings: Settings) -> list[Topic]:
    """Every topic of an installation."""
    kafka = settings.kafka
    made = [Topic(f"{kafka.prefix}{stream}", kafka.partitions, arrival=True) for stream in STREAMS]
    made += [Topic(frames_topic(kafka, name), count) for name, count in plan.partition_counts(settings).items()]
    return [*made, Topic(progress_topic(kafka), 1)]


@contextmanager
def admin(kafka: KafkaSettings) -> Iterator[KafkaAdminClient]:
    """A client for administration. Raises StoreError with a sentence where Kafka cannot be reached or refuses."""
    client = None
    try:
        client = KafkaAdminClient(**plain_connection(kafka), request_timeout_ms=15_000, bootstrap_timeout_ms=10_000)
        yield client
    except (KafkaError, OSError) as error:
        raise sentence(kafka, error) from error
    finally:
        if client is not None:
            client.close()


def existing(client: KafkaAdminClient) -> dict[str, int]:
    """Topic → number of partitions."""
    return {topic["name"]: len(topic["partitions"]) for topic in client.describe_topics()}


def create(kafka: KafkaSettings, topics: Sequence[Topic]) -> list[str]:
    """Make what is missing and let grow what is too small; gives a sentence for each change.

    Raises ConfigurationError where a topic has more partitions than are wanted: Kafka cannot take them away.
    """
    with admin(kafka) as client:
        there = existing(client)
        for topic in topics:
            if there.get(topic.name, 0) > topic.partitions:
                raise ConfigurationError(
                    f"{topic.name} has {there[topic.name]} partitions and {topic.partitions} are configured; Kafka "
                    "cannot shrink a topic: configure as many as there are, or use another kafka.prefix"
                )
        said, new, larger = [], [], {}
        for topic in topics:
            number = there.get(topic.name)
            if number is None:
                new.append(_new(kafka, topic))
                said.append(f"{topic.name}: made, {topic.partitions} partitions")
            elif number < topic.partitions and not topic.arrival:
                raise ConfigurationError(
                    f"{topic.name} has {number} partitions and {topic.partitions} are configured; frames cannot be "
                    "divided anew: keep `partitions`, or use another kafka.prefix"
                )
            elif number < topic.partitions:
                larger[topic.name] = NewPartitions(total_count=topic.partitions)
                said.append(f"{topic.name}: {number} → {topic.partitions} partitions")
        if new:
            with suppress(TopicAlreadyExistsError):  # another one makes them at this moment
                client.create_topics(new)
        if larger:
            client.create_partitions(larger)
        return said


def _new(kafka: KafkaSettings, topic: Topic) -> NewTopic:
    config = {"retention.ms": str(kafka.retention_h * HOUR_MS), "max.message.bytes": str(LARGEST)}
    if topic.arrival:
        config["message.timestamp.type"] = "LogAppendTime"
    return NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=kafka.replication, topic_configs=config
    )


def check(kafka: KafkaSettings, topics: Sequence[Topic]) -> list[str]:
    """What is missing or different, a sentence each."""
    with admin(kafka) as client:
        there = existing(client)
    said = [f"topic {t.name} is missing; run `tollwatch topics create`" for t in topics if t.name not in there]
    for topic in topics:
        number = there.get(topic.name, topic.partitions)
        if number < topic.partitions:
            said.append(
                f"topic {topic.name} has {number} partitions, {topic.partitions} are configured; run `tollwatch topics "
                "create`, or configure as many as there are"
            )
        elif number > topic.partitions:
            said.append(f"topic {topic.name} has {number} partitions, configure as many (now {topic.partitions})")
    return said
