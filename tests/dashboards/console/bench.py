"""How long pages take with a million alerts and twenty million events: `python -m tests.dashboards.console.bench`.

Everything is generated in ClickHouse itself; `--scale 0.1` generates a part. Times are those of the server, from
request to answer, the median of several, after one that warms up.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

from dashboards.console.app import make_app, make_desk
from services.stores import held_open, open_store
from services.users import put_user
from tollwatch.config import Settings
from tollwatch.ports import Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ALERTS, EVENTS, CASES, SUBJECTS = 1_000_000, 20_000_000, 10_000, 200_000
MOST_MS, MOST_TIMELINE_MS, MOST_PART_MS, TIMES = 100, 300, 500, 7
"""Pages, a subject's timeline, and the other parts that are loaded behind a page."""
NOW_S = int(time.time())
AT = f"toDateTime64({NOW_S}, 3, 'UTC') - INTERVAL (number * 7919 % {30 * 86400}) SECOND"
ID = "lower(leftPad(hex(number), 16, '0'))"
PASSWORD = "a long password"
SETTINGS = Settings(installation_key="00112233445566778899aabbccddeeff")
KEYS = (
    "concat('S', toString(cityHash64(number) % 1000000)), concat('A', toString(cityHash64(number) % 1000000)), "
    "toString(990700000000 + cityHash64(number) % 1000000), toString(447200000000 + cityHash64(number + 7) % 3000000), "
    "concat('234', toString(cityHash64(number) % 1000000)), concat('35', toString(cityHash64(number) % 900000)), "
    "concat('c', toString(cityHash64(number + 3) % 5000))"
)
DOCUMENT = (
    'concat(\'{"account_id":"A\', toString(number % 10000), \'","alert_id":"\', '
    + ID
    + ', \'","amount_micros":5000000,'
    '"claim":{"count":3,"hash_sum":1,"key":"x","since":1,"stream":"usage","until":2,"where":""},'
    '"condition":"victims >= 20","currency":"EUR","detector":"wangiri","detector_version":1,"episode_start":\', '
    "toString(toUnixTimestamp64Milli(at)), ',\"event_time\":', toString(toUnixTimestamp64Milli(at)), "
    '\',"features":{"victims":25.0},"revision":1,"run":"live","score":null,"severity":"warning","state":"open",'
    '"subject":"\', toString(990700000000 + number % 200000), \'","subject_kind":"calling_number","subscriber_id":null,'
    '"tenant":"main","thresholds":{"critical_at":40,"max_ring_s":4,"warn_at":20,"window_s":600}}\')'
)


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def fill(store: Store, scale: float) -> None:
    """A month of alerts in ten thousand cases, with evidence, and of usage."""
    alerts, step = int(scale * ALERTS), 500_000
    store.run(
        "INSERT INTO alert (tenant, run, alert_id, revision, state, detector, detector_version, severity, subject_kind, "
        "subject, account_id, episode_start, event_time, features, condition, claim_since, claim_until, claim_count, "
        f"amount_micros, currency, document, stored_at) SELECT 'main', 'live', {ID}, 1, if(number % 3 = 0, 'open', 'closed'), "
        "if(number % 33 = 0, 'wangiri', concat('detector_', toString(number % 33))), 1, if(number % 3 = 0, 'warning', "
        f"'critical'), 'calling_number', toString(990700000000 + number % {SUBJECTS}), "
        f"concat('A', toString(number % {CASES})), at, at, map('victims', 25), 'victims >= 20', at, at, 3, "
        f"if(number % 4 = 0, NULL, number % 900000000), if(number % 4 = 0, NULL, 'EUR'), {DOCUMENT}, at "
        f"FROM (SELECT number, {AT} AS at FROM numbers({alerts}))"
    )
    store.run(
        "INSERT INTO evidence (tenant, run, finding_id, revision, side, ordinal, stream, event_id, event_time, row) SELECT "
        f"'main', 'live', {ID}, 1, 'row', 0, 'usage', concat('e', toString(number)), {AT}, "
        '\'{"calling_number":"990700000001","imei":"35000","service":"voice"}\' '
        f"FROM numbers({alerts})"
    )
    for first in range(0, int(scale * EVENTS), step):
        store.run(
            "INSERT INTO raw_usage (event_id, event_time, source, tenant, service, subscriber_id, account_id, "
            "calling_number, called_number, imsi, imei, cell_id, _partition, _offset) SELECT concat('u', toString(number)), "
            f"{(NOW_S - 30 * 86400) * 1000} + number * 129, 'switch', 'main', 'voice', {KEYS}, 'usage-0', number "
            f"FROM numbers({first}, {min(step, int(scale * EVENTS) - first)})"
        )


def measured(client: TestClient, path: str) -> float:
    """Milliseconds of one page, the median of several."""
    times = []
    for n in range(TIMES + 1):
        began = time.perf_counter()
        answer = client.get(path)
        if n:
            times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code} {answer.text[-300:]}")
    return statistics.median(times)


def main() -> int:
    """Fill, measure, print; 1 where a page takes longer than it may."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0)
    scale = parser.parse_args().scale
    with tempfile.TemporaryDirectory() as folder, held_open(Path(folder), SETTINGS, must_exist=False):
        store = open_store(Path(folder), SETTINGS)
        began = time.perf_counter()
        fill(store, scale)
        say(
            f"{int(scale * ALERTS):,} alerts, {int(scale * EVENTS):,} events: generated in {time.perf_counter() - began:.0f} s"
        )
        put_user("ada", Path(folder), SETTINGS, role="analyst", password=PASSWORD)
        began = time.perf_counter()
        desk = make_desk(Path(folder), SETTINGS)
        say(f"the queue is read in {time.perf_counter() - began:.1f} s")
        client = TestClient(make_app(desk, ["testserver"]))
        client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
        return _pages(client)


def _pages(client: TestClient) -> int:
    one = f"/alerts/{33:016x}"
    pages = ["/", "/?page=200", "/?detector=wangiri&severity=critical", "/?find=990700000007", one, f"/cases/{33:016x}"]
    pages += ["/decisions", "/lists", "/rules", "/detectors", "/feeds"]
    failed = 0
    limits = dict.fromkeys(pages, MOST_MS) | {f"{one}/timeline": MOST_TIMELINE_MS}
    limits |= dict.fromkeys((f"{one}/{part}" for part in ("chart", "past", "related")), MOST_PART_MS)
    for path, most in limits.items():
        took = measured(client, path)
        failed += took > most
        say(f"{path:50} {took:7.0f} ms{'' if took <= most else f'  more than {most}'}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
