"""Alert rules as code: `python -m dashboards.grafana.alerting` writes what Grafana provisions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dashboards.grafana.boards.panel import ClickHouse, Prometheus

FILE = Path(__file__).parent / "provisioning" / "alerting" / "tollwatch.yaml"
SOURCES = {ClickHouse: "tollwatch", Prometheus: "prometheus"}
LIVE = "run = 'live'"


@dataclass(frozen=True)
class AlertRule:
    """One rule: its query gives a number for each row, with texts that say of what; above `above` it fires.

    `minutes` is for how long it must be so. `todo` says what to do first.
    """

    uid: str
    title: str
    query: str
    above: float
    minutes: int
    todo: str
    board: str
    severity: str = "warning"
    source: str = ClickHouse


SILENT = f"""SELECT stream, source, dateDiff('second', max(minute), now())
  / greatest(900, 2 * arrayMax(arrayDifference(arraySort(groupArray(toUnixTimestamp(minute)))))) AS silent
FROM feed_health FINAL WHERE {LIVE} AND events > 0 AND minute > now() - INTERVAL 7 DAY GROUP BY stream, source"""
LATE = f"""SELECT stream, source, max(lag_ms) / 1000 AS lag_s FROM feed_health FINAL
WHERE {LIVE} AND stored_at > now() - INTERVAL 15 MINUTE AND lag_ms IS NOT NULL GROUP BY stream, source"""
REFUSED = f"""SELECT stream, countIf(stored_at > now() - INTERVAL 15 MINUTE) / greatest(20, 3 * count() / 96) AS jump
FROM quarantine FINAL WHERE {LIVE} AND replayed = 0 AND stored_at > now() - INTERVAL 1 DAY GROUP BY stream"""
UNSEEN = f"""SELECT count() AS alerts FROM alert_unjudged WHERE {LIVE} AND severity = 'critical'
AND stored_at BETWEEN now() - INTERVAL 1 DAY AND now() - INTERVAL 15 MINUTE"""
UNRUN = f"""SELECT control, dateDiff('day', max(stored_at), now()) AS days FROM control_run FINAL WHERE {LIVE} GROUP BY control"""
LAG = "sum(tollwatch_lag) > 100000 and deriv(sum(tollwatch_lag)[10m:1m]) > 0"
RULES = (
    AlertRule(
        "tollwatch-feed-silent",
        "A feed is silent",
        SILENT,
        1,
        5,
        "It has sent nothing for twice its longest pause of the week, a quarter of an hour at least: ask who sends it.",
        "tollwatch-feeds",
        "critical",
    ),
    AlertRule(
        "tollwatch-feed-late",
        "A feed is late",
        LATE,
        900,
        5,
        "Its events come more than fifteen minutes after they happened: detection is as late. Look at its sender.",
        "tollwatch-feeds",
    ),
    AlertRule(
        "tollwatch-quarantine",
        "More records than usual cannot be read",
        REFUSED,
        1,
        5,
        "`tollwatch quarantine list` says why; mend the feed or its mapping, then `tollwatch quarantine replay`.",
        "tollwatch-feeds",
    ),
    AlertRule(
        "tollwatch-critical-unseen",
        "A critical alert has no verdict after fifteen minutes",
        UNSEEN,
        0,
        1,
        "Open the queue; what it costs grows by the minute.",
        "tollwatch-fraud",
        "critical",
    ),
    AlertRule(
        "tollwatch-control-silent",
        "A control has not run for two days",
        UNRUN,
        2,
        60,
        "Controls run every minute, the slowest once a day: see whether the first worker runs them, and events come.",
        "tollwatch-leakage",
    ),
    AlertRule(
        "tollwatch-lag",
        "The line falls behind",
        LAG,
        0,
        10,
        "Messages come faster than they are framed: add a worker, or look at which stage takes the time.",
        "tollwatch-pipeline",
        "critical",
        Prometheus,
    ),
    AlertRule(
        "tollwatch-store-down",
        "The store does not take findings",
        "max(1 - tollwatch_store_up)",
        0,
        2,
        "Findings wait on Kafka and nothing is lost, but nobody sees them: is ClickHouse up, is its disk full?",
        "tollwatch-pipeline",
        "critical",
        Prometheus,
    ),
)


def as_yaml() -> str:
    """The file that Grafana provisions."""
    group = {"orgId": 1, "name": "Tollwatch", "folder": "Tollwatch", "interval": "1m"}
    document = {"apiVersion": 1, "groups": [group | {"rules": [_rule(rule) for rule in RULES]}]}
    head = "# Written by `make docs` from dashboards/grafana/alerting.py.\n"
    return head + yaml.safe_dump(document, sort_keys=False, width=10_000)


def _rule(rule: AlertRule) -> dict[str, Any]:
    own: dict[str, Any] = {"refId": "A", "editorType": "sql", "format": 1, "queryType": "table", "rawSql": rule.query}
    if rule.source == Prometheus:
        own = {"refId": "A", "expr": rule.query, "instant": True}
    evaluator = {"evaluator": {"type": "gt", "params": [rule.above]}}
    threshold = {"refId": "B", "type": "threshold", "expression": "A", "conditions": [evaluator]}
    span = {"from": 600, "to": 0}
    asked = {"refId": "A", "relativeTimeRange": span, "datasourceUid": SOURCES[rule.source], "model": own}
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "B",
        "for": f"{rule.minutes}m",
        "data": [asked, {"refId": "B", "relativeTimeRange": span, "datasourceUid": "__expr__", "model": threshold}],
        "noDataState": "OK",
        "execErrState": "Error",
        "annotations": {"summary": rule.title, "description": rule.todo, "__dashboardUid__": rule.board},
        "labels": {"severity": rule.severity, "product": "tollwatch"},
    }


def main() -> None:
    """Write it."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(as_yaml(), "utf-8")


if __name__ == "__main__":
    main()
