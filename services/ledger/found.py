"""The findings of a tenant as the ledger takes them: what never changes, each revision's claim, and their units."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from detectors.assurance import every_control
from detectors.controls import Control
from services.assembly import controls_in_force, rules_in_force
from services.control_inputs import Inputs
from services.ledger.alert_rows import AlertClaim, amounts_in_cost, shares_of
from services.ledger.control_rows import ALERTS, has_rows, precedence, row_shares, unit_shares
from services.ledger.facts import Finding, Revised, Share
from tollwatch.config import Settings
from tollwatch.findings import LedgerUnits

LEAKAGES = """
SELECT toString(leakage_id) AS id, toInt64(revision) AS revision, toString(state) AS state, toString(control) AS name,
    toString(break_kind) AS break_kind, toString(subject_kind) AS subject_kind, subject, account_id, records,
    toUnixTimestamp64Milli(period_start) AS period_start, toUnixTimestamp64Milli(period_end) AS period_end,
    amount_micros, toString(currency) AS currency, ifNull(own_micros, amount_micros) AS own_micros,
    toUnixTimestamp64Milli(occurred_at) AS occurred_at, toUnixTimestamp64Milli(event_time) AS at
FROM leakage FINAL WHERE tenant = {tenant:String} AND run = {run:String} ORDER BY id, revision
"""
ALERT_REVISIONS = """
SELECT toString(alert_id) AS id, toInt64(revision) AS revision, toString(state) AS state, toString(detector) AS name,
    toString(severity) AS break_kind, toString(subject_kind) AS subject_kind, subject, account_id,
    claim_count AS records, toUnixTimestamp64Milli(episode_start) AS period_start,
    toUnixTimestamp64Milli(event_time) AS period_end, ifNull(amount_micros, 0) AS amount_micros,
    ifNull(toString(currency), '') AS currency, toUnixTimestamp64Milli(episode_start) AS occurred_at,
    toUnixTimestamp64Milli(event_time) AS at, toString(claim_stream) AS stream, claim_where AS filter,
    toUnixTimestamp64Milli(claim_since) AS since, toUnixTimestamp64Milli(claim_until) AS until
