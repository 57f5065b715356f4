"""Raw topics as source partitions that end: what the workers have read is read again, from its first message on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from kafka import KafkaConsumer, TopicPartition

from streams.live.client import plain_connection, sentence
from streams.live.records import ControlRecord, Message, batch_of, cut_at_control_records
from streams.live.topics import admin
from streams.reading.decode import Decoder
from tollwatch.config import KafkaSettings
from tollwatch.errors import ConfigurationError, StoreError
from tollwatch.frames import ReadBatch

AT_ONCE = 20_000
FETCH_BYTES = 16 << 20
WAIT_S = 30.0
"""How long Kafka may give nothing where there is something, before it counts as away."""


@dataclass
class TopicSource:
    """One partition of a raw topic, from the first message that is kept to the last one there was at the beginning.

    Of event times from `since` to `until` (ms, the end excluded). Rows are taken as the workers took them: those that
    a publisher brought at a time of its own came then.
    """

    kafka: KafkaSettings
    stream: str
    number: int
    first: int
    end: int
    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        """Name it as the workers do."""
        self.partition = f"{self.stream}-{self.number}"
        self.path = Path(self.partition)

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """Rows from an offset on. Raises StoreError where Kafka is away."""
        decoder, as_of_ms = Decoder(self.stream, self.partition), None
        begin = max(start, self.first)
        for messages, control in self._messages(begin):
            if messages:
                batch = batch_of(self.stream, decoder, messages, begin, messages[-1].offset + 1)
                begin = batch.end
                yield self._within(_arrived(batch, as_of_ms))
            if control is not None:
                as_of_ms = control.as_of_ms if control.open else None

    def _messages(self, begin: int) -> Iterator[tuple[Sequence[Message], ControlRecord | None]]:
        """Runs of messages and what a publisher said behind each; control records before `begin` are obeyed, too."""
        place = TopicPartition(f"{self.kafka.prefix}{self.stream}", self.number)
        reader = KafkaConsumer(
            **plain_connection(self.kafka),
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES,
        )
        try:
            reader.assign([place])
            reader.seek(place, self.first)
            while (at := reader.position(place)) < self.end:
                found = reader.poll(timeout_ms=round(WAIT_S * 1000), max_records=AT_ONCE).get(place, [])
                self._check_moving(reader.position(place) > at)
                kept = [message for message in found if message.offset < self.end]
                for messages, control in cut_at_control_records(kept):
                    yield [each for each in messages if each.offset >= begin], control
        except (StoreError, GeneratorExit):
            raise
        except Exception as error:
            raise sentence(self.kafka, error) from error
        finally:
            reader.close()

    def _check_moving(self, moved: bool) -> None:  # noqa: FBT001
        if not moved:
            raise StoreError(f"{self.partition}: Kafka gave nothing for {WAIT_S:.0f} s; is a broker away?")

    def _within(self, batch: ReadBatch) -> ReadBatch:
        rows = batch.rows
        if self.since is not None:
            rows = rows.filter(pl.col("event_time") >= self.since)
        if self.until is not None:
            rows = rows.filter(pl.col("event_time") < self.until)
        return batch if len(rows) == len(batch.rows) else replace(batch, rows=rows)


def _arrived(batch: ReadBatch, as_of_ms: int | None) -> ReadBatch:
    if as_of_ms is None:
        return batch
    return replace(batch, rows=batch.rows.with_columns(received_at=pl.lit(as_of_ms, pl.Int64)))


def topic_sources(
    kafka: KafkaSettings, partitions: Sequence[str], *, since: int | None = None, until: int | None = None
) -> list[TopicSource]:
    """Every raw partition, with the messages that it holds now; `partitions` are named as `raw_partitions` does.

    Raises StoreError where Kafka cannot be reached, ConfigurationError where a topic has other partitions.
    """
    places = {
        name: TopicPartition(f"{kafka.prefix}{stream}", int(number))
        for name in partitions
        for stream, _, number in [name.rpartition("-")]
    }
    with admin(kafka):
        reader = KafkaConsumer(**plain_connection(kafka))
        try:
            for name, place in places.items():
                if place.partition not in (reader.partitions_for_topic(place.topic) or ()):
                    raise ConfigurationError(f"topic {place.topic} has no partition {name}; run `tollwatch doctor`")
            first, end = reader.beginning_offsets(list(places.values())), reader.end_offsets(list(places.values()))
        finally:
            reader.close()
    return [
        TopicSource(kafka, name.rpartition("-")[0], place.partition, first[place], end[place], since, until)
        for name, place in places.items()
    ]
