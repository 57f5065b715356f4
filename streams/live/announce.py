"""Tell a running line of a change: as events of `reference`, after everything that has been read so far."""

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streams.frame import NEVER
from streams.live.client import plain_connection, sentence
from streams.live.framing import WorkerProgress
from streams.live.topics import admin, existing, progress_topic
from tollwatch.config import KafkaSettings
from tollwatch.errors import ConfigurationError

LAST_MESSAGES = 5_000
STREAM = "reference"


def reached(kafka: KafkaSettings) -> int | None:
    """The greatest watermark (ms) that a worker has told of, among its last few thousand messages; None without any.

    Raises StoreError where Kafka cannot be reached.
    """
    place = TopicPartition(progress_topic(kafka), 0)
    with admin(kafka) as client:
        if place.topic not in existing(client):
            raise ConfigurationError(f"topic {place.topic} is missing; run `tollwatch topics create`")
        reader = KafkaConsumer(**plain_connection(kafka), consumer_timeout_ms=2_000)
        try:
            reader.assign([place])
            end = reader.end_offsets([place])[place]
            reader.seek(place, max(reader.beginning_offsets([place])[place], end - LAST_MESSAGES))
            greatest = NEVER
            while reader.position(place) < end:
                for messages in reader.poll(timeout_ms=500).values():
                    for message in messages:
                        said = msgspec.json.decode(message.value, type=WorkerProgress)
                        greatest = max(greatest, *said.watermarks.values(), NEVER)
        finally:
            reader.close()
    return None if greatest == NEVER else greatest


def announce(kafka: KafkaSettings, events: list[bytes]) -> None:
    """Send events to one partition of `reference`, in their order. Raises StoreError where Kafka does not take them."""
    with admin(kafka) as client:
        if f"{kafka.prefix}{STREAM}" not in existing(client):
            raise ConfigurationError(f"topic {kafka.prefix}{STREAM} is missing; run `tollwatch topics create`")
        producer = KafkaProducer(**plain_connection(kafka), acks="all")
        try:
            sent = [producer.send(f"{kafka.prefix}{STREAM}", event, partition=0) for event in events]
            producer.flush(timeout=30)
            for future in sent:
                future.get(timeout=1)
        except Exception as error:
            raise sentence(kafka, error) from error
        finally:
            producer.close(timeout=5)
