"""Key figures of revenue assurance: five sums, share of revenue, days to detection and to fix, coverage, feeds."""

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec
import polars as pl

from replay.evaluate import evaluate
from replay.truth import Truth
from services.assembly import controls_in_force
from services.control_inputs import Inputs
from tollwatch.config import Settings
from tollwatch.findings import Leakage

DAY_MS = 86_400_000
ON_TIME_MS = DAY_MS
"""A control runs in time if its last run is at most a day behind what has been read."""
SUMS = ("found", "confirmed", "prevented", "recovered", "written_off")
REVENUE = """
SELECT currency, toInt64(sum(amount)) AS amount FROM (
    SELECT currency, amount_micros AS amount FROM BILLED
    WHERE kind != 'tax' AND ifNull(period_start, event_time) >= {since:Int64}
        AND ifNull(period_start, event_time) < {until:Int64}
    UNION ALL
    SELECT currency, ifNull(charge_micros, 0) AS amount FROM RATED
    WHERE charging = 'online' AND usage_time >= {since:Int64} AND usage_time < {until:Int64}
) GROUP BY currency ORDER BY currency
"""
RUNS = """
SELECT toString(control) AS control, max(toUnixTimestamp64Milli(event_time)) AS at FROM control_run FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND state = 'final' GROUP BY control
"""
FEEDS = """
SELECT toInt64(sum(events)) AS events, toInt64(sum(quarantined)) AS refused FROM feed_health FINAL
WHERE tenant = {tenant:String} AND run = {run:String}
    AND minute >= fromUnixTimestamp64Milli({since:Int64}) AND minute < fromUnixTimestamp64Milli({until:Int64})
"""


class Sums(NamedTuple):
    """What was found on one side, and where it stands, in millionths of the operator's own currency.

    `confirmed` is all that somebody has confirmed, whatever has become of it since; `prevented` has with it what bars
    and limits have kept from being lost.
    """

    found: int
    confirmed: int
    prevented: int
    recovered: int
    written_off: int
    open: int
    provisional: int
    findings: int


class Kpis(msgspec.Struct, frozen=True):
    """The key figures of a period; None: cannot be told, and `why_not` says why."""

    loss: Sums
    overcharge: Sums
    revenue_micros: int
    revenue_share: float | None
    days_to_detection: float | None
    days_to_fix: float | None
    coverage: float
    not_on_time: list[str]
    effectiveness: float | None
    completeness: float | None
    refused_records: int
    missing_files: int
    why_not: dict[str, str]


def sums_of(positions: pl.DataFrame, side: str) -> Sums:
    """The sums of the findings of one side."""
    mine = positions.filter(pl.col("side") == side)
    settled = pl.sum_horizontal("recovered_micros", "prevented_micros", "written_off_micros")
    opened = pl.sum_horizontal("detected_micros", "confirmed_micros", "recovering_micros")
    row = mine.select(
        found=pl.col("net_micros").sum(),
        confirmed=(settled + pl.sum_horizontal("confirmed_micros", "recovering_micros")).sum(),
        prevented=pl.sum_horizontal("prevented_micros", "averted_micros").sum(),
        recovered=pl.col("recovered_micros").sum(),
        written_off=pl.col("written_off_micros").sum(),
        open=opened.sum(),
        provisional=pl.col("net_micros").filter(~pl.col("is_final")).sum(),
        findings=(pl.col("net_micros") > 0).sum(),
    ).row(0)
    return Sums(*map(int, row))


def kpis_of(
    positions: pl.DataFrame,
    inputs: Inputs,
    settings: Settings,
    period: tuple[int, int],
    *,
    truth: Sequence[Truth] = (),
    leakages: Sequence[Leakage] = (),
) -> Kpis:
    """The key figures of what occurred in a period (ms, its end excluded). `truth`: what was planted on purpose."""
    why_not: dict[str, str] = {}
    loss, overcharge = (sums_of(positions, side) for side in ("loss", "overcharge"))
    revenue = revenue_of(inputs, period)
    if not revenue:
        why_not["revenue_share"] = "no billed line and no online charge of the period was read"
    days = positions.filter(pl.col("net_micros") > 0)
    detection = _days(days, "detected_at")
    fix = _days(days.filter(pl.col("settled_at").is_not_null()), "settled_at")
    if fix is None:
        why_not["days_to_fix"] = "nothing was recovered, prevented or written off whole yet"
    covered, late = coverage_of(inputs, settings)
    feeds = inputs.store.query(FEEDS, _given(inputs, period)).row(0)
    events, refused = (int(each or 0) for each in feeds)
    missing = int(positions.filter(pl.col("name") == "file_gap")["records"].sum())
    effectiveness = effectiveness_of(truth, leakages)
    if effectiveness is None:
        why_not["effectiveness"] = "no fault was planted; give the file that says which were"
    return Kpis(
        loss,
        overcharge,
        revenue,
        (loss.found / revenue) if revenue else None,
        detection,
        fix,
        covered,
        late,
        effectiveness,
        events / (events + refused) if events + refused else None,
        refused,
        missing,
        why_not,
    )


def _given(inputs: Inputs, period: tuple[int, int]) -> dict[str, Any]:
    return {"tenant": inputs.tenant, "run": inputs.run, "since": period[0], "until": period[1]}


def revenue_of(inputs: Inputs, period: tuple[int, int]) -> int:
    """What was billed for the period without taxes, and charged online in it; in the operator's own currency."""
    sql = REVENUE.replace("BILLED", inputs.relations["billed"]).replace("RATED", inputs.relations["rated"])
    rows = inputs.store.query(sql, {"since": period[0], "until": period[1]})
    return sum(inputs.own_money(amount, currency or "", period[1]) for currency, amount in rows.iter_rows())


def _days(positions: pl.DataFrame, until: str) -> float | None:
    """The median days from occurrence, of findings that have money."""
    found = (positions[until] - positions["occurred_at"]).to_list()
    return max(0.0, median(found) / DAY_MS) if found else None


def coverage_of(inputs: Inputs, settings: Settings) -> tuple[float, list[str]]:
    """The weight of the controls that ran in time, out of the weight of all; and those that did not."""
    given = {"tenant": inputs.tenant, "run": inputs.run}
    runs = dict(inputs.store.query(RUNS, given).iter_rows())
    controls = controls_in_force(settings)
    late = [each for each in controls if runs.get(each.name(), -1) < inputs.cut.as_of - ON_TIME_MS]
    every = sum(each.weight for each in controls)
    return (1 - sum(each.weight for each in late) / every if every else 0.0), [each.name() for each in late]


def effectiveness_of(truth: Sequence[Truth], leakages: Sequence[Leakage]) -> float | None:
    """The share of planted faults that their own controls found; None where none was planted."""
    planted = [each for each in truth if each.kind == "leakage"]
    if not planted:
        return None
    found = evaluate(planted, [], leakages, [], estimates={"file_gap", "mediation_loss"}).controls
    return sum(each.found for each in found) / sum(each.planted for each in found)
