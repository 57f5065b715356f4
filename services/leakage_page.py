"""Leakages as people work on them: which stand, sums by what they choose, and one of them whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from detectors.assurance import every_control
from services.leakage_report import AGES, OLDER, age_of
from services.ledger.booking import Entry
from services.ledger.books import Books
from services.ledger.decide import in_its_currency, open_micros
from services.ledger.said import Said
from services.stores import reading
from services.triage import Work, work_of
from store.alerts import EvidenceRow, evidence_of
from tollwatch.config import Settings
from tollwatch.findings import LedgerPosition

PAGE = 50
GROUPS = {"control": "name", "period": "month", "account": "account_id", "age": "age"}
STATES = ("open", "detected", "confirmed", "recovering", "recovered", "prevented", "written_off", "none", "all")
OPEN_STATES = ("detected", "confirmed", "recovering")
SUMS = ("net", "detected", "confirmed", "recovering", "recovered", "prevented", "written_off")
MOST_GROUPS = 50
REVISIONS = """
SELECT document FROM leakage FINAL WHERE tenant = {tenant:String} AND run = {run:String} AND leakage_id = {id:String}
ORDER BY revision
"""


class Filters(NamedTuple):
    """What is asked for: the group of sums; the state, side, control, month, account, age, owner of findings; words."""

    by: str = "control"
    state: str = "open"
    side: str = ""
    name: str = ""
    month: str = ""
    account_id: str = ""
    age: str = ""
    owner: str = ""
    find: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Filters":
        """Those of a query string; a group or state that is not known is the usual one."""
        known = {n: str(given[n]).strip()[:64] for n in cls._fields if isinstance(given.get(n), str) and given[n]}
        usual = cls()
        if known.get("by") not in GROUPS:
            known["by"] = usual.by
        if known.get("state") not in STATES:
            known["state"] = usual.state
        return cls(**known)

    def as_dict(self) -> dict[str, str]:
        """Those that differ from the usual ones."""
        usual = type(self)()
        return {name: value for name, value in self._asdict().items() if value != getattr(usual, name)}


class LeakagePage(NamedTuple):
    """Sums by group and side, the findings of one page, and how many there are."""

    groups: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    total: int
    net_micros: int
    names: list[str]
    months: list[str]
    ages: list[str]


def leakages_page(books: Books, wanted: Filters, number: int, *, now_ms: int) -> LeakagePage:
    """One page of a tenant's findings with money, the largest first."""
    table = books.frame.filter(pl.col("state").ne("none") | pl.col("claimed_micros").gt(0)).with_columns(
        month=pl.from_epoch("occurred_at", time_unit="ms").dt.strftime("%Y-%m"),
        age=age_of(now_ms - pl.col("occurred_at")),
    )
    found = table.filter(*_conditions(wanted))
    column = GROUPS[wanted.by]
    sums = [pl.col(f"{name}_micros").sum() for name in SUMS]
    groups = found.group_by(column, "side").agg(pl.len().alias("findings"), *sums)
    groups = groups.sort("net_micros", column, descending=[True, False]).head(MOST_GROUPS).rename({column: "group"})
    ordered = found.sort("net_micros", "finding_id", descending=True)
    return LeakagePage(
        groups=groups.to_dicts(),
        rows=ordered.slice((number - 1) * PAGE, PAGE).to_dicts(),
        total=len(found),
        net_micros=int(found["net_micros"].sum()),
        names=sorted(set(table["name"])),
        months=sorted(set(table["month"]), reverse=True),
        ages=[*(word for _, word in AGES), OLDER],
    )


def _conditions(wanted: Filters) -> list[pl.Expr]:
    made: list[pl.Expr] = []
    if wanted.state == "open":
        made.append(pl.col("state").is_in(OPEN_STATES))
    elif wanted.state != "all":
        made.append(pl.col("state") == wanted.state)
    columns = ("side", "name", "month", "account_id", "age")
    made += [pl.col(name) == getattr(wanted, name) for name in columns if getattr(wanted, name)]
    if wanted.owner:
        made.append(pl.col("owner").is_null() if wanted.owner == "nobody" else pl.col("owner") == wanted.owner)
    if wanted.find:
        same = [pl.col(name).fill_null("") == wanted.find for name in ("subject", "account_id")]
        made.append(pl.any_horizontal(*same, pl.col("finding_id").str.starts_with(wanted.find)))
    return made


class OneLeakage(NamedTuple):
    """One finding: what stands of it, its document (none for an alert), its proof by side, what was said and booked."""

    position: LedgerPosition
    document: dict[str, Any]
    revisions: list[dict[str, Any]]
    evidence: dict[str, list[EvidenceRow]]
    entries: list[Entry]
    said: list[Said]
    work: Work
    open_micros: int
    looks_for: str
    runbook: str


def one_leakage(finding_id: str, books: Books, data: Path | None, home: Path, settings: Settings) -> OneLeakage:
    """The finding of an id that belongs to the settings' tenant. Raises ConfigurationError where there is none."""
    position = books.position(finding_id)
    with reading(data, settings) as store:
        given = {"tenant": settings.tenant, "run": settings.run, "id": finding_id}
        documents = store.query(REVISIONS, given)
        revisions = [msgspec.json.decode(each) for each in documents["document"]] if len(documents) else []
        rows = evidence_of(store, settings.tenant, settings.run, finding_id)
    last = max((row.revision for row in rows), default=0)
    evidence: dict[str, list[EvidenceRow]] = {}
    for row in rows:
        if row.revision == last:
            evidence.setdefault(row.side, []).append(row)
    kind = next((kind for kind in every_control() if kind.name() == position.name), None)
    ledger = books.ledger
    return OneLeakage(
        position=position,
        document=revisions[-1] if revisions else {},
        revisions=revisions,
        evidence=evidence,
        entries=[each for each in ledger.entries if each.finding_id == finding_id],
        said=sorted(
            (each for each in ledger.said.values() if each.finding_id == finding_id), key=lambda each: each.at_ms
        ),
        work=work_of(finding_id, home, settings),
        open_micros=in_its_currency(position, open_micros(position)),
        looks_for=" ".join((kind.__doc__ or "").partition("\n\n")[0].split()) if kind is not None else "",
        runbook=kind.runbook if kind is not None else "",
    )
