"""Kafka in memory: raw partitions and logs of frames, workers that frame, parts that take, all at anybody's pace."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec

from services.assembly import make_plan
from streams.codec import decode, encode
from streams.intake import dropped_marks
from streams.live.raw_partitions import RawIntake, RawPartition, raw_partitions
from streams.live.records import BLANK, ControlRecord
from streams.partition import KeySpacePartition, PartitionFactory, PartitionOutput
from tests.saved import standing
from tollwatch.config import KafkaSettings, Settings, SourceSettings
from tollwatch.events import STREAMS
from tollwatch.findings import FeedHealth

Row = dict[str, Any]
Key = tuple[str, int]

ALLOWED = {"unknown": SourceSettings(may_send=[*STREAMS, "account", "list"])}


def settings_of(*enabled: str, partitions: int = 2, parts: int = 2) -> Settings:
    """Settings with some detectors only."""
    return Settings(
        enabled=list(enabled), partitions=parts, kafka=KafkaSettings(partitions=partitions), sources=ALLOWED
    )


@dataclass
class World:
    """`raw` by partition, `frames` by key space and part; `clock` is the broker's."""

    settings: Settings
    raw: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    frames: dict[Key, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    clock: int = 1_900_000_000_000
    found: dict[tuple[str, int], str] = field(default_factory=dict)
    leaks: dict[tuple[str, int], str] = field(default_factory=dict)
    marks: list[tuple[str, str, int, str]] = field(default_factory=list)
    rejected: dict[tuple[str, int], str] = field(default_factory=dict)
    late: int = 0
    health: dict[tuple[str, str, int, int], FeedHealth] = field(default_factory=dict)
    scores: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """One worker owns everything; nothing has been taken."""
        plan = make_plan(self.settings)
        self.factory = PartitionFactory(plan, self.settings, raw_partitions(self.settings))
        self.models = set(plan.models)
        self.committed: dict[str, tuple[int, str]] = {}
        self.workers = [RawIntake(plan, self.settings) for _ in range(2)]
        self.owner = dict.fromkeys(raw_partitions(self.settings), 0)
        for name in self.owner:
            self.hand_over(name, 0)
        self.parts: dict[Key, KeySpacePartition] = {}
        self.next: dict[Key, int] = {}
        self.saved: dict[Key, tuple[int, dict[str, bytes]]] = {}
        for space, number in self.factory.counts.items():
            for part in range(number):
                self.parts[space, part] = self.factory.make(space, part)
                self.next[space, part] = 0

    def put(self, partition: str, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        """One message."""
        self.clock += 1
        log = self.raw[partition]
        log.append(SimpleNamespace(offset=len(log), timestamp=self.clock, value=value, headers=list(headers)))

    def control(self, streams: Sequence[str], record: ControlRecord) -> None:
        """On every partition of some streams."""
        for stream in streams:
            for n in range(self.settings.kafka.partitions):
                self.put(f"{stream}-{n}", BLANK, record.headers())

    def send(self, row: Row, partition: int) -> None:
        """An event."""
        value = {name: each for name, each in row.items() if not name.startswith("_")}
        self.put(f"{row['_stream']}-{partition}", msgspec.json.encode(value))

    def hand_over(self, name: str, worker: int) -> None:
        """Another worker owns a partition from now on, and begins where the last one has committed."""
        for each in self.workers:
            each.release(name)
        offset, saved = self.committed.get(name, (0, ""))
        self.workers[worker].own(name.rpartition("-")[0], name, offset=offset, saved=saved)
        self.owner[name] = worker

    def waits(self, name: str) -> int:
        """Messages of a partition that its owner has not read."""
        return len(self.raw[name]) - self.source(name).framer.end

    def source(self, name: str) -> RawPartition:
        """What its owner knows of a partition."""
        return self.workers[self.owner[name]].owned[name]

    def frame(self, worker: int, most: dict[str, int], *, idle: bool = False, commit: bool = True) -> None:
        """A worker reads at most so many messages of its partitions, and says which are idle."""
        gather = self.workers[worker]
        read = {}
        for name, number in most.items():
            end = gather.owned[name].framer.end
            if rows := self.raw[name][end : end + number]:
                read[name] = rows
        quiet = {}
        if idle:
            own = [name for name in gather.owned if name not in read]
            quiet = {n: self.clock for n in own if self.waits(n) == 0 and not gather.owned[n].publishing}
        made = gather.take(read, quiet)
        self.late += made.late
        for record in made.rejected:
            self.rejected[record.partition, record.position] = record.reason
        for rows in made.event_marks:
            self.marks += rows.rows()
        for frame in made.frames:
            self.frames[frame.key_space, frame.partition].append(encode(frame))
        if commit:
            for name in [*read, *quiet]:
                self.committed[name] = (gather.owned[name].framer.end, gather.owned[name].save())

    def take(self, key: Key, most: int = 1) -> None:
        """A part takes its next frames, together where there are several."""
        begin, there = self.next[key], self.frames[key]
        frames = [(decode(there[n]), n) for n in range(begin, min(begin + most, len(there)))]
        self.next[key] += len(frames)
        if most == 1:
            for frame, offset in frames:
                self._keep(self.parts[key].take(frame, offset))
        else:
            for output in self.parts[key].take_all(frames):
                self._keep(output)

    def _keep(self, taken: PartitionOutput) -> None:
        for alert in taken.findings.all_alerts():
            self._once(self.found, (alert.alert_id, alert.revision), alert)
        for leak in taken.findings.leakages:
            self._once(self.leaks, (leak.leakage_id, leak.revision), leak)
        for frame in taken.derived:
            self.frames[frame.key_space, 0].append(encode(frame))
        for rows in dropped_marks(taken.dropped):
            self.marks += rows.rows()
        for each in taken.findings.health:
            self.health[each.stream, each.source, each.minute, each.frame_partition] = each
        self.scores |= {msgspec.json.encode(each, order="sorted").decode() for each in taken.findings.all_scores()}

    @staticmethod
    def _once(kept: dict[tuple[str, int], str], name: tuple[str, int], finding: msgspec.Struct) -> None:
        text = msgspec.json.encode(finding, order="sorted").decode()
        assert kept.setdefault(name, text) == text, "a revision was written again with other content"

    def snapshot(self, key: Key) -> None:
        """What was found is stored, then the state is saved."""
        self._keep(self.parts[key].flush())
        _, before = self.saved.get(key, (0, {}))
        self.saved[key] = (self.next[key], standing(before, self.parts[key].save(before.keys())))

    def crash(self, key: Key) -> None:
        """A part dies and begins again with its snapshot."""
        self.parts[key] = self.factory.make(*key)
        self.next[key], segments = self.saved.get(key, (0, {}))
        if segments:
            self.parts[key].load(segments)

    def finish(self) -> None:
        """Everything is read and taken."""
        for worker in range(len(self.workers)):
            mine = [name for name, owner in self.owner.items() if owner == worker]
            self.frame(worker, dict.fromkeys(mine, 1 << 30))
        for worker in range(len(self.workers)):
            self.frame(worker, {}, idle=True)
        feeding = sorted(self.parts, key=lambda key: key[0] in self.models)
        for key in feeding:
            while self.next[key] < len(self.frames[key]):
                self.take(key)
        for key in self.parts:
            self._keep(self.parts[key].flush())

    def stir(self, chance: random.Random, steps: int) -> None:
        """Anything, in any order."""
        for _ in range(steps):
            what = chance.random()
            if what < 0.35:
                worker = chance.randrange(2)
                own = [name for name, owner in self.owner.items() if owner == worker and self.waits(name) > 0]
                most = {name: chance.randint(1, 12) for name in own if chance.random() < 0.6}
                self.frame(worker, most, idle=chance.random() < 0.3, commit=chance.random() < 0.7)
            elif what < 0.8:
                self.take(chance.choice(list(self.parts)), chance.choice([1, 1, 2, 3, 5]))
            elif what < 0.87:
                self.snapshot(chance.choice(list(self.parts)))
            elif what < 0.93:
                self.crash(chance.choice(list(self.parts)))
            else:
                busy = [name for name in self.owner if self.raw[name]]
                if busy:
                    self.hand_over(chance.choice(busy), chance.randrange(2))
