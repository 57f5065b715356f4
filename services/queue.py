"""The queue: every alert that is stored, held in memory in the order in which it is worth looking at.

A million alerts are read once, in seconds; what is stored later is read by the time of storing. What people do (assign,
snooze, judge) stands in the relational database, and is laid over the alerts whenever it has changed.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from services.cases import with_cases
from services.ranking import ENOUGH, LONGEST_MIN, Experience, ranked
from services.stores import reading
from services.triage import Work, minutes_worked, works
from store.alerts import SCHEMA, alerts_since, judged, rates
from tollwatch.config import Settings

OVERLAP_MS = 5_000
"""So much is read again: what is stored at once does not become visible at once."""
PAGE = 50
SLA_MS = {"critical": 3_600_000, "warning": 8 * 3_600_000}
"""How long after it was stored an alert should have a verdict, unless the settings say otherwise."""
RANKED_AGAIN_S = 60
"""What verdicts teach (how often a detector is right, how long one takes) changes the order this often at most."""
WORK_SCHEMA: dict[str, Any] = {
    "version": pl.Int64,
    "assigned_to": pl.String,
    "opened_at": pl.Int64,
    "judged_at": pl.Int64,
    "verdict": pl.String,
    "snoozed_until": pl.Int64,
    "note": pl.String,
    "changed_by": pl.String,
}
VIEWS = ("todo", "mine", "snoozed", "judged", "all")


class Filters(NamedTuple):
    """What of the queue is asked for; `view` is one of `VIEWS`."""

    view: str = "todo"
    detector: str = ""
    severity: str = ""
    state: str = ""
    assigned: str = ""
    find: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Filters":
        """Those of a query string; a view that is not known is the work to do."""
        known = {name: given[name].strip()[:64] for name in cls._fields if given.get(name)}
        return cls(**known) if known.get("view", "todo") in VIEWS else cls(**known | {"view": "todo"})

    def as_dict(self) -> dict[str, str]:
        """Those that differ from the defaults."""
        return {name: value for name, value in self._asdict().items() if value and (name, value) != ("view", "todo")}


class Page(NamedTuple):
    """A part of the queue: its rows, how many there are, how many are in each view and of each detector."""

    rows: list[dict[str, Any]]
    total: int
    views: dict[str, int]
    detectors: dict[str, int]
    number: int


class Queue:
    """The alerts of one run, of all tenants; a page is of one. `refresh` reads what is new."""

    def __init__(self, data: Path | None, home: Path, settings: Settings) -> None:
        self.data, self.home, self.settings = data, home, settings
        self.version = 0
        self._lock = threading.Lock()
        self._alerts = pl.DataFrame(schema=SCHEMA)
        self._works: dict[tuple[str, str], Work] = {}
        self._since_ms, self._works_since_ms = 0, 0
        self._rates: dict[tuple[str, str], int] = {}
        self._judged: dict[tuple[str, str], str] = {}
        self._experience: dict[tuple[str, str, str], Experience] = {}
        self._tables: dict[str, pl.DataFrame] = {}
        self._arranged_at = 0.0

    def refresh(self) -> bool:
        """Read what was stored and done since the last time; says whether anything was."""
        with self._lock:
            is_new = self._read_alerts()
            done = self._read_works()
            if is_new or self.version == 0 or (done and time.monotonic() > self._arranged_at + RANKED_AGAIN_S):
                self._arrange()
            elif done:
                self._patch(done)
            return is_new or bool(done)

    def _read_alerts(self) -> bool:
        with reading(self.data, self.settings) as store:
            new = alerts_since(store, self.settings.run, max(self._since_ms - OVERLAP_MS, 0))
            new = new.join(self._alerts.select("alert_id", "revision", "tenant"), how="anti", on=SAME)
            if new.is_empty() and self.version:
                return False
            self._rates, self._judged = rates(store), judged(store)
        if not new.is_empty():
            self._since_ms = max(self._since_ms, int(new["stored_at"].max()))  # type: ignore[arg-type]
        kept = self._alerts.select(*SCHEMA).join(new, on=["tenant", "alert_id"], how="anti")
        self._alerts = with_cases(self._in_own_currency(pl.concat([kept, new])))
        return True

    def _in_own_currency(self, alerts: pl.DataFrame) -> pl.DataFrame:
        rated = pl.DataFrame(
            [(tenant, currency, rate / 1_000_000) for (tenant, currency), rate in self._rates.items()],
            schema={"tenant": pl.String, "currency": pl.String, "_rate": pl.Float64},
            orient="row",
        )
        found = alerts.join(rated, on=["tenant", "currency"], how="left", maintain_order="left")
        own = (pl.col("amount_micros") * pl.col("_rate").fill_null(1.0)).round().cast(pl.Int64)
        return found.with_columns(own_micros=own).drop("_rate")

    def _read_works(self) -> dict[tuple[str, str], Work]:
        """What was done to alerts since the last time."""
        since = time.time_ns() // 1_000_000 - OVERLAP_MS
        new = works(self.home, self.settings, changed_since_ms=self._works_since_ms)
        self._works_since_ms = since
        changed = {place: work for place, work in new.items() if self._works.get(place) != work}
        self._works |= changed
        return changed

    def _patch(self, done: Mapping[tuple[str, str], Work]) -> None:
        """Lay what was done over the alerts that it was done to; what it teaches comes with the next arrangement."""
        for tenant, table in list(self._tables.items()):
            mine = {_place(table, alert_id): work for (owner, alert_id), work in done.items() if owner == tenant}
            rows = [(place, *work) for place, work in mine.items() if place is not None]
            if not rows:
                continue
            new = pl.DataFrame(rows, schema={"_place": pl.UInt32, **WORK_SCHEMA}, orient="row")
            joined = table.with_row_index("_place").join(
                new.with_columns(_done=pl.lit(value=True)),
                on="_place",
                how="left",
                maintain_order="left",
                suffix="_new",
            )
            laid = (
                pl.coalesce(f"{name}_new", name).alias(name)  # one that came through the line stays
                if name == "verdict"
                else pl.when("_done").then(f"{name}_new").otherwise(name).alias(name)
                for name in WORK_SCHEMA
            )
            self._tables[tenant] = joined.with_columns(*laid).select(table.columns)
        self.version += 1

    def _arrange(self) -> None:
        """Lay the work over the alerts, and put each tenant's in order."""
        rows = [(*place, *work) for place, work in self._works.items()]
        done = pl.DataFrame(rows, schema={"tenant": pl.String, "alert_id": pl.String, **WORK_SCHEMA}, orient="row")
        told = pl.DataFrame(
            [(*place, verdict) for place, verdict in self._judged.items()],
            schema={"tenant": pl.String, "alert_id": pl.String, "_told": pl.String},
            orient="row",
        )
        keys = ["tenant", "alert_id"]
        laid = self._alerts.join(done, on=keys, how="left", maintain_order="left")
        laid = laid.join(told, on=keys, how="left", maintain_order="left")
        laid = laid.with_columns(pl.coalesce("verdict", "_told").alias("verdict")).drop("_told")
        self._tables = {str(tenant): self._ranked(own) for (tenant,), own in laid.group_by("tenant")}
        self._arranged_at = time.monotonic()
        self.version += 1

    def _ranked(self, alerts: pl.DataFrame) -> pl.DataFrame:
        return _hashed(ranked(alerts, experience(alerts, minutes_worked(self._works))))

    def page(self, tenant: str, wanted: Filters, who: str, number: int = 1) -> Page:
        """One page of a tenant's alerts, best first."""
        table = self.table(tenant)
        now = time.time_ns() // 1_000_000
        places = _places(table, _conditions(wanted, who, now))
        other = _places(table, _conditions(wanted._replace(detector=""), who, now)) if wanted.detector else places
        views, detectors = self._counted(table, who, now), table["detector"].gather(other).value_counts(sort=True)
        rows = table[places.slice((number - 1) * PAGE, PAGE).to_list()].to_dicts()
        for row in rows:
            row["due_in_ms"] = row["stored_at"] + SLA_MS[row["severity"]] - now
        return Page(rows, len(places), views, dict(detectors.iter_rows()), number)

    @staticmethod
    def _counted(table: pl.DataFrame, who: str, now: int) -> dict[str, int]:
        """How many alerts each view has."""
        views = {}
        for view in VIEWS:
            conditions = _conditions(Filters(view), who, now)
            views[view] = int(table.select(pl.all_horizontal(conditions).sum()).item()) if conditions else len(table)
        return views

    def row(self, tenant: str, alert_id: str) -> dict[str, Any] | None:
        """One alert as the queue has it."""
        table = self.table(tenant)
        place = _place(table, alert_id)
        return table.row(place, named=True) if place is not None else None

    def case(self, tenant: str, alert_id: str) -> pl.DataFrame:
        """The alerts of the case that an alert belongs to, first to last; none where it is not there."""
        table = self.table(tenant)
        place = _place(table, alert_id)
        if place is None:
            return table.clear()
        same = (table["case_hash"] == table["case_hash"][place]).arg_true()
        found: pl.DataFrame = table[same.to_list()]
        return found.sort("episode_start", "alert_id")

    def next_of(self, tenant: str, who: str, after: str) -> str | None:
        """The id of the alert that is worth looking at next, other than one."""
        table = self.table(tenant)
        now = time.time_ns() // 1_000_000
        places = _places(table, [*_conditions(Filters(), who, now), pl.col("alert_id") != after])
        return str(table["alert_id"][places[0]]) if len(places) else None

    def table(self, tenant: str) -> pl.DataFrame:
        """Every alert of a tenant, ranked."""
        found = self._tables.get(tenant)
        return found if found is not None else ranked_empty()


