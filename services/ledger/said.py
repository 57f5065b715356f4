"""What people decided and did about findings: what came through the line, and what it has not been told of yet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from services.control_inputs import Inputs
from services.ledger.facts import Acted, Judged
from services.relational import open_database
from store.relational import AlertWork, LossAction, Verdict
from tollwatch.config import Settings
from tollwatch.signing import MARK

VERDICTS = """
SELECT event_id, ifNull(recorded_at, event_time) AS at, verdict, refers_to, subject_kind, subject, loss_micros,
    currency, by, event_time FROM RELATION ORDER BY event_time, event_id
"""
ACTIONS = """
SELECT event_id, ifNull(recorded_at, event_time) AS at, kind, state, refers_to, amount_micros, currency, by, note
FROM RELATION WHERE refers_to IS NOT NULL ORDER BY event_time, event_id
"""
SCORED = """
SELECT DISTINCT toString(e.finding_id) AS finding_id, e.event_id AS event_id FROM (
    SELECT finding_id, event_id FROM evidence FINAL
    WHERE tenant = {tenant:String} AND run = {run:String} AND event_id IN {ids:Array(String)}
) AS e INNER JOIN (SELECT alert_id FROM alert_last FINAL WHERE tenant = {tenant:String} AND run = {run:String}) AS a
ON e.finding_id = a.alert_id ORDER BY event_id, finding_id
"""
ABOUT_SUBJECT = """
SELECT toString(alert_id) AS finding_id, subject_kind, subject, toUnixTimestamp64Milli(episode_start) AS since
FROM alert_last FINAL WHERE tenant = {tenant:String} AND run = {run:String} AND subject IN {subjects:Array(String)}
ORDER BY finding_id
"""


class Said(NamedTuple):
    """One decision, with money in its own currency; `word` and `state` as `Judged` and `Acted` have them."""

    decision_id: str
    finding_id: str
    at_ms: int
    word: str
    state: str | None
    micros: int | None
    currency: str | None
    by: str | None
    note: str | None = None

    def fact(self, own_micros: int | None) -> Judged | Acted:
        """As a fact, its money in the operator's own currency."""
        if self.state is None:
            return Judged(self.finding_id, self.at_ms, self.decision_id, self.word, own_micros, self.by)
        return Acted(self.finding_id, self.at_ms, self.decision_id, self.word, self.state, own_micros, self.by)


def decisions(inputs: Inputs, home: Path, settings: Settings, finding_ids: set[str]) -> list[Said]:
    """Everything that was said of findings; each once, by its id. Decisions about anything else are passed over."""
    found = {(each.decision_id, each.finding_id): each for each in _through_the_line(inputs, finding_ids)}
    found |= {(each.decision_id, each.finding_id): each for each in _untold(home, settings, inputs.tenant)}
    return sorted(each for each in found.values() if each.finding_id in finding_ids)


def _through_the_line(inputs: Inputs, finding_ids: set[str]) -> list[Said]:
    rows = inputs.store.query(VERDICTS.replace("RELATION", inputs.relations["verdicts"])).to_dicts()
    made = []
    for row, finding_id in _about(rows, inputs, finding_ids):
        money = row["loss_micros"], row["currency"]
        made.append(Said(_own_id(row["event_id"]), finding_id, row["at"], row["verdict"], None, *money, row["by"]))
    acts = inputs.store.query(ACTIONS.replace("RELATION", inputs.relations["actions"]))
    for row in acts.iter_rows(named=True):
        what = row["kind"], row["state"], row["amount_micros"], row["currency"], row["by"], row["note"]
        made.append(Said(_own_id(row["event_id"]), row["refers_to"], row["at"], *what))
    return made


def _own_id(event_id: str) -> str:
    """The id of a decision, whose event is signed."""
    return event_id.partition(MARK)[0]


def _about(
    rows: Sequence[Mapping[str, Any]], inputs: Inputs, finding_ids: set[str]
) -> list[tuple[Mapping[str, Any], str]]:
    """Verdicts with the findings that they speak of: by id, by an event that is evidence, by a subject."""
    given = {"tenant": inputs.tenant, "run": inputs.run}
    events = {row["refers_to"] for row in rows if row["refers_to"]} - finding_ids
    of_event: dict[str, list[str]] = {}
    if events:
        for finding_id, event_id in inputs.store.query(SCORED, given | {"ids": sorted(events)}).iter_rows():
            of_event.setdefault(event_id, []).append(finding_id)
    subjects = {row["subject"] for row in rows if not row["refers_to"] and row["subject"]}
    of_subject: dict[tuple[str, str], list[tuple[str, int]]] = {}
    if subjects:
        alerts = inputs.store.query(ABOUT_SUBJECT, given | {"subjects": sorted(subjects)})
        for finding_id, kind, subject, since in alerts.iter_rows():
            of_subject.setdefault((str(kind), subject), []).append((finding_id, since))
    found = []
    for row in rows:
        if row["refers_to"] in finding_ids:
            found.append((row, row["refers_to"]))
        elif row["refers_to"]:
            found += [(row, name) for name in of_event.get(row["refers_to"], ())]
        else:
            known = of_subject.get((row["subject_kind"], row["subject"]), ())
            found += [(row, name) for name, since in known if row["event_time"] >= since]
    return found


def _untold(home: Path, settings: Settings, tenant: str) -> list[Said]:
    """What stands in the relational database, whether the line knows of it or not."""
    if settings.database is None and not (home / "tollwatch.sqlite").exists():
        return []
    said = select(Verdict).where(Verdict.tenant == tenant, Verdict.finding_id.is_not(None))
    done = select(LossAction).where(LossAction.tenant == tenant)
    with open_database(home, settings) as database, database.reading() as session:
        made = [said_of(verdict) for verdict in session.scalars(said)]
        return made + [
            Said(
                *(a.action_id, a.finding_id, a.recorded_at, a.kind, a.state),
                *(a.amount_micros, a.currency, a.by, a.note),
            )
            for a in session.scalars(done)
        ]


def said_of(verdict: Verdict) -> Said:
    """A verdict as the ledger takes it."""
    money = verdict.loss_micros, verdict.currency
    about = verdict.verdict_id, verdict.finding_id or "", verdict.recorded_at
    return Said(*about, verdict.verdict, None, *money, verdict.by, verdict.note)


def owners(home: Path, settings: Settings, tenant: str) -> dict[str, str]:
    """Finding → who works on it."""
    if settings.database is None and not (home / "tollwatch.sqlite").exists():
        return {}
    wanted = select(AlertWork.alert_id, AlertWork.assigned_to).where(
        AlertWork.tenant == tenant, AlertWork.assigned_to.is_not(None)
    )
    with open_database(home, settings) as database, database.reading() as session:
        return {finding_id: owner or "" for finding_id, owner in session.execute(wanted)}
