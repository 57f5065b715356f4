"""What may happen to a live line, and the findings must still be the embedded run's, byte for byte.

`make chaos` runs all of it (python -m tests.live.chaos) and ends with one line of how many held; the tests run a part.
"""

import argparse
import base64
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from services.keys import folder_of, key_for_changes, with_key
from services.lab.champions import model_event
from services.lab.registry import home_of, register
from store import ServerStore
from store.kafka_tables import disconnect
from streams.live import announce
from tests.dashboards.grafana.answers import LOOKED_AT_HOURLY, wrong
from tests.live.rig import Input, Installation, Servers, controlled, listing, run, said_by, simulated
from tests.live.trained import of_large_amounts, promoted
from tollwatch.config import load_settings
from tollwatch.errors import TollwatchError

Chaos = Callable[[Installation, Input, random.Random], None]
HOLDS: dict[str, Chaos] = {}
RATE = 25_000
OF_THREE = {"a_broker_of_three_dies"}
BEGUN, HOUR_MS = 1_772_323_200_000, 3_600_000
CHANGES = {"a_rule_changes", "a_model_is_promoted"}
"""After this a replay from the server, and one from Kafka, have to find the same, too."""


def chaos(what: Chaos) -> Chaos:
    """Register."""
    HOLDS[what.__name__] = what
    return what


@chaos
def nothing_happens(at: Installation, given: Input, chance: random.Random) -> None:
    """Two workers, and nothing else."""
    del chance
    at.publish(given, "--close")
    at.published()


@chaos
def a_worker_is_killed(at: Installation, given: Input, chance: random.Random) -> None:
    """With −9, at any moment, and started again."""
    at.publish(given, "--close", "--rate", RATE)
    time.sleep(chance.uniform(0.5, given.lines() / RATE + 4))
    at.workers[chance.randrange(2)].kill()
    time.sleep(chance.uniform(0, 3))
    at.worker()
    at.published()


@chaos
def both_workers_are_killed(at: Installation, given: Input, chance: random.Random) -> None:
    """At once, and started again."""
    at.publish(given, "--close", "--rate", RATE)
    time.sleep(chance.uniform(2, given.lines() / RATE + 2))
    for worker in at.workers:
        worker.kill()
    at.worker()
    at.worker()
    at.published()


@chaos
def a_worker_joins_and_leaves(at: Installation, given: Input, chance: random.Random) -> None:
    """A third one, in peace."""
    at.publish(given, "--close", "--rate", RATE)
    time.sleep(chance.uniform(1, 5))
    third = at.worker()
    time.sleep(chance.uniform(10, 15))
    third.stop()
    at.published()


@chaos
def the_broker_is_restarted(at: Installation, given: Input, chance: random.Random) -> None:
    """In peace, with everybody at work."""
    at.publish(given, "--close", "--rate", RATE)
    time.sleep(chance.uniform(3, 10))
    broker = at.servers.kafka.programs[0]
    broker.stop()
    broker.start()
    at.published()


@chaos
def clickhouse_is_away(at: Installation, given: Input, chance: random.Random) -> None:
    """For twenty seconds."""
    at.publish(given, "--close", "--rate", RATE)
    time.sleep(chance.uniform(2, 8))
    at.servers.clickhouse.stop()
    time.sleep(20)
    at.servers.clickhouse.start()
    at.published()


@chaos
def clickhouse_is_far_behind(at: Installation, given: Input, chance: random.Random) -> None:
    """It takes no raw events until all findings are stored: what they show is copied when it does."""
    del chance
    store = ServerStore(at.env["TOLLWATCH_CLICKHOUSE"])
    disconnect(store)
    at.publish(given, "--close", "--rate", RATE)
    at.published()
    until = time.monotonic() + 120
    while listing("alerts", env=at.env) != given.found["alerts"] and time.monotonic() < until:
        time.sleep(1)
    waiting = store.query("SELECT count() AS n FROM evidence_place FINAL WHERE settled = 0")["n"][0]
    assert waiting > 100, "nothing waits for the raw events"
    told = " ".join(at.call("doctor", "--json").stdout.split())
    assert "rows of evidence wait for their raw events" in told
    assert "messages wait to be stored by ClickHouse" in told
    at.call("tables", "apply")


