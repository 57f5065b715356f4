"""The detectors in force: what each looks for, its thresholds, what it found and what verdicts say of that."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from detectors import every_detector, every_model
from detectors.fraud_types import fraud_type
from detectors.rule import Rule

MICROS = 1_000_000


class DetectorRow(NamedTuple):
    """One detector: its hits, verdicts, precision (None without any), money at risk, and when it last alerted."""

    name: str
    title: str
    looks_for: str
    by: str
    thresholds: dict[str, Any]
    warning: str
    critical: str
    runbook: str
    alerts: int
    frauds: int
    false_alarms: int
    precision: float | None
    at_risk_micros: int
    last_ms: int | None


def detector_report(rules: Sequence[Rule], alerts: pl.DataFrame) -> list[DetectorRow]:
    """Every rule in force and every model, with what the alerts of a tenant say of it; the most alerts first."""
    counted = alerts.group_by("detector").agg(
        alerts=pl.len(),
        frauds=(pl.col("verdict") == "fraud").sum(),
        false_alarms=(pl.col("verdict") == "false_alarm").sum(),
        at_risk=pl.col("own_micros").sum(),
        last=pl.col("event_time").max(),
    )
    found = {row["detector"]: row for row in counted.iter_rows(named=True)}
    kinds: dict[str, Any] = {kind.name(): kind for kind in (*every_detector(), *every_model())}
    names = dict.fromkeys([*(rule.name for rule in rules), *(kind.name() for kind in every_model()), *found])
    rows = [
        _row(name, next((r for r in rules if r.name == name), None), kinds.get(name), found.get(name)) for name in names
    ]
    return sorted(rows, key=lambda row: (-row.alerts, row.name))


def _row(name: str, rule: Rule | None, kind: Any, found: dict[str, Any] | None) -> DetectorRow:
    counts = found or {"alerts": 0, "frauds": 0, "false_alarms": 0, "at_risk": 0, "last": None}
    verdicts = counts["frauds"] + counts["false_alarms"]
    first = " ".join((kind.__doc__ or "").partition("\n\n")[0].split()) if kind is not None else "an analyst's rule"
    return DetectorRow(
        name=name,
        title=fraud_type(kind.fraud_type).title if kind is not None else name,
        looks_for=first.replace("`", ""),
        by=(rule.by if rule is not None else "") or "",
        thresholds=dict(rule.thresholds) if rule is not None else {},
        warning=(rule.warning if rule is not None else "") or "",
        critical=(rule.critical if rule is not None else "") or "",
        runbook=" ".join(kind.runbook.split()) if kind is not None else "",
        alerts=counts["alerts"],
        frauds=counts["frauds"],
        false_alarms=counts["false_alarms"],
        precision=counts["frauds"] / verdicts if verdicts else None,
        at_risk_micros=counts["at_risk"] or 0,
        last_ms=counts["last"],
    )
