"""The common work live: a million raw events on Kafka to alerts in ClickHouse, everything on this machine.

`make bench-live`: with the four rules, with all detectors, and how long an alert takes at a steady rate. For the first
two the events are published before the clock starts; broker and server work on the same cores.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl
from kafka import KafkaConsumer, TopicPartition

from services.servers.process import free_port
from store import ServerStore
from store.kafka_tables import disconnect
from tests.live.rig import Input, Installation, Servers, run
from tests.shared import ROOT

CHECK = {"many-events": 1924, "much-charge": 316, "many-called": 2159, "overlapping-calls": 5398}
EVENTS = 1_000_000
TAKEN = 'tollwatch_events_total{stream="usage"}'
PARTS = ["common", "everything", "latency"]
OPENED = """
SELECT toUnixTimestamp64Milli(min(stored_at)) AS stored_ms, toUnixTimestamp64Milli(any(event_time)) AS event_time
FROM alert
WHERE revision = 1
GROUP BY alert_id
"""
MORE_KEYS = """
- name: many-callers
  reads: usage
  by: called_number
  features:
    callers: distinct(calling_number) over 1h tumbling
  critical: callers >= 100000
- name: spend
  reads: usage
  by: account_id
  features:
    charge: sum(charge_micros) over 1h tumbling
  critical: charge >= 900000000000