@chaos
def a_worker_sleeps(at: Installation, given: Input, chance: random.Random) -> None:
    """Past its session, and goes on as if nothing had been: the zombie."""
    at.publish(given, "--close", "--rate", RATE)
    time.sleep(chance.uniform(2, 6))
    worker = at.workers[chance.randrange(2)]
    worker.signal(signal.SIGSTOP)
    time.sleep(15)
    worker.signal(signal.SIGCONT)
    at.published()


@chaos
def every_event_comes_twice(at: Installation, given: Input, chance: random.Random) -> None:
    """Within a minute: each line again some hundred lines later."""
    del chance
    twice = Input(at.folder / "twice")
    twice.folder.mkdir(exist_ok=True)
    for path in given.folder.glob("*.ndjson"):
        lines = path.read_bytes().splitlines(keepends=True)
        with (twice.folder / path.name).open("wb") as out:
            for begin in range(0, len(lines), 300):
                piece = lines[begin : begin + 300]
                out.writelines(piece)
                out.writelines(piece)
    at.publish(twice, "--close")
    at.published()


@chaos
def a_rule_changes(at: Installation, given: Input, chance: random.Random) -> None:
    """In the middle of publishing; the embedded run takes the same change, at the same event time, from a file."""
    change = (
        "rules",
        "publish",
        "--set",
        "wangiri.warn_at=45",
        "--set",
        "wangiri.critical_at=46",
        "--remove",
        "card_testing",
    )
    at.publish(given, "--close", "--rate", RATE // 2)
    time.sleep(chance.uniform(2, 4))
    told = at.call(*change).stdout
    moment = int(told.partition("event time ")[2].split()[0]) / 1000
    announced = at.folder / "changes.ndjson"
    at.call(*change, "--at", datetime.fromtimestamp(moment, UTC).isoformat(), "--to", announced)
    run("run", *given.files(), "--reference", announced, "--data", at.folder / "changed")
    for kind in given.found:
        given.found[kind] = listing(kind, "--data", at.folder / "changed")
    at.published()


@chaos
def a_model_is_promoted(at: Installation, given: Input, chance: random.Random) -> None:
    """By two people in the middle of publishing; the embedded run takes the same event from a file."""
    settings = load_settings(env=at.env)
    settings = with_key(settings, folder_of(None, settings), make=True)
    name = register(of_large_amounts(), "payment_risk", None, settings, by="anna")
    at.publish(given, "--close", "--rate", RATE // 10)
    while (announce.reached(settings.kafka) or 0) < BEGUN + chance.randrange(6) * HOUR_MS:
        time.sleep(0.2)
    moment = promoted(name, settings)
    announced = at.folder / "changes.ndjson"
    key = key_for_changes(settings, home_of(None))
    announced.write_bytes(model_event("payment_risk", name, moment, settings, key) + b"\n")
    changed = at.folder / "changed"
    run("run", *given.files(), "--reference", announced, "--data", changed, env={"TOLLWATCH_MODELS": settings.models})
    for kind in given.found:
        given.found[kind] = listing(kind, "--data", changed)
    scored = f"SELECT countIf(model_hash = '{name}') AS n FROM score FINAL WHERE model = 'payment_risk'"
    by = msgspec.json.decode(run("query", scored, "--data", changed, "--format", "ndjson").stdout)
    assert by["n"] > 40, f"the promoted model scored {by['n']} payments from {moment} on: that says nothing"
    at.published()


@chaos
def a_broker_of_three_dies(at: Installation, given: Input, chance: random.Random) -> None:
    """With −9; what the other two have is enough. On servers of its own, with three replicas."""
    at.publish(given, "--close", "--rate", RATE)
    time.sleep(chance.uniform(3, 8))
    at.servers.kafka.programs[chance.randrange(3)].kill()
    at.published()


def held(servers: Servers, given: Input, name: str, seed: int, folder: Path, *, seconds: float = 400) -> str:
    """Run one; gives "" where it held, else what differs."""
    chance = random.Random(seed)
    replicas = len(servers.kafka.programs)
    with Installation(servers, f"{name.replace('_', '-')}-{seed}", folder, kafka__replication=replicas) as at:
        at.worker()
        at.worker()
        time.sleep(8)
        given = replace(given, found=dict(given.found))
        HOLDS[name](at, given, chance)
        found = at.until_same(given, seconds)
        wrong = [kind for kind in given.found if found[kind] != given.found[kind]]
        if not wrong:
            if name in CHANGES:
                return lost(at, given) or replayed(at, given)
            if name != "nothing_happens":
                return lost(at, given)
            return lost(at, given) or replayed(at, given) or controlled(at, given) or _boards(at)
        numbers = [f"{kind}: {found[kind].count(chr(10))} of {given.found[kind].count(chr(10))}" for kind in wrong]
        return "; ".join([*numbers, *list(said_by(at.workers))[-5:]])


def _boards(at: Installation) -> str:
    """Which panels of the dashboards do not answer on the server."""
    return "; ".join(wrong(ServerStore(at.env["TOLLWATCH_CLICKHOUSE"]), empty=LOOKED_AT_HOURLY))


def replayed(at: Installation, given: Input) -> str:
    """What replays from the server and from Kafka find; gives "" where it is the same, byte for byte."""
    wrong = []
    for name, words in {"the server": (), "Kafka": ("--topics",)}.items():
        to = at.folder / f"again from {name}"
        at.call("replay", "--to", to, "--run", "live", *words)
        others = [
            kind for kind in ("alerts", "leakages") if (to / f"{kind}.ndjson").read_text("utf-8") != given.found[kind]
        ]
        wrong += [f"replay from {name}: other {kind}" for kind in others]
    return "; ".join(wrong)


def lost(at: Installation, given: Input, seconds: float = 150) -> str:
    """Every event that was published is in the raw views or in quarantine: gives "", or what is not."""
    ids = set()
    for words in zip(given.files()[::2], given.files()[1::2], strict=True):
        stream = words[0].removeprefix("--").replace("-", "_")
        for line in Path(words[1]).read_bytes().splitlines():
            try:
                ids.add((stream, msgspec.json.decode(line)["event_id"]))
            except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
                continue
    store = ServerStore(at.env["TOLLWATCH_CLICKHOUSE"])
    refused = set(store.query("SELECT stream, base64Encode(raw) FROM quarantine FINAL").iter_rows())
    for stream, raw in refused:
        try:
            ids.discard((stream, msgspec.json.decode(base64.b64decode(raw))["event_id"]))
        except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
            continue
    until = time.monotonic() + seconds
    while True:
        there: set[tuple[str, str]] = set()
        for stream in sorted({stream for stream, _ in ids}):
            rows = store.query(
                f"SELECT DISTINCT event_id FROM events_{stream} WHERE NOT match(event_id, '^(rule|model)-')"
            )
            there |= {(stream, event_id) for event_id in rows["event_id"]}
        if there == ids or time.monotonic() > until:
            break
        time.sleep(2)
    if there == ids:
        return ""
    return f"{len(ids - there)} events are not stored, {len(there - ids)} are too many: {sorted(ids ^ there)[:3]}"


def _tried(servers: Servers, given: Input, name: str, seed: int, folder: Path) -> str:
    """Run one, and print how it went."""
    began = time.monotonic()
    try:
        said = held(servers, given, name, seed, folder)
    except (OSError, AssertionError, TollwatchError) as error:
        said = repr(error)[-600:]
    print(f"{name} {seed}: {said or 'held'} ({time.monotonic() - began:.0f} s)", flush=True)
    return said


def main() -> int:
    """All of them, some several times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--subscribers", type=int, default=6500)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--folder", help="where to keep everything, to look at")
    asked = parser.parse_args()
    with ExitStack() as ending:
        scratch = asked.folder or ending.enter_context(tempfile.TemporaryDirectory(prefix="tollwatch-chaos-"))
        folder = Path(scratch)
        given = simulated(folder, subscribers=asked.subscribers, days=asked.days, seed=7)
        print(f"{given.lines():,} records, {given.found['alerts'].count(chr(10)):,} revisions of alerts")
        names = asked.only or list(HOLDS)
        good = all_ = 0
        for brokers in (1, 3):
            own = [name for name in names if (name in OF_THREE) == (brokers == 3)]
            with closing(Servers.start(folder / f"of-{brokers}", brokers=brokers)) if own else nullcontext() as servers:
                for name in own:
                    for seed in range(asked.kills if name == "a_worker_is_killed" else 1):
                        said = _tried(servers, given, name, seed, folder)
                        good, all_ = good + (not said), all_ + 1
    print(f"{good} of {all_} held")
    return int(good < all_)


if __name__ == "__main__":
    sys.exit(main())
