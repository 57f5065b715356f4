"""Raw partitions of Kafka as source partitions of the intake: messages become batches, control records are obeyed.

What was decided about a partition travels with its committed offset: who reads a message again decides the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import polars as pl

from streams.frame import NEVER, Framer, SavedFramer
from streams.intake import Intake, Taken, Tick
from streams.live.records import ControlRecord, Message, batch_of, cut_at_control_records
from streams.plan import Plan
from streams.plausible import NumberCheck
from streams.reading.decode import Decoder
from tollwatch.config import Settings
from tollwatch.errors import StoreError, VersionError
from tollwatch.events import STREAMS

VERSION = 2


def raw_partitions(settings: Settings) -> list[str]:
    """Every raw partition by its name in frames."""
    return [f"{stream}-{n}" for stream in STREAMS for n in range(settings.kafka.partitions)]


class _Saved(msgspec.Struct, frozen=True):
    """What travels with the committed offset of a raw partition."""

    version: int
    framer: SavedFramer
    as_of_ms: int | None
    publishing: bool
    state: str
    arrived: int


@dataclass
class RawPartition:
    """A raw partition that is owned, and what is remembered of it.

    `publishing` between a publisher's control records, when nothing makes it idle; `state` as was last said of it,
    `arrived` when its last record came, `idle_since` the last moment at which it was seen to have nothing more.
    """

    stream: str
    framer: Framer
    decoder: Decoder
    publishing: bool = False
    state: str = "open"
    arrived: int = NEVER
    idle_since: int = NEVER
    has_as_of: bool = False

    def save(self) -> str:
        """Give what travels with the committed offset."""
        as_of_ms = self.framer.as_of_ms if self.has_as_of else None
        saved = _Saved(VERSION, self.framer.save(), as_of_ms, self.publishing, self.state, self.arrived)
        return msgspec.json.encode(saved).decode()

    def load(self, text: str) -> None:
        """Go on from there. Raises VersionError where another version committed the offset."""
        try:
            version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("version", msgspec.Raw(b"1"))
            if bytes(version) != str(VERSION).encode():
                raise VersionError(
                    f"{self.framer.partition}: its offset was committed by another version of Tollwatch; use another "
                    "`app`, and publish again what must be read again"
                )
            saved = msgspec.json.decode(text, type=_Saved)
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{self.framer.partition}: what was committed with its offset cannot be read ({error}); is another "
                "program using the same `app`?"
            ) from error
        self.publishing, self.state, self.arrived = saved.publishing, saved.state, saved.arrived
        self.framer.load(saved.framer)
        self.take_as_of(saved.as_of_ms)

    def take_as_of(self, as_of_ms: int | None) -> None:
        """Take the time of arrival that a publisher gives; without it that of each message counts."""
        self.has_as_of = as_of_ms is not None
        if as_of_ms is not None:
            self.framer.as_of_ms = as_of_ms

    def obey(self, record: ControlRecord) -> None:
        """Do as a publisher says: records are coming, or nothing more comes."""
        self.publishing = record.open
        self.state = "open" if record.open else "closed"
        self.take_as_of(record.as_of_ms if record.open else None)


class RawIntake:
    """The intake of one worker: the raw partitions it owns."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.intake, self.settings = Intake(plan, settings), settings
        self.owned: dict[str, RawPartition] = {}
        self.numbers = NumberCheck()

    def own(self, stream: str, partition: str, *, offset: int = 0, saved: str = "") -> RawPartition:
        """Take over a partition that has been framed up to an offset."""
        raw = RawPartition(stream, Framer(partition, self.settings, 0), Decoder(stream, partition))
        if saved:
            raw.load(saved)
        raw.framer.end = offset
        self.owned[partition] = raw
        return raw

    def release(self, partition: str) -> None:
        """Let go of a partition: it is another worker's now."""
        self.owned.pop(partition, None)

    def take(self, read: Mapping[str, Sequence[Message]], idle: Mapping[str, int]) -> Taken:
        """Frame messages by partition; `idle` are partitions that have nothing more, with the moment it was seen."""
        tick = self.intake.begin()
        for partition in sorted(read):
            self._read(self.owned[partition], read[partition], tick)
        for partition in sorted(idle.keys() - read.keys()):
            self._idle(self.owned[partition], idle[partition], tick)
        return tick.finish()

    def _read(self, raw: RawPartition, messages: Sequence[Message], tick: Tick) -> None:
        begin, framer = raw.framer.end, raw.framer
        for rows, control in cut_at_control_records(messages):
            if rows:
                self._rows(raw, rows, tick)
                raw.state = "open"
            if control is not None:
                raw.obey(control)
        framer.end = messages[-1].offset + 1
        raw.arrived = max(raw.arrived, messages[-1].timestamp)
        tick.reach(framer.span(begin, closed=raw.state == "closed", arrived=raw.arrived))

    def _rows(self, raw: RawPartition, messages: Sequence[Message], tick: Tick) -> None:
        framer = raw.framer
        batch = batch_of(raw.stream, raw.decoder, messages, framer.end, messages[-1].offset + 1)
        if raw.has_as_of:
            arrival = pl.lit(framer.as_of_ms, pl.Int64)
            batch = replace(batch, rows=batch.rows.with_columns(received_at=arrival))
        rows = tick.read(framer, batch)
        if raw.stream == "usage":
            self.numbers.look(framer.partition, rows)

    @staticmethod
    def _idle(raw: RawPartition, seen: int, tick: Tick) -> None:
        raw.state = "closed" if raw.state == "closed" else "idle"
        raw.idle_since = seen
        closed = raw.state == "closed"
        tick.reach(raw.framer.span(raw.framer.end, closed=closed, idle=True, arrived=seen))