"""


def metrics(ports: list[int]) -> dict[str, float]:
    """Sums over workers."""
    made: dict[str, float] = {}
    for port in ports:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if not line.startswith("#") and "_created" not in line:
                    name, _, value = line.rpartition(" ")
                    made[name] = made.get(name, 0.0) + float(value)
    return made


def counts(store: ServerStore) -> dict[str, int]:
    """Alerts by detector."""
    return dict(store.query("SELECT detector, count() AS n FROM alert_latest GROUP BY detector").iter_rows())


def stored(store: ServerStore) -> int:
    """How many raw events ClickHouse has."""
    return int(store.query("SELECT count() AS n FROM raw_usage")["n"][0])


def arrivals(at: Installation) -> pl.DataFrame:
    """When Kafka got the events of each time: event_time, arrived_ms."""
    consumer = KafkaConsumer(bootstrap_servers=at.servers.kafka.servers, consumer_timeout_ms=3000)
    topic = f"{at.name}.usage"
    consumer.assign([TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)])
    consumer.seek_to_beginning()
    event = msgspec.json.Decoder(Timed).decode
    rows = [(event(message.value).event_time, message.timestamp) for message in consumer]
    consumer.close()
    made = pl.DataFrame(rows, schema=["event_time", "arrived_ms"], orient="row").drop_nulls()
    return made.group_by("event_time").agg(pl.col("arrived_ms").min())


class Timed(msgspec.Struct):
    """The time of an event; a control record has none."""

    event_time: int | None = None


@dataclass
class Bench:
    """One measurement: the servers, a folder, and what was asked for."""

    servers: Servers
    folder: Path
    asked: argparse.Namespace
    rules: list[str]

    def input(self) -> Input:
        """The one file."""
        only = Input(self.folder)
        only.files = lambda: ["--usage", str(self.asked.file)]  # type: ignore[method-assign]
        return only

    def installation(self, name: str, *, everything: bool) -> Installation:
        """Topics and tables of its own; the four rules alone, or the built-in detectors, too."""
        at = Installation(self.servers, name, self.folder, snapshot_s=10)
        if not everything:
            (self.folder / "off.toml").write_text('enabled = ["wangiri"]\ndisabled = ["wangiri"]\n', "utf-8")
            at.env["TOLLWATCH_CONFIG"] = str(self.folder / "off.toml")
        return at

    def workers(self, at: Installation) -> list[int]:
        """Start them; gives where their figures are."""
        ports = [free_port() for _ in range(self.asked.workers)]
        for port in ports:
            at.env["TOLLWATCH_METRICS_PORT"] = str(port)
            at.worker(*self.rules)
        return ports

    def expected(self, *, everything: bool) -> dict[str, int]:
        """What the embedded run finds."""
        if not everything:
            return CHECK
        data = self.folder / "embedded"
        run("run", *self.input().files(), *self.rules, "--data", data)
        sql = "SELECT detector, count() AS n FROM alert_latest GROUP BY detector"
        lines = run("query", sql, "--data", data, "--format", "ndjson").stdout.splitlines()
        return {row["detector"]: int(row["n"]) for row in map(json.loads, lines)}

    def throughput(self, *, everything: bool) -> bool:
        """Events lie on Kafka; the clock runs from the first that is taken to the last alert that is stored."""
        expected = self.expected(everything=everything)
        name = "everything" if everything else "common"
        with self.installation(name, everything=everything) as at:
            at.call("topics", "create", *self.rules)
            store = ServerStore(at.env["TOLLWATCH_CLICKHOUSE"])
            disconnect(store)
            at.publish(self.input(), "--close")
            at.published()
            at.call("tables", "apply")
            _until(lambda: stored(store) > 0, 120)
            began, first = time.monotonic(), stored(store)
            _until(lambda: stored(store) >= EVENTS, 120)
            raw_rate = (EVENTS - first) / (time.monotonic() - began)
            ports = self.workers(at)
            _until(lambda: metrics(ports).get(TAKEN, 0) > 0, 120)
            began = time.monotonic()
            same = _until(lambda: counts(store) == expected, 300)
            seconds = time.monotonic() - began
            done = metrics(ports)
            for worker in at.workers:
                worker.stop()
            again = self.replayed(at)
        found = counts(store)
        print(f"{name}, {self.asked.workers} workers: {EVENTS / seconds:,.0f} events a second; alerts {found}")
        print(f"  a replay from the server: {again:,} events a second, {again * seconds / EVENTS:.2f} times as fast")
        print(f"  before that ClickHouse stored {raw_rate:,.0f} raw events a second by itself")
        for key, value in sorted(done.items()):
            if "stage_seconds" in key or "memory" in key:
                print(f"  {key} {value:,.2f}")
        return same

    def replayed(self, at: Installation) -> int:
        """How many events a second a replay of it does, with everything at rest."""
        said = at.call("replay", "--to", self.folder / f"{at.name}-again", *self.rules).stderr
        return int(said.rpartition("(")[2].partition(" a second")[0].replace(",", ""))

    def latency(self) -> None:
        """From the arrival on Kafka of the event that makes an alert to the alert in ClickHouse."""
        with self.installation("latency", everything=False) as at:
            at.call("topics", "create", *self.rules)
            ports = self.workers(at)
            _until(lambda: len(metrics(ports)) > 0, 60)
            time.sleep(15)  # workers share the partitions out, and load what they have compiled
            at.publish(self.input(), "--rate", self.asked.rate)
            at.published()
            time.sleep(10)
            store = ServerStore(at.env["TOLLWATCH_CLICKHOUSE"])
            opened = store.query(OPENED).join(arrivals(at), on="event_time")
            behind = EVENTS - stored(store)
        waited = opened["stored_ms"] - opened["arrived_ms"]
        figures = {f"p{q}": waited.quantile(q / 100) for q in (50, 90, 99, 100)}
        print(f"latency of {len(waited):,} alerts at {self.asked.rate:,} events a second, ms: {figures}")
        print(f"  ten seconds after the last event ClickHouse has not stored {behind:,} raw events")


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if holds():
                return True
        except OSError:
            pass  # a worker that starts does not tell its figures yet
        time.sleep(0.2)
    return False


def main() -> int:
    """Print what was measured; 1 where the counts are wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the events, as usage_1m.py writes them")
    parser.add_argument("--rules", type=Path, default=ROOT.parent / "shared" / "bench" / "four_rules.yaml")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=int, default=20_000, help="events a second for the latency")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollwatch-bench-") as scratch:
        folder = Path(scratch)
        (folder / "more.yaml").write_text(MORE_KEYS, "utf-8")
        servers = Servers.start(folder / "servers")
        bench = Bench(servers, folder, asked, ["--rules", str(asked.rules), str(folder / "more.yaml")])
        try:
            same = [bench.throughput(everything=part == "everything") for part in asked.parts if part != "latency"]
            if "latency" in asked.parts:
                bench.latency()
        finally:
            servers.stop()
    return int(not all(same))


if __name__ == "__main__":
    sys.exit(main())
