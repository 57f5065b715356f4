"""The live line without Kafka: framing, handing over, dying and going on change no byte of what is found."""

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.assembly import make_plan
from streams.embedded import Run
from streams.live.records import ControlRecord
from tests.make import payment, usage
from tests.streams.live.world import Row, World, settings_of
from tests.streams.memory import InMemoryStore, Rows

WANTED = ("wangiri", "card_testing", "high_usage")
AS_OF_MS = 1_900_000_000_000


def rows_of(chance: random.Random) -> list[Row]:
    """Calls that ring once to many numbers, and small payments that are declined, among others."""
    made: list[Row] = []
    for n in range(chance.randint(60, 160)):
        caller = chance.choice(["447100000001", "447100000002", "4470555"])
        silent = {"duration_s": 0, "ring_s": 2} if caller == "4470555" else {}
        called = f"4473{chance.randrange(400):06}"
        after = chance.randint(0, 3000)
        made.append(usage(f"u{n:04}", after_s=after, calling_number=caller, called_number=called, **silent))
    small = {"amount_micros": 500_000, "terminal_id": "t1"}
    for n in range(chance.randint(10, 60)):
        card, state = f"c{chance.randrange(40)}", chance.choice(["declined", "settled"])
        made.append(payment(f"p{n:04}", after_s=chance.randint(0, 3000), card_fingerprint=card, state=state, **small))
    return sorted(made, key=lambda row: row["event_time"])


def embedded(rows: list[Row], own: World) -> tuple[set[str], set[str]]:
    """What one process finds in files."""
    store = InMemoryStore()
    streams = sorted({row["_stream"] for row in rows})
    sources = [Rows(stream, stream, [row for row in rows if row["_stream"] == stream]) for stream in streams]
    Run(sources, make_plan(own.settings), own.settings, as_of_ms=AS_OF_MS, store=store).go()
    encode = msgspec.json.Encoder(order="sorted").encode
    return {encode(a).decode() for a in store.alerts}, {encode(a).decode() for a in store.leakages}


@settings(max_examples=12)
@given(st.integers(0, 2**32))
def test_whatever_happens_the_findings_are_the_embedded_ones(seed: int) -> None:
    """Two workers, partitions that change hands, frames made twice, events sent again, parts that die: the same."""
    chance = random.Random(seed)
    rows = rows_of(chance)
    world = World(settings_of(*WANTED))
    streams = sorted({row["_stream"] for row in rows})
    world.stir(chance, 5)
    world.control(streams, ControlRecord(open=True))
    for row in rows:
        world.send(row, int(row["event_id"][1:]) % 2)
        if chance.random() < 0.2:
            again = chance.choice(rows[: rows.index(row) + 1])
            world.send(again, chance.randrange(2))
        if chance.random() < 0.3:
            world.stir(chance, chance.randint(1, 6))
    world.control(streams, ControlRecord(open=False))
    world.stir(chance, 60)
    world.finish()
    alerts, leakages = embedded(rows, world)
    assert alerts, "the scenario must alert, or nothing is tested"
    assert set(world.found.values()) == alerts
    assert set(world.leaks.values()) == leakages


def test_an_idle_partition_holds_back_what_came_after_it_was_looked_at() -> None:
    """One worker is slow: its partition was idle once, and has rows that it has not read; the others' rows wait."""
    world = World(settings_of("wangiri"))
    world.frame(0, {}, idle=True)
    world.control(["usage"], ControlRecord(open=True))
    for n in range(30):
        world.send(usage(f"u{n}", after_s=n * 10, calling_number="4470555", duration_s=0, ring_s=2), n % 2)
    world.hand_over("usage-1", 1)
    world.frame(0, {"usage-0": 1000})
    key = next(key for key in world.parts if key[0] == "calling_number")
    for key in [key for key in world.parts if key[0] == "calling_number"]:
        while world.next[key] < len(world.frames[key]):
            world.take(key)
    assert sum(world.parts[key].waiting() for key in world.parts if key[0] == "calling_number") == 15
    world.frame(1, {"usage-1": 1000})
    world.control(["usage"], ControlRecord(open=False))
    world.finish()
    assert sum(world.parts[key].waiting() for key in world.parts) == 0
    assert world.late == 0


def test_between_the_marks_of_a_publisher_nothing_is_idle() -> None:
    """A pause of the publisher is no end: rows are held until its close mark, or its next rows."""
    world = World(settings_of("wangiri"))
    world.control(["usage"], ControlRecord(open=True))
    world.send(usage("u1"), 0)
    world.frame(0, {"usage-0": 9, "usage-1": 9}, idle=True)
    world.frame(0, {}, idle=True)
    assert world.source("usage-0").publishing
    assert world.source("usage-0").state == "open"
    world.control(["usage"], ControlRecord(open=False))
    world.frame(0, {"usage-0": 9, "usage-1": 9})
    assert world.source("usage-0").state == "closed"


def test_what_cannot_be_read_is_refused_with_its_place() -> None:
    """Broken, empty, missing, oversized, of the year 2200: each a sentence, and the rows around them are taken."""
    world = World(settings_of("wangiri"))
    world.put("usage-0", b'{"event_id": 1}')
    world.put("usage-0", b"")
    world.put("usage-0", None)
    world.put("usage-0", b"\t ")
    world.put("usage-0", b"{" + b" " * (1 << 20) + b"}")
    world.send(usage("far", event_time=7_258_118_400_000), 0)
    world.put(
        "usage-0",
        b'{\n"event_id": "pretty",\n"event_time": 1767225600000, "service": "voice", "record_type": "originating"}',
    )
    world.send(usage("good"), 0)
    world.frame(0, {"usage-0": 100})
    assert sorted(place for _, place in world.rejected) == [0, 1, 2, 3, 4, 5]
    assert "empty" in world.rejected["usage-0", 1]
    assert "1048576" in world.rejected["usage-0", 4]
    assert "2200" in world.rejected["usage-0", 5]
    assert {(offset, mark) for _, _, offset, mark in world.marks} == {(n, "refused") for n in range(6)}


def test_what_was_decided_travels_with_the_offset() -> None:
    """The next owner knows the watermark, the publisher's marks and its time of arrival."""
    world = World(settings_of("wangiri"))
    world.control(["usage"], ControlRecord(open=True, as_of_ms=1_767_300_000_000))
    world.send(usage("u1", after_s=100), 0)
    world.frame(0, {"usage-0": 9})
    before = world.source("usage-0")
    world.hand_over("usage-0", 1)
    after = world.source("usage-0")
    assert after is not before
    assert after.framer.save() == before.framer.save()
    assert (after.publishing, after.has_as_of, after.framer.as_of_ms) == (True, True, 1_767_300_000_000)


def test_an_event_that_comes_twice_is_marked_and_changes_nothing() -> None:
    """And one whose id comes with other content is a conflict."""
    world = World(settings_of("wangiri"))
    world.control(["usage"], ControlRecord(open=True))
    world.send(usage("u1"), 0)
    world.send(usage("u1"), 1)
    world.send(usage("u2", after_s=1), 0)
    world.send(usage("u2", after_s=1, called_number="447399"), 1)
    world.control(["usage"], ControlRecord(open=False))
    world.finish()
    assert sorted(mark for _, _, _, mark in world.marks) == ["conflict", "duplicate"]
