"""The live line on a real Kafka and a real ClickHouse: its findings are the embedded run's, whatever happens."""

import random
import time
from collections.abc import Iterator

import pytest

from store import ServerStore
from tests.live.chaos import HOLDS, held
from tests.live.rig import Input, Installation, Servers, need_servers, simulated


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
    return simulated(tmp_path_factory.mktemp("week"), subscribers=6500, days=5, seed=7)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """A smaller operator, for what is run several times."""
    need_servers()
    return simulated(tmp_path_factory.mktemp("days"), subscribers=1500, days=3, seed=7)


def test_live_finds_what_embedded_finds(
    servers: Servers, week: Input, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Half a million events over four partitions and two workers: the same bytes, and nothing lost."""
    assert week.lines() >= 500_000
    assert len(week.found["alerts"].splitlines()) > 30
    assert len(week.found["leakages"].splitlines()) > 15
    assert held(servers, week, "nothing_happens", 0, tmp_path_factory.mktemp("quiet")) == ""


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
