"""The embedded run and the workers are shells around the same parts: what they write is the same, in every table."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from services.assembly import make_plan
from streams.embedded import Run
from streams.live.records import ControlRecord
from tests.make import START_MS, event, payment, usage
from tests.streams.live.world import Row, World, settings_of
from tests.streams.memory import AS_OF_MS, InMemoryStore, Rows
from tollwatch.findings import FeedHealth

WANTED = ("wangiri", "high_usage", "payment_risk", "provisioned_not_billed")
DAY_S = 86_400
encode = msgspec.json.Encoder(order="sorted").encode


def happened(chance: random.Random) -> list[Row]:
    """Calls, card payments with their verdicts, a contract that is not billed; some twice, some late, some refused."""
    made: list[Row] = []
    for n in range(60):
        silent = {"duration_s": 0, "ring_s": 2, "calling_number": "4470555"} if n % 2 else {}
        made.append(usage(f"u{n:04}", after_s=n * 5, called_number=f"4473{n:06}", source=f"msc-{n % 3}", **silent))
    for n in range(120):
        fraud = n % 10 == 0
        paid = payment(
            f"p{n:04}",
            after_s=n * 3_000,
            card_fingerprint=f"c{n % 7}",
            terminal_id="t1",
            amount_micros=400_000_000 if fraud else 20_000_000,
        )
        made.append(paid)
        if fraud:
            made.append(event("verdicts", f"v{n:04}", after_s=n * 3_000 + 60, verdict="fraud", refers_to=f"p{n:04}"))
    for row in made:
        row["received_at"] = row["event_time"] + chance.randrange(5_000)
    strange = usage("far", after_s=400 * DAY_S, received_at=START_MS)
    late = usage("late", after_s=-3_600, received_at=START_MS)
    contradiction = made[0] | {"duration_s": 7, "received_at": START_MS + 9_000}
    ordered = sorted(made, key=lambda row: (row["event_time"], row["event_id"]))
    return [*ordered[:40], contradiction, ordered[0], strange, *ordered[40:62], late, *ordered[62:]]


@dataclass
class Stored:
    """What a shell has written, table by table, in an order of its own."""

    alerts: set[bytes] = field(default_factory=set)
    leakages: set[bytes] = field(default_factory=set)
    scores: set[bytes] = field(default_factory=set)
    quarantine: set[tuple[Any, ...]] = field(default_factory=set)
    event_marks: set[tuple[Any, ...]] = field(default_factory=set)
    health: dict[tuple[str, str, int], dict[str, int]] = field(default_factory=dict)


def fed(written: Iterable[FeedHealth]) -> dict[tuple[str, str, int], dict[str, int]]:
    """The health of each feed and minute, over the last writing of every partition that counted it."""
    last = {(each.stream, each.source, each.minute, each.frame_partition): each for each in written}
    sums: dict[tuple[str, str, int], dict[str, int]] = {}
    for (*key, _), each in last.items():
        own = sums.setdefault((key[0], key[1], key[2]), {})
        for name in ("events", "late", "quarantined", "duplicates"):
            own[name] = own.get(name, 0) + getattr(each, name)
        for name in ("watermark", "lag_ms"):
            own[name] = max(own.get(name, -1), getattr(each, name) or -1)
    return sums


def partition_of(row: Row) -> int:
    """The partition of a topic, and the file, in which a row stands: both copies of a call stand in one."""
    return sum(row["event_id"].encode()) % 2


def embedded(rows: list[Row], world: World) -> Stored:
    """The run over files that are called as the partitions of the topics are."""
    kept = InMemoryStore()
    streams = sorted({row["_stream"] for row in rows})
    files = {f"{stream}-{n}": (stream, n) for stream in streams for n in range(2)}
    sources = [
        Rows(stream, name, [row for row in rows if row["_stream"] == stream and partition_of(row) == n])
        for name, (stream, n) in files.items()
    ]
    Run(sources, make_plan(world.settings), world.settings, as_of_ms=AS_OF_MS, store=kept).go()
    return Stored(
        {encode(each) for each in kept.alerts},
        {encode(each) for each in kept.leakages},
        {encode(each) for each in kept.scores},
        {(each.partition, each.position, each.reason) for each in kept.quarantined},
        set(kept.marks),
        fed(kept.health),
    )


def live(rows: list[Row], world: World, chance: random.Random) -> Stored:
    """The workers; the publisher's first control record stands before the rows, so that each has one place more."""
    streams = sorted({row["_stream"] for row in rows})
    world.control(streams, ControlRecord(open=True, as_of_ms=None))
    for row in rows:
        world.send(row, partition_of(row))
        if chance.random() < 0.2:
            world.stir(chance, chance.randint(1, 4))
    world.control(streams, ControlRecord(open=False))
    world.finish()
    return Stored(
        {text.encode() for text in world.found.values()},
        {text.encode() for text in world.leaks.values()},
        {text.encode() for text in world.scores},
        {(partition, place - 1, reason) for (partition, place), reason in world.rejected.items()},
        {(stream, partition, place - 1, mark) for stream, partition, place, mark in world.marks},
        fed(world.health.values()),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_shells_write_the_same_into_every_table(seed: int) -> None:
    """However the workers cut, hand over, die and go on: alerts, leakages, scores, quarantine, marks, feed health."""
    chance = random.Random(seed)
    rows, world = happened(chance), World(settings_of(*WANTED))
    expected = embedded(rows, world)
    found = live(rows, world, chance)
    assert expected.alerts, "or nothing is compared"
    assert expected.scores
    assert {mark for *_, mark in expected.event_marks} == {"late", "refused", "duplicate", "conflict"}
    assert found.alerts == expected.alerts
    assert found.leakages == expected.leakages
    assert found.scores == expected.scores
    assert found.event_marks == expected.event_marks
    conflict = {record for record in expected.quarantine if "other content" in record[2]}
    assert found.quarantine == expected.quarantine - conflict, "whoever owns the records fetches a contradiction's"
    assert found.health == expected.health