FROM alert FINAL WHERE tenant = {tenant:String} AND run = {run:String} ORDER BY id, revision
"""


UNITS_KEPT = """
SELECT toString(finding_id) AS finding_id, toInt64(revision) AS revision, units, weights
FROM ledger_units FINAL WHERE tenant = {tenant:String} AND run = {run:String}
"""
Kept: TypeAlias = dict[tuple[str, int], tuple[Share, ...]]
"""(finding, revision) → its units."""


class Known(NamedTuple):
    """One finding as it was found last: its columns, when it was found first, whether more input can change it."""

    kind: str
    area: str
    row: Mapping[str, Any]
    detected_at: int
    is_final: bool


class Found(NamedTuple):
    """Everything that was found: what is known of each, as the ledger takes it, and every revision.

    `looked_up` are units that were looked up now; kept in the store, they need not be again.
    """

    known: dict[str, Known]
    findings: dict[str, Finding]
    revisions: list[Revised]
    looked_up: list[LedgerUnits]


def found_of(inputs: Inputs, settings: Settings) -> Found:
    """The findings of a tenant and run. Alerts without money take part: a verdict may say what was lost."""
    found = Found({}, {}, [], [])
    kept = _kept(inputs)
    _leakages(inputs, settings, found, kept)
    _alerts(inputs, settings, found, kept)
    return found


def _kept(inputs: Inputs) -> Kept:
    """What was looked up before."""
    rows = inputs.store.query(UNITS_KEPT, {"tenant": inputs.tenant, "run": inputs.run})
    return {
        (finding_id, revision): tuple(map(Share, units, weights))
        for finding_id, revision, units, weights in rows.iter_rows()
    }


def _keep(shares: Mapping[str, tuple[Share, ...]], revisions: Mapping[str, int], inputs: Inputs, found: Found) -> None:
    """Have units that were looked up kept; where no event of a finding is stored yet, it is looked up again."""
    found.looked_up.extend(
        LedgerUnits(
            finding_id=finding_id,
            revision=revisions[finding_id],
            units=[share.unit for share in own],
            weights=[share.micros for share in own],
            tenant=inputs.tenant,
            run=inputs.run,
        )
        for finding_id, own in shares.items()
        if own
    )


def _last(rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows.unique("id", keep="last", maintain_order=True).iter_rows(named=True)}


def _leakages(inputs: Inputs, settings: Settings, found: Found, kept: Kept) -> None:
    rows = inputs.store.query(LEAKAGES, {"tenant": inputs.tenant, "run": inputs.run})
    if rows.is_empty():
        return
    kinds = {kind.name(): kind for kind in every_control()}
    last, first = _last(rows), dict(rows.unique("id", keep="first").select("id", "at").iter_rows())
    products = Counter(row["subject"] for row in last.values() if _by_days(kinds.get(row["name"])))
    in_rows = {name: kept[name, row["revision"]] for name, row in last.items() if (name, row["revision"]) in kept}
    new = _shares_of_rows(inputs, settings, {name: row for name, row in last.items() if name not in in_rows})
    _keep(new, {name: row["revision"] for name, row in last.items()}, inputs, found)
    in_rows |= new
    for finding_id, row in last.items():
        control = kinds.get(row["name"])
        shares = in_rows.get(finding_id)
        if shares is None and _by_days(control) and products[row["subject"]] == 1:
            shares = (Share(f"service_days:{row['subject']}", 1),)  # nobody else speaks of the product
        if shares is None:
            shares = unit_shares(control, row["subject"], (row["period_start"], row["period_end"]))
        place = precedence(control) if control is not None else 2 * ALERTS
        found.findings[finding_id] = Finding(finding_id=finding_id, precedence=place, shares=shares)
        area = control.area if control is not None else "none"
        found.known[finding_id] = Known("leakage", area, row, first[finding_id], row["state"] == "final")
    for finding_id, revision, state, own, at in rows.select("id", "revision", "state", "own_micros", "at").iter_rows():
        stands = state != "withdrawn"
        found.revisions.append(Revised(finding_id, at, revision, own if stands else 0, stands))


def _by_days(control: type[Control] | None) -> bool:
    return control is not None and control.unit == "service_day"


def _shares_of_rows(
    inputs: Inputs, settings: Settings, last: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[Share, ...]]:
    """Of leakages whose money lies in rows."""
    made: dict[str, tuple[Share, ...]] = {}
    for control in has_rows(controls_in_force(settings)):
        mine = {
            name: (row["subject"], row["period_start"])
            for name, row in last.items()
            if row["name"] == control.name() and row["state"] != "withdrawn"
        }
        made |= dict(row_shares(control, mine, inputs))
    return made


def _alerts(inputs: Inputs, settings: Settings, found: Found, kept: Kept) -> None:
    rows = inputs.store.query(ALERT_REVISIONS, {"tenant": inputs.tenant, "run": inputs.run})
    if rows.is_empty():
        return
    largest = rows.sort("id", "amount_micros", "revision").unique("id", keep="last", maintain_order=True)
    in_cost = set(amounts_in_cost({rule.name: rule.amount for rule in rules_in_force(settings, ())}))
    most = {row["id"]: row for row in largest.iter_rows(named=True)}
    priced = {name: row for name, row in most.items() if row["amount_micros"] > 0}
    shares = {name: kept[name, row["revision"]] for name, row in priced.items() if (name, row["revision"]) in kept}
    new = shares_of([_claim(row, in_cost) for name, row in priced.items() if name not in shares], inputs)
    _keep(new, {name: row["revision"] for name, row in priced.items()}, inputs, found)
    shares |= new
    places = {name: ALERTS + n for n, name in enumerate(sorted(set(rows["name"])))}
    last, first = _last(rows), dict(rows.unique("id", keep="first").select("id", "at").iter_rows())
    for finding_id, row in last.items():
        own = most[finding_id]
        money = inputs.own_money(own["amount_micros"], own["currency"], own["occurred_at"])
        told = row | {"amount_micros": own["amount_micros"], "currency": own["currency"], "own_micros": money}
        found.findings[finding_id] = Finding(
            finding_id=finding_id, precedence=places[row["name"]], shares=shares.get(finding_id, ())
        )
        is_final = row["state"] in ("closed", "suppressed")
        found.known[finding_id] = Known("alert", "fraud", told, first[finding_id], is_final)
    found.revisions.extend(_risen(rows, inputs))


def _claim(row: Mapping[str, Any], in_cost: set[str]) -> AlertClaim:
    return AlertClaim(
        alert_id=row["id"],
        stream=row["stream"],
        column=row["subject_kind"],
        value=row["subject"],
        where=row["filter"],
        since_ms=row["since"],
        until_ms=row["until"],
        is_cost=row["name"] in in_cost,
    )


def _risen(rows: pl.DataFrame, inputs: Inputs) -> Sequence[Revised]:
    """The revisions of alerts: what one has claimed it claims until it is suppressed, though its window moves on."""
    made, most = [], dict[str, int]()
    columns = rows.select("id", "revision", "state", "amount_micros", "currency", "occurred_at", "at")
    for finding_id, revision, state, amount, currency, occurred_at, at in columns.iter_rows():
        stands = state != "suppressed"
        own = inputs.own_money(amount, currency, occurred_at) if amount else 0
        before = most.get(finding_id)
        most[finding_id] = max(before or 0, own)
        if not stands or before is None or own > before:
            made.append(Revised(finding_id, at, revision, most[finding_id] if stands else 0, stands))
    return made
