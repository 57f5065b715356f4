"""The leakage report of a period: key figures, sums by control, day, account and age, findings with their proof."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from replay.truth import Truth, read_truth
from services.audit import note
from services.control_inputs import Inputs
from services.ledger.books import Books
from services.ledger.kpis import Kpis, kpis_of
from services.stores import DATA, open_store
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import Leakage
from tollwatch.personal import without_identifiers
from tollwatch.ports import Store

DAY_MS = 86_400_000
AGES = ((1, "under a day"), (7, "a day to a week"), (31, "a week to a month"), (92, "a month to a quarter"))
OLDER = "older"
MONEY = (
    *("claimed", "net", "detected", "confirmed", "recovering", "recovered", "prevented", "averted"),
    *("written_off", "excess"),
)
OF_PEOPLE = ("subject", "account_id", "cause", "correction")
"""Columns of findings that say whom they are about."""
WORDS = """
SELECT toString(leakage_id) AS finding_id, ifNull(cause, '') AS cause, ifNull(correction, '') AS correction
FROM leakage_last FINAL WHERE tenant = {tenant:String} AND run = {run:String}
    AND occurred_at >= fromUnixTimestamp64Milli({since:Int64}) AND occurred_at < fromUnixTimestamp64Milli({until:Int64})
"""
PROOF = """
SELECT toString(finding_id) AS finding_id, toString(side) AS side, toString(stream) AS stream, row FROM (
    SELECT finding_id, revision, ordinal, side, stream, row,
        max(revision) OVER (PARTITION BY finding_id) AS last
    FROM evidence FINAL WHERE tenant = {tenant:String} AND run = {run:String}
) WHERE revision = last ORDER BY finding_id, ordinal
"""


class Period(NamedTuple):
    """A month, a day or a year of UTC: its name, its first instant and its end (ms)."""

    name: str
    since_ms: int
    until_ms: int


class Report(NamedTuple):
    """Everything that a report says. `findings` has a row for each finding with money, the largest first.

    `proof` has for each finding its rows, as (side, stream, columns). Money is in the operator's own currency, but for
    `amount_micros` of the findings.
    """

    period: Period
    tenant: str
    made_at: int
    read_until: int
    kpis: Kpis
    findings: pl.DataFrame
    proof: dict[str, list[tuple[str, str, dict[str, Any]]]]
    shows_identifiers: bool

    def by(self, *columns: str) -> pl.DataFrame:
        """Sums of the findings by columns, losses and overcharges apart, the largest first."""
        sums = [pl.col(f"{name}_micros").sum() for name in MONEY]
        grouped = self.findings.group_by(*columns, "side").agg(pl.len().alias("findings"), *sums)
        return grouped.sort("net_micros", *columns, descending=[True, *(False for _ in columns)])


def period_of(text: str) -> Period:
    """A period as people write it: 2026, 2026-10 or 2026-10-31. Raises ConfigurationError where it is none.

    >>> period_of("2026-02").until_ms - period_of("2026-02").since_ms == 28 * DAY_MS
    True
    """
    for form, years, months, days in (("%Y", 1, 0, 0), ("%Y-%m", 0, 1, 0), ("%Y-%m-%d", 0, 0, 1)):
        try:
            begin = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        month = begin.month + months
        until = begin.replace(year=begin.year + years + (month > 12), month=(month - 1) % 12 + 1)
        since_ms = int(begin.timestamp() * 1_000)
        return Period(text, since_ms, int(until.timestamp() * 1_000) + days * DAY_MS)
    raise ConfigurationError(f"--period {text}: is no period; write a month (2026-10), a day or a year")


def leakage_report(
    period: Period,
    data: Path | None,
    settings: Settings,
    *,
    identifiers: bool = False,
    truth: Path | None = None,
    books: Books | None = None,
    by: str | None = None,
) -> Report:
    """The report of what occurred in a period, as it stands now. Who it is about is masked, unless asked for: audited.

    `truth`: a file that says what was planted to try the controls, as the simulator writes it. `books` that are held
    need not be made.
    """
    home = data or DATA
    if identifiers:
        note(home, "show", "ledger", f"report {period.name}", {}, settings=settings, by=by)
    store = open_store(data, settings)
    try:
        store.apply_tables()
        frame = (books or Books(data, home, settings)).settled_frame(store)
        return _made(period, store, frame, settings, identifiers=identifiers, truth=read_truth(truth) if truth else [])
    finally:
        store.close()


def _made(
    period: Period, store: Store, frame: pl.DataFrame, settings: Settings, *, identifiers: bool, truth: Sequence[Truth]
) -> Report:
    occurred = pl.col("occurred_at").is_between(period.since_ms, period.until_ms, closed="left")
    mine = frame.filter(occurred)
    inputs = Inputs(store, settings, settings.tenant)
    span = period.since_ms, period.until_ms
    leakages = _leakages(store, settings) if truth else []
    kpis = kpis_of(mine, inputs, settings, span, truth=truth, leakages=leakages)
    given = {"tenant": settings.tenant, "run": settings.run}
    words = store.query(WORDS, given | {"since": span[0], "until": span[1]})
    if words.is_empty():
        words = pl.DataFrame(schema=dict.fromkeys(("finding_id", "cause", "correction"), pl.String))
    money = pl.sum_horizontal(*(f"{name}_micros" for name in MONEY)) > 0
    findings = (
        mine.filter(money).join(words, on="finding_id", how="left").sort("net_micros", "finding_id", descending=True)
    )
    findings = findings.with_columns(
        pl.col("cause", "correction").fill_null(""),
        age=age_of(inputs.cut.as_of - pl.col("occurred_at")),
        day=pl.from_epoch("occurred_at", time_unit="ms").dt.strftime("%Y-%m-%d"),
    )
    proof = _proof(store, given, set(findings["finding_id"]), identifiers=identifiers)
    if not identifiers and len(findings):
        shown = [without_identifiers(row) for row in findings.select(*OF_PEOPLE).iter_rows(named=True)]
        findings = findings.with_columns(pl.DataFrame(shown, schema=dict.fromkeys(OF_PEOPLE, pl.String)))
    made_at = int(datetime.now(UTC).timestamp() * 1_000)
    return Report(period, settings.tenant, made_at, inputs.cut.as_of, kpis, findings, proof, identifiers)


def age_of(age_ms: pl.Expr) -> pl.Expr:
    """How old a loss is, in words."""
    made: pl.Expr = pl.lit(OLDER)
    for days, word in reversed(AGES):
        made = pl.when(age_ms < days * DAY_MS).then(pl.lit(word)).otherwise(made)
    return made


def _leakages(store: Store, settings: Settings) -> list[Leakage]:
    sql = "SELECT document FROM leakage_last FINAL WHERE tenant = {tenant:String} AND run = {run:String}"
    rows = store.query(sql, {"tenant": settings.tenant, "run": settings.run})
    return [msgspec.json.decode(each, type=Leakage) for each in rows["document"]] if len(rows) else []


def _proof(
    store: Store, given: dict[str, str], wanted: set[str], *, identifiers: bool
) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    rows = store.query(PROOF, given)
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for finding_id, side, stream, row in rows.iter_rows():
        if finding_id in wanted:
            columns = decode(row)
            shown = columns if identifiers else without_identifiers(columns)
            found.setdefault(finding_id, []).append((side, stream, shown))
    return found
