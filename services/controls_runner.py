"""Run one control of revenue assurance over stored events: what is broken becomes leakages, revision by revision."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import polars as pl

from detectors.controls import Control, compiled
from services.assembly import controls_in_force
from services.control_inputs import Earlier, Inputs
from services.control_wording import worded
from tollwatch.config import Settings
from tollwatch.findings import Claim, ControlRun, Evidence, Leakage
from tollwatch.frames import Findings
from tollwatch.identity import Hasher
from tollwatch.ports import Store

DAY_MS = 86_400_000
SHOWN = 10
ADDED = frozenset({"mark", "stored_at", "tenant", "received_at"})
"""What an event does not say itself: how and when it came, and whose it is."""
AT_ONCE = 1_000
TOLD = ("state", "amount_micros", "currency", "records", "own_micros")
"""What a new revision is written for."""
LAST = """
SELECT toString(leakage_id) AS leakage_id, revision, state, amount_micros, currency, records, own_micros, document
FROM leakage_last FINAL WHERE tenant = {tenant:String} AND run = {run:String} AND control = {control:String}"""
STANDING = """
SELECT currency, toInt64(count()) AS n, toInt64(sum(amount_micros)) AS amount FROM leakage_last FINAL
WHERE tenant = {{tenant:String}} AND run = {{run:String}} AND control = {{control:String}} AND state != 'withdrawn'
    AND subject NOT IN (SELECT key FROM {subjects}) GROUP BY currency ORDER BY currency"""


class ControlsRunner:
    """Controls of one tenant and run, over one cut of the log.

    While `is_busy`, a control that asks for it runs at most once in its `every_s`: more will come.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        tenant: str | None = None,
        is_anew: bool = False,
        is_full: bool = False,
        as_of: int | None = None,
        ends: Mapping[str, int] | None = None,
    ) -> None:
        self.store, self.is_anew = store, is_anew or as_of is not None
        self.tenant, self.run_name, self.hasher = tenant or settings.tenant, settings.run, settings.hasher()
        self.inputs = Inputs(store, settings, self.tenant, as_of=as_of, ends=ends)
        self.cut = self.inputs.cut
        self.begun = self.inputs.earlier()
        self.earlier = {} if self.is_anew or is_full else self.begun
        self.every: Sequence[Control] = controls_in_force(settings)
        self.is_busy = False

    def forget(self) -> None:
        """Let go of the tables that were made."""
        self.inputs.forget()

    def run(self, control: Control) -> Findings:
        """Run one control; gives what is new: revisions of leakages, their proof, and the run itself.

        Where it ran before, as it is now, only what has news is looked at; without news nothing is.
        """
        made = Findings()
        if any(not self.cut.records[stream] for stream in control.reads()):
            made.control_runs.append(self._run_of(control, _Judged(0, {}), complete=False))
            return made
        task = self._task(control)
        if task is None:
            return made
        self.inputs.derive(control)
        if task.earlier is not None:
            like = [each for each in self.every if _is_like(each, control)]
            task.relations, task.subjects = self.inputs.restricted(control, task.earlier, like)
        task.relations = self.inputs.relations | task.relations
        found = self.store.query(compiled(control, task.relations).breaks, {"as_of": task.as_of})
        broken = [_Broken(**row) for row in found.iter_rows(named=True)] if len(found) else []
        judged = self._revisions(task, broken, made)
        made.control_runs.append(self._run_of(control, judged, complete=True))
        return made

    def is_overtaken(self, control: Control) -> bool:
        """Whether another run of a control has been noted since this one began: what it says then is out of date."""
        return self.inputs.earlier().get(control.name()) != self.begun.get(control.name())

    def _task(self, control: Control) -> "_Task | None":
        """What is to be looked at: everything, what has news since the last run, or (None) nothing."""
        as_of = self.inputs.as_of(control)
        earlier = self.earlier.get(control.name())
        if earlier is None or (earlier.version, earlier.thresholds) != (control.version, _thresholds(control)):
            return _Task(control, as_of)
        if self.is_busy and control.every_s and _same_slot(earlier.as_of, as_of, control.every_s):
            return None
        new = self.inputs.new(control, earlier)
        if not new and self.inputs.as_of(control) == self.inputs.hour_of(control, earlier):
            return None
        if control.keys and set(new) <= {*control.keys, *control.reached} and self.inputs.is_same(control, earlier):
            return _Task(control, as_of, earlier)
        return _Task(control, as_of)

    def _revisions(self, task: "_Task", broken: Sequence["_Broken"], made: Findings) -> "_Judged":
        """Add what differs from the last revisions to what was made; gives what stands of the control."""
        control = task.control
        given = {"tenant": self.tenant, "run": self.run_name, "control": control.name()}
        within = f" AND subject IN (SELECT key FROM {task.subjects})" if task.subjects else ""  # noqa: S608
        rows = [] if self.is_anew else self.store.query(LAST + within, given).iter_rows(named=True)
        last = {row["leakage_id"]: row for row in rows}
        new: list[tuple[Leakage, _Broken]] = []
        seen: set[str] = set()
        stands = _Judged(0, {})
        if task.subjects:
            others = self.store.query(STANDING.format(subjects=task.subjects), given)
            stands = (
                _Judged(int(others["n"].sum()), dict(others.select("currency", "amount").iter_rows()))
                if len(others)
                else stands
            )
        for each in broken:
            leakage = self._leakage(task, each)
            seen.add(leakage.leakage_id)
            stands = stands.more(leakage)
            before = last.get(leakage.leakage_id)
            told = tuple(getattr(leakage, name) for name in TOLD)
            if before is None or tuple(before[name] for name in TOLD) != told:
                revision = 1 if before is None else int(before["revision"]) + 1
                new.append((msgspec.structs.replace(leakage, revision=revision), each))
        made.leakages.extend([*self._proved(task, new, made), *self._withdrawn(task, last, seen)])
        return stands

    def _withdrawn(self, task: "_Task", last: Mapping[str, Mapping[str, Any]], seen: set[str]) -> list[Leakage]:
        """Leakages that are none any more."""
        gone = [row for leakage_id, row in last.items() if leakage_id not in seen and row["state"] != "withdrawn"]
        return [
            msgspec.structs.replace(
                msgspec.json.decode(row["document"], type=Leakage),
                revision=int(row["revision"]) + 1,
                state="withdrawn",
                amount_micros=0,
                own_micros=0,
                event_time=task.as_of,
            )
            for row in gone
        ]

    def _leakage(self, task: "_Task", broken: "_Broken") -> Leakage:
        control = task.control
        kind = control.breaks()[broken.broken - 1]
        start = broken.slot or broken.occurred_at // DAY_MS * DAY_MS
        end = broken.slot_end or start + DAY_MS
        due = max(end, broken.last_at) + control.final_after_s * 1_000
        is_final = task.as_of >= due if broken.is_final < 0 else bool(broken.is_final)
        return Leakage(
            leakage_id=self.hasher.finding_id(
                self.tenant, self.run_name, control.name(), kind.kind, control.subject_kind, broken.subject, start
            ),
            revision=0,
            state="final" if is_final else "provisional",
            control=control.name(),
            control_version=control.version,
            break_kind=kind.kind,
            subject_kind=control.subject_kind,
            subject=broken.subject,
            account_id=broken.account_id or None,
            period_start=start,
            period_end=end,
            records=broken.records,
            amount_micros=int(broken.amount),
            currency=broken.currency,
            occurred_at=broken.occurred_at,
            event_time=task.as_of,
            age_s=max(0, task.as_of - broken.occurred_at) // 1_000,
            last_at=broken.last_at,
            units=broken.units,
            own_micros=self.inputs.own_money(int(broken.amount), broken.currency, broken.occurred_at),
            claim=Claim(stream="", key="", where="", since=0, until=0, count=0, hash_sum=0),
            tenant=self.tenant,
            run=self.run_name,
        )

    def _proved(self, task: "_Task", new: Sequence[tuple[Leakage, "_Broken"]], made: Findings) -> list[Leakage]:
        """The new revisions with their claims; the first rows of each side become evidence."""
        control = task.control
        proof: dict[tuple[str, str], pl.DataFrame] = {}
        for at in range(0, len(new), AT_ONCE):
            subjects = sorted({each.subject for _, each in new[at : at + AT_ONCE]})
            near = task.relations if task.earlier else task.relations | self.inputs.only(control, subjects)
            for name, sql in compiled(control, near).rows.items():
                rows = self.store.query(sql, {"subjects": subjects, "as_of": task.as_of})
                if len(rows):
                    rows = rows.sort("event_time", "event_id")
                    proof |= {(name, str(key[0])): some for key, some in rows.group_by("_subject", maintain_order=True)}
        whole = self._whole(task, new, proof)
        claimed = []
        for leakage, each in new:
            kind = control.breaks()[each.broken - 1]
            of_sides = {n: _of_slot(proof.get((n, each.subject)), each.slot) for n in control.sides}
            names, ordinal = kind.claims.split(" or "), 0
            claimed_side = next((n for n in names if len(of_sides[n])), names[0])
            side, mine = control.sides[claimed_side], of_sides[claimed_side]
            claim = _claim(self.hasher, side.stream, f"{control.subject_kind} = {each.subject!r}", side.where, mine)
            first = {
                name: json.loads(whole.get((control.sides[name].stream, row["event_id"]), "{}"))
                for name, own_rows in of_sides.items()
                for row in own_rows.head(1).iter_rows(named=True)
            }
            cause, correction = worded(kind, leakage, first)
            claimed.append(msgspec.structs.replace(leakage, claim=claim, cause=cause, correction=correction))
            for name, own in control.sides.items():
                for row in of_sides[name].head(SHOWN).iter_rows(named=True):
                    made.evidence.append(
                        Evidence(
                            finding_id=leakage.leakage_id,
                            revision=leakage.revision,
                            ordinal=ordinal,
                            stream=own.stream,
                            event_id=row["event_id"],
                            event_time=row["event_time"],
                            side=name,
                            row=whole.get((own.stream, row["event_id"]), "{}"),
                            tenant=self.tenant,
                            run=self.run_name,
                        )
                    )
                    ordinal += 1
        return claimed

    def _whole(
        self,
        task: "_Task",
        new: Sequence[tuple[Leakage, "_Broken"]],
        proof: Mapping[tuple[str, str], pl.DataFrame],
    ) -> dict[tuple[str, str], str]:
        """The events that prove something, whole, as JSON: by stream and id."""
        wanted: dict[str, set[str]] = {}
        for _, each in new:
            for name, side in task.control.sides.items():
                shown = _of_slot(proof.get((name, each.subject)), each.slot).head(SHOWN)["event_id"]
                wanted.setdefault(side.stream, set()).update(shown)
        made = {}
        for stream, ids in wanted.items():
            every = sorted(ids)
            for at in range(0, len(every), AT_ONCE):
                for row in self.inputs.whole(stream, every[at : at + AT_ONCE]).iter_rows(named=True):
                    made[stream, row["event_id"]] = _as_json(row)
        return made

    def _run_of(self, control: Control, judged: "_Judged", *, complete: bool) -> ControlRun:
        return ControlRun(
            control=control.name(),
            control_version=control.version,
            event_time=self.inputs.as_of(control),
            inputs={stream: self.cut.records[stream] for stream in control.reads()},
            breaks=judged.breaks,
            amount_micros=next(iter(judged.amounts.values())) if len(judged.amounts) == 1 else 0,
            state="final" if complete else "provisional",
            cut=self.cut.ends,
            thresholds=_thresholds(control),
            tenant=self.tenant,
            run=self.run_name,
        )