def _places(table: pl.DataFrame, conditions: list[pl.Expr]) -> pl.Series:
    """Where the rows are that satisfy all conditions, in order; the rows themselves are not copied."""
    if not conditions:
        return pl.arange(len(table), eager=True)
    return table.select(pl.all_horizontal(conditions).arg_true().alias("place"))["place"]


def _place(table: pl.DataFrame, alert_id: str) -> int | None:
    """Where an alert is: looked for by a hash, which is quicker than text, and then by its id."""
    wanted = pl.Series([alert_id]).hash()[0]
    for place in (table["id_hash"] == wanted).arg_true():
        if table["alert_id"][int(place)] == alert_id:
            return int(place)
    return None


SAME = ["tenant", "alert_id", "revision"]


def ranked_empty() -> pl.DataFrame:
    """No alert, with every column."""
    own = pl.DataFrame(schema={**SCHEMA, "own_micros": pl.Int64, "case_id": pl.String, "version": pl.Int64})
    texts = {name: pl.lit(None, pl.String) for name in ("assigned_to", "verdict", "note", "changed_by")}
    times = {name: pl.lit(None, pl.Int64) for name in ("opened_at", "judged_at", "snoozed_until")}
    return _hashed(ranked(own.with_columns(**texts, **times), {}))


def _hashed(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(id_hash=pl.col("alert_id").hash(), case_hash=pl.col("case_id").hash())


def _conditions(wanted: Filters, who: str, now: int) -> list[pl.Expr]:
    asleep = pl.col("snoozed_until").fill_null(0) > now
    judged_already = pl.col("verdict").is_not_null()
    todo = [~asleep, ~judged_already, pl.col("state") != "suppressed"]
    of_view: dict[str, list[pl.Expr]] = {
        "todo": todo,
        "mine": [*todo, pl.col("assigned_to") == who],
        "snoozed": [asleep, ~judged_already],
        "judged": [judged_already],
        "all": [],
    }
    made = of_view[wanted.view]
    for name in ("detector", "severity", "state"):
        if value := getattr(wanted, name):
            made.append(pl.col(name) == value)
    if wanted.assigned:
        nobody = wanted.assigned == "nobody"
        made.append(pl.col("assigned_to").is_null() if nobody else pl.col("assigned_to") == wanted.assigned)
    if wanted.find:
        columns = [pl.col(name).fill_null("") == wanted.find for name in ("subject", "account_id", "subscriber_id")]
        made.append(pl.any_horizontal(*columns, pl.col("alert_id").str.starts_with(wanted.find)))
    return made


def experience(alerts: pl.DataFrame, minutes: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], Experience]:
    """(detector, severity) → what the verdicts among the alerts say, and how long one took."""
    judged_ones = alerts.filter(pl.col("verdict").is_in(["fraud", "false_alarm"]))
    took: dict[str, list[float]] = {}
    for tenant, alert_id, detector in judged_ones.select("tenant", "alert_id", "detector").iter_rows():
        if (minute := minutes.get((tenant, alert_id))) is not None:
            took.setdefault(detector, []).append(min(max(minute, 0.1), LONGEST_MIN))
    median = {name: float(pl.Series(each).median() or 0) for name, each in took.items() if len(each) >= ENOUGH}  # type: ignore[arg-type]
    grouped = judged_ones.group_by("detector", "severity").agg(
        frauds=(pl.col("verdict") == "fraud").sum(), verdicts=pl.len()
    )
    found = {
        (detector, severity): Experience(frauds, verdicts, median.get(detector))
        for detector, severity, frauds, verdicts in grouped.iter_rows()
    }
    for detector, value in median.items():
        for severity in ("warning", "critical"):
            found.setdefault((detector, severity), Experience(minutes=value))
    return found
