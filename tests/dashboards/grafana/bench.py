"""How long every panel takes with twenty million events and a million alerts: `python -m tests.dashboards.grafana.bench`.

Everything is generated in ClickHouse itself, in the last thirty days, a part first (`--scale 0.1`) to see how it grows.
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dashboards.grafana.boards import every_board
from store import ChdbStore
from tests.dashboards.grafana.expanded import asks_clickhouse, chosen, expanded

ALERTS, EVENTS, SCORES, LEAKAGES = 1_000_000, 20_000_000, 3_000_000, 200_000
DAYS = 30
MOST_S = 1.0
MOST_MERGING_S = 120
STREAMS = "['usage', 'signalling', 'orders', 'payments', 'care', 'billed']"


def fill(store: ChdbStore, scale: float) -> None:
    """A month of everything."""
    _findings(store, scale)
    _events(store, scale)


NOW_S = int(time.time())
AT = f"toDateTime64({NOW_S}, 3, 'UTC') - INTERVAL (number * 7919 % {DAYS * 86400}) SECOND"
ID = "lower(leftPad(hex(number), 16, '0'))"


def _findings(store: ChdbStore, scale: float) -> None:
    """Alerts with three revisions each, their evidence, scores, leakages."""
    at, id_ = AT, ID
    n = {name: int(scale * size) for name, size in (("a", ALERTS), ("s", SCORES), ("l", LEAKAGES))}
    for revision, state, severity in ((1, "open", "warning"), (2, "escalated", "critical"), (3, "closed", "critical")):
        store.run(
            "INSERT INTO alert (tenant, run, alert_id, revision, state, detector, detector_version, severity, subject_kind, "
            "subject, account_id, episode_start, event_time, features, condition, claim_since, claim_until, claim_count, "
            f"amount_micros, currency, document, stored_at) SELECT 'main', 'live', {id_}, {revision}, '{state}', "
            f"concat('detector_', toString(number % 33)), 1, if(number % 3 = 0, 'warning', '{severity}'), 'calling_number', "
            "toString(990700000000 + number % 200000), concat('A', toString(number % 100000)), "
            f"{at}, {at} + INTERVAL {revision} MINUTE, map('calls', number % 100, 'talk_s', number % 5000), 'calls >= 10', "
            f"{at}, {at} + INTERVAL 20 MINUTE, number % 100, if(number % 4 = 0, NULL, number % 900000000), "
            f"if(number % 4 = 0, NULL, if(number % 5 = 0, 'USD', 'EUR')), '{{}}', {at} + INTERVAL 1 HOUR FROM numbers({n['a']})"
        )
    store.run(
        "INSERT INTO evidence (tenant, run, finding_id, revision, side, ordinal, stream, event_id, event_time, row) SELECT "
        f"'main', 'live', {id_}, 1, '', 0, 'usage', concat('e', toString(number)), {at}, '{{}}' FROM numbers({n['a']})"
    )
    store.run(
        "INSERT INTO score (tenant, run, model, model_version, stream, event_id, event_time, subject_kind, subject, features, "
        f"score) SELECT 'main', 'live', 'payment_risk', 1, 'payments', concat('p', toString(number)), {at}, 'card', 'x', "
        "mapFromArrays(arrayMap(i -> concat('feature_', toString(i)), range(20)), "
        f"arrayMap(i -> toFloat64(number * i % 97), range(20))), (number % 1000) / 1000 FROM numbers({n['s']})"
    )
    store.run(
        "INSERT INTO leakage (tenant, run, leakage_id, revision, state, control, control_version, break_kind, subject_kind, "
        "subject, account_id, period_start, period_end, records, amount_micros, currency, occurred_at, event_time, age_s, document) "
        f"SELECT 'main', 'live', {id_}, 1 + number % 2, if(number % 50 = 1, 'withdrawn', 'final'), "
        "concat('control_', toString(number % 35)), 1, 'missing', 'account_id', 'x', concat('A', toString(number % 100000)), "
        f"{at}, {at} + INTERVAL 1 DAY, 1, toInt64(number % 90000000) - 20000000, if(number % 9 = 0, 'USD', 'EUR'), {at}, {at}, "
        f"number % 3000000, '{{}}' FROM numbers({n['l']})"
    )


def _events(store: ChdbStore, scale: float) -> None:
    """Raw events, the health of feeds, marks, verdicts on nine alerts of ten, a rate."""
    at, id_ = AT, ID
    store.run(
        "INSERT INTO raw_usage (event_id, event_time, source, tenant, service, _partition, _offset) SELECT "
        f"concat('u', toString(number)), toUnixTimestamp64Milli({at}), 'gateway', 'main', 'voice', 'usage-0', number "
        f"FROM numbers({int(scale * EVENTS)})"
    )
    store.run(
        "INSERT INTO feed_health (tenant, run, stream, source, minute, events, late, quarantined, duplicates, watermark, lag_ms) "
        f"SELECT 'main', 'live', {STREAMS}[1 + number % 6], concat('source_', toString(number % 12)), toStartOfMinute({at}), 40, 0, "
        f"0, 0, {at}, 900 FROM numbers({int(scale * 500_000)})"
    )
    store.run(
        "INSERT INTO frame_mark (tenant, run, key_space, frame_partition, sequence, partition, begin, end, watermark) SELECT "
        "'main', 'live', concat('space_', toString(number % 16)), number % 4, number, concat('usage-', toString(number % 8)), "
        f"number, number + 1, toUnixTimestamp64Milli({at}) FROM numbers({int(scale * 2_000_000)})"
    )
    store.run(
        "INSERT INTO event_mark (stream, _partition, _offset, mark) SELECT 'usage', 'usage-0', number * 20, 'duplicate' "
        f"FROM numbers({int(scale * 1_000_000)})"
    )
    store.run(
        "INSERT INTO raw_verdicts (event_id, event_time, source, tenant, verdict, refers_to, _partition, _offset) SELECT "
        f"toString(number), toUnixTimestamp64Milli({at}), 'console', 'main', if(number % 3 = 0, 'false_alarm', 'fraud'), "
        f"if(number % 2 = 0, {id_}, concat('e', toString(number))), 'verdicts-0', number FROM numbers({int(scale * 900_000)})"
    )
    store.run(
        "INSERT INTO raw_reference (event_id, event_time, source, tenant, entity, id, rate_micros, _partition, _offset) VALUES "
        "('r', 0, 'crm', 'main', 'exchange_rate', 'USD', 920000, 'reference-0', 0)"
    )


def settle(store: ChdbStore) -> None:
    """Wait until the parts of what was just filled in are merged, as those of a month are."""
    until = time.monotonic() + MOST_MERGING_S
    while time.monotonic() < until and store.query("SELECT count() AS n FROM system.merges")["n"][0]:
        time.sleep(1)


def measure(store: ChdbStore) -> dict[str, float]:
    """Seconds of every panel, over the time that its board shows at first: the better of two."""
    end, taken = datetime.now(UTC), {}
    for name, board in every_board().items():
        values = chosen(board, store, **({"subject": "A77"} if name == "timeline" else {}))
        span = end - timedelta(days=board.days), end
        for panel in filter(asks_clickhouse, board.panels()):
            sql = expanded(panel.sql, values, every_s=3600, span=span)
            times = []
            for _ in range(2):
                began = time.perf_counter()
                store.query(sql)
                times.append(time.perf_counter() - began)
            taken[f"{name}, {panel.title}"] = min(times)
    return taken


def main() -> int:
    """Fill, measure, report; 1 where a panel takes longer than a second."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--scale", type=float, nargs="*", default=[0.1, 1.0])
    asked.add_argument("--slowest", type=int, default=12)
    given = asked.parse_args()
    results = []
    for scale in given.scale:
        with tempfile.TemporaryDirectory() as folder:
            store = ChdbStore(Path(folder) / "data")
            store.apply_tables()
            fill(store, scale)
            settle(store)
            results.append(measure(store))
            store.close()
    last = results[-1]
    words = f"{'panel':60} " + " ".join(f"{scale:>7g}x" for scale in given.scale)
    sys.stdout.write(f"{words}\n")
    for title in sorted(last, key=lambda each: -last[each])[: given.slowest]:
        sys.stdout.write(f"{title:60} " + " ".join(f"{result[title]:7.2f}s" for result in results) + "\n")
    slow = [title for title, seconds in last.items() if seconds > MOST_S]
    sys.stdout.write(f"{len(last)} panels; {len(slow)} over {MOST_S:g} s\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
