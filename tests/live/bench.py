"""The common work live: a million raw events on Kafka to alerts in ClickHouse, everything on this machine.

`make bench-live`. The events are published before the clock starts; broker, server and raw storage are counted.
"""

import argparse
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from services.servers.process import free_port
from store import ServerStore
from tests.live.rig import Input, Installation, Servers
from tests.shared import ROOT

CHECK = {"many-events": 1924, "much-charge": 316, "many-called": 2159, "overlapping-calls": 5398}
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


def main() -> int:
    """Print what was measured; 1 where the counts are wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the events, as usage_1m.py writes them")
    parser.add_argument("--rules", type=Path, default=ROOT.parent / "shared" / "bench" / "four_rules.yaml")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tollwatch-bench-") as scratch:
        folder = Path(scratch)
        (folder / "more.yaml").write_text(MORE_KEYS, "utf-8")
        rules = ["--rules", str(asked.rules), str(folder / "more.yaml")]
        servers = Servers.start(folder / "servers")
        try:
            return _measure(servers, folder, asked, rules)
        finally:
            servers.stop()


def _measure(servers: Servers, folder: Path, asked: argparse.Namespace, rules: list[str]) -> int:
    only = Input(folder)
    only.files = lambda: ["--usage", str(asked.file)]  # type: ignore[method-assign]
    with Installation(servers, "bench", folder, snapshot_s=10) as at:
        (folder / "off.toml").write_text('enabled = ["wangiri"]\ndisabled = ["wangiri"]\n', "utf-8")
        at.env["TOLLWATCH_CONFIG"] = str(folder / "off.toml")
        at.call("topics", "create", *rules)
        at.publish(only, "--close")
        at.published()
        store = ServerStore(at.env["TOLLWATCH_CLICKHOUSE"])
        until = time.monotonic() + 120
        while store.query("SELECT count() AS n FROM raw_usage")["n"][0] < 1_000_000 and time.monotonic() < until:
            time.sleep(0.5)
        ports = [free_port() for _ in range(asked.workers)]
        for port in ports:
            at.env["TOLLWATCH_METRICS_PORT"] = str(port)
            at.worker(*rules)
        began, found = None, {}
        until = time.monotonic() + 300
        while time.monotonic() < until:
            try:
                done = metrics(ports)
            except OSError:
                time.sleep(0.1)
                continue
            if began is None and done.get('tollwatch_events_total{stream="usage"}', 0) > 0:
                began = time.monotonic()
            found = counts(store)
            if found == CHECK:
                break
            time.sleep(0.2)
        seconds = time.monotonic() - (began or until)
        done = metrics(ports)
    print(f"{asked.workers} workers: {1_000_000 / seconds:,.0f} events a second; alerts {found}")
    for name, value in sorted(done.items()):
        if "stage_seconds" in name or "frame_bytes" in name or "frames_total" in name:
            print(f"  {name} {value:,.2f}")
    return int(found != CHECK)


if __name__ == "__main__":
    sys.exit(main())
