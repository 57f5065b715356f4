"""The live line on a real Kafka and a real ClickHouse: its findings are the embedded run's, whatever happens."""

import random
import time
from collections.abc import Iterator

import msgspec
import pytest

from services.approvals import Wish, decide, propose
from services.changes import tell_workers
from services.lists import add_entries
from services.stores import held_open
from services.triage import judge
from services.verdicts import Said
from store import ServerStore
from tests.live.chaos import HOLDS, held
from tests.live.rig import Input, Installation, Servers, need_servers, run, simulated
from tests.store.found import alert
from tollwatch.config import load_settings
from tollwatch.findings import Evidence
from tollwatch.frames import Findings
from tollwatch.times import readable

BEGUN, DAY_MS = 1_772_323_200_000, 86_400_000


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """One Kafka, one ClickHouse."""
    need_servers()
    made = Servers.start(tmp_path_factory.mktemp("servers"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """More than half a million events of all streams."""
    need_servers()
    return simulated(tmp_path_factory.mktemp("week"), subscribers=4200, days=4, seed=7)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """A smaller operator, for what is run several times."""
    need_servers()
    return simulated(tmp_path_factory.mktemp("days"), subscribers=1000, days=3, seed=7)


def test_live_finds_what_embedded_finds(
    servers: Servers, week: Input, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Half a million events over four partitions and two workers: the same bytes, and nothing lost."""
    assert week.lines() >= 500_000
    assert len(week.found["alerts"].splitlines()) > 30
    assert held(servers, week, "nothing_happens", 0, tmp_path_factory.mktemp("quiet")) == ""


def test_a_worker_runs_the_controls(servers: Servers, days: Input, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One of two, again and again: what stands in the end is what they find when all has been read."""
    every = {"TOLLWATCH_DISABLED": "[]"}
    data = ("--data", days.folder.parent / "data")
    run("controls", "run", *data, env=every)
    wanted = standing(*data, env=every)
    assert len(wanted) > 50
    with Installation(
        servers, "controls", tmp_path_factory.mktemp("controls"), controls_every_s=3, controls_share=1.0
    ) as at:
        at.env |= every
        at.worker()
        at.worker()
        at.publish(days, "--close")
        at.published()
        until = time.monotonic() + 600
        while (found := standing(env=at.env)) != wanted and time.monotonic() < until:
            time.sleep(3)
        assert found == wanted


def standing(*words: object, env: dict[str, str]) -> set[tuple[str, str, int, int]]:
    """Leakages that are not withdrawn."""
    lines = run("leakages", *words, "--format", "ndjson", "--identifiers", env=env).stdout.splitlines()
    rows = [msgspec.json.decode(line) for line in lines]
    return {
        (row["control"], row["leakage_id"], row["amount_micros"], row["records"])
        for row in rows
        if row["state"] != "withdrawn"
    }


@pytest.mark.parametrize(
    "name",
    [
        "a_worker_is_killed",
        "both_workers_are_killed",
        "a_worker_sleeps",
        "clickhouse_is_away",
        "clickhouse_is_far_behind",
        "every_event_comes_twice",
        "a_rule_changes",
        "a_model_is_promoted",
    ],
)
def test_whatever_happens(servers: Servers, days: Input, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A part of what `make chaos` runs whole."""
    assert name in HOLDS
    assert held(servers, days, name, random.randrange(1000), tmp_path_factory.mktemp(name)) == ""


def test_a_broken_message_is_in_quarantine_once(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whether framing, ClickHouse's parser or both refuse it; the messages around it are taken."""
    folder = tmp_path_factory.mktemp("broken")
    good = '{"event_id":"good%d","event_time":1767225600000,"service":"voice","record_type":"originating"}'
    far = good.replace("1767225600000", "7258118400000").replace("good%d", "far")
    broken = [
        "{",
        '{"event_id":"text","event_time":"soon","service":"voice","record_type":"originating"}',
        "[]",
        far,
        good.replace("voice", "smoke signals").replace("good%d", "smoke"),
        good[:-1].replace("good%d", "long") + ',"x":"' + "y" * 2_000_000 + '"}',
    ]
    file = folder / "usage.ndjson"
    file.write_text("\n".join([good % 1, *broken, good % 2]) + "\n", "utf-8")
    with Installation(servers, "broken", folder) as at:
        at.worker()
        at.call("publish", "--usage", file, "--close")
        store = ServerStore(at.env["TOLLWATCH_CLICKHOUSE"])
        until = time.monotonic() + 90
        while time.monotonic() < until:
            refused = store.query("SELECT partition, position, reason FROM quarantined").unique()
            there = store.query("SELECT event_id FROM events_usage")["event_id"].to_list()
            if len(refused) == len(broken) and sorted(there) == ["good1", "good2"]:
                break
            time.sleep(1)
        assert sorted(there) == ["good1", "good2"]
        assert len(refused) == len(broken) == len(refused.select("partition", "position").unique())
        listed = at.call("quarantine", "list", "--format", "ndjson", "--identifiers").stdout
        assert len(listed.splitlines()) == len(broken)
        replayed = at.call("quarantine", "replay", "--to", folder / "again").stdout
        assert "tollwatch publish --usage" in replayed


def test_doctor_says_what_is_missing(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Before and after; a topic that is too small; a topic that cannot shrink; a worker without tables."""
    at = Installation(servers, "doctor", tmp_path_factory.mktemp("doctor"))
    sick = at.call("doctor", "--json", check=False)
    assert sick.returncode == 5
    assert "run `tollwatch topics create`" in sick.stdout
    assert "run `tollwatch tables apply`" in sick.stdout
    started = at.call("worker", check=False)
    assert started.returncode == 5
    assert "run `tollwatch tables apply`" in started.stderr
    at.prepare()
    well = at.call("doctor", check=False)
    assert well.returncode == 0, well.stdout
    assert "no message waits to be stored by ClickHouse" in " ".join(well.stdout.split())
    at.env["TOLLWATCH_KAFKA__PARTITIONS"] = "2"
    shrunk = at.call("topics", "create", check=False)
    assert shrunk.returncode == 4
    assert "cannot shrink" in shrunk.stderr
    at.env["TOLLWATCH_KAFKA__PARTITIONS"] = "6"
    small = at.call("worker", check=False)
    assert small.returncode == 5
    assert "has 4 partitions, 6 are configured" in small.stderr


def test_what_is_decided_in_the_console_reaches_the_workers(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A verdict is a delayed label of the model, an entry of a list and a bar are events; each is told once."""
    folder = tmp_path_factory.mktemp("console")
    with Installation(servers, "console", folder) as made:
        store = ServerStore(made.env["TOLLWATCH_CLICKHOUSE"])
        made.worker()
        _pay(made, day=0, count=20)
        _until(store, "SELECT count() FROM score", 20)
        _decide(store, made)
        for stream in ("verdicts", "reference", "actions"):
            _until(store, f"SELECT count() FROM raw_{stream}", 1)
        _pay(made, day=9, count=5)
        late = f"event_time > fromUnixTimestamp64Milli({BEGUN + 8 * DAY_MS})"
        _until(store, f"SELECT count() FROM score WHERE {late} AND features['terminal_fraud_share'] > 0", 1)


def test_who_cannot_be_reached_is_named(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A broker or a server that is away, a URL that is none, a file without its topic: one sentence, no trace."""
    at = Installation(servers, "away", tmp_path_factory.mktemp("away"))
    good = dict(at.env)
    at.env["TOLLWATCH_KAFKA__SERVERS"] = "127.0.0.1:9"
    for words in (["topics", "create"], ["publish", "--usage", __file__]):
        said = at.call(*words, check=False)
        assert said.returncode == 5
        assert said.stderr.splitlines()[-1].startswith("tollwatch: Kafka at 127.0.0.1:9 cannot be reached")
    at.env = good | {"TOLLWATCH_CLICKHOUSE": "clickhouse://default:secret@127.0.0.1:9/x"}
    for words in (["tables", "apply"], ["alerts"], ["worker"]):
        said = at.call(*words, check=False)
        assert said.returncode == 5
        assert "the server cannot be reached" in said.stderr.splitlines()[-1]
        assert "secret" not in said.stderr
    at.env = good | {"TOLLWATCH_CLICKHOUSE": servers.clickhouse.url.replace("default@", "default:wrong@")}
    assert at.call("tables", "apply", check=False).returncode == 5
    at.env = good
    said = at.call("publish", "--usage", __file__, check=False)
    assert "run `tollwatch topics create`" in said.stderr


def _decide(store: ServerStore, made: Installation) -> None:
    """A verdict on a payment, an entry of a list, a bar: each of them told once."""
    settings, home = load_settings(env=made.env), made.folder
    found = alert(1, detector="payment_risk", score=0.9, subject_kind="card_fingerprint", subject="c0")
    own = {"finding_id": found.alert_id, "revision": 1, "ordinal": 0, "stream": "payments"}
    proof = msgspec.json.encode({"event_id": "p0-0", "terminal_id": "T1", "card_fingerprint": "c0"}).decode()
    store.write(Findings(alerts=[found], evidence=[Evidence(**own, event_id="p0-0", event_time=BEGUN, row=proof)]))
    with held_open(None, settings):
        judge([found.alert_id], Said("fraud", at_ms=BEGUN + DAY_MS), home, settings, by="ada")
        add_entries("known_caller", ["447100000001"], home, settings, by="ada", at_ms=BEGUN + DAY_MS)
        propose(Wish("bar", None, "447100000002", {}, "rings strangers"), home, settings, by="ada")
        decide(1, confirm=True, note="", data=home, settings=settings, by="bob")
        assert tell_workers(home, settings) == 3
        assert tell_workers(home, settings) == 0


def _until(store: ServerStore, sql: str, least: int) -> None:
    """Wait until the store says so."""
    for _ in range(240):
        if int(store.query(sql).item()) >= least:
            return
        time.sleep(0.25)
    pytest.fail(f"{sql}: {store.query(sql).item()}, not {least}")


def _pay(made: Installation, *, day: int, count: int) -> None:
    """Publish payments at one terminal."""
    path = made.folder / f"payments-{day}.ndjson"
    own = {"source": "gateway", "kind": "payment", "hop": "gateway", "state": "settled", "method": "card"}
    own |= {"amount_micros": 10_000_000, "currency": "EUR", "terminal_id": "T1"}
    rows = [
        own
        | {"event_id": f"p{day}-{n}", "payment_id": f"p{day}-{n}", "event_time": BEGUN + day * DAY_MS + n * 60_000}
        | {"account_id": f"a{n}", "card_fingerprint": f"c{n}"}
        for n in range(count)
    ]
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    made.call("publish", "--payments", path, "--as-of", readable(BEGUN + 20 * DAY_MS), "--close")