@dataclass
class _Task:
    """One control to be run: as of when, since which earlier run, over which relations, for which subjects."""

    control: Control
    as_of: int
    earlier: Earlier | None = None
    relations: dict[str, str] = field(default_factory=dict)
    subjects: str | None = None


class _Judged(NamedTuple):
    """What stands of a control: how many breaks, and what they come to by currency."""

    breaks: int
    amounts: dict[str, int]

    def more(self, leakage: Leakage) -> "_Judged":
        """With one more."""
        self.amounts[leakage.currency] = self.amounts.get(leakage.currency, 0) + leakage.amount_micros
        return _Judged(self.breaks + 1, self.amounts)


def _same_slot(one_ms: int, other_ms: int, every_s: int) -> bool:
    return one_ms // (every_s * 1_000) == other_ms // (every_s * 1_000)


def _is_like(one: Control, other: Control) -> bool:
    return (one.keys, one.reached, one.subjects) == (other.keys, other.reached, other.subjects)


def _thresholds(control: Control) -> str:
    return msgspec.json.encode(control.thresholds(), order="sorted").decode()


class _Broken(msgspec.Struct, frozen=True):
    """One row of what a control's statement gives."""

    subject: str
    slot: int
    slot_end: int
    currency: str
    account_id: str
    broken: int
    occurred_at: int
    last_at: int
    is_final: int
    records: int
    units: int
    amount: str


def _of_slot(rows: pl.DataFrame | None, slot: int) -> pl.DataFrame:
    if rows is None:
        return pl.DataFrame(schema={"event_id": pl.String, "event_time": pl.Int64, "_slot": pl.Int64})
    return rows.filter((pl.col("_slot") == slot) | (pl.col("_slot") == 0))


def _claim(hasher: Hasher, stream: str, key: str, where: str, rows: pl.DataFrame) -> Claim:
    hashes = hasher.texts(rows["event_id"], f"id of {stream}").tolist() if len(rows) else []
    return Claim(
        stream=stream,
        key=key,
        where=where,
        since=int(rows["event_time"][0]) if len(rows) else 0,
        until=int(rows["event_time"][-1]) if len(rows) else 0,
        count=len(rows),
        hash_sum=sum(hashes) % 2**64,
    )


def _as_json(row: Mapping[str, Any]) -> str:
    """An event as JSON, keys sorted; what it does not say and how it came left out."""
    facts = {n: v for n, v in row.items() if v not in (None, []) and not n.startswith("_") and n not in ADDED}
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
