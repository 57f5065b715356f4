"""Run revenue-assurance controls over the stored events: what is broken becomes leakages, revision by revision."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from detectors.assurance import every_control
from detectors.controls import Control, compiled
from detectors.controls.compile import Compiled, filled
from detectors.controls.price_lists import ZONES, zone_changes
from detectors.controls.tables import DERIVED, tables_of
from services.assembly import controls_in_force
from services.keys import with_key
from services.stores import open_store
from services.timeline import tenants_of
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.events import STREAMS
from tollwatch.findings import Claim, ControlRun, Evidence, Leakage
from tollwatch.frames import Findings
from tollwatch.identity import Hasher
from tollwatch.ports import Store

DAY_MS = 86_400_000
SHOWN = 10
ADDED = frozenset({"mark", "stored_at", "tenant", "received_at"})
"""What an event does not say itself: how and when it came, and whose it is."""
AT_ONCE = 1_000
LAST = """
SELECT toString(leakage_id) AS leakage_id, revision, state, amount_micros, currency, document
FROM leakage_last FINAL WHERE tenant = {tenant:String} AND run = {run:String} AND control = {control:String}
"""
CUT = """
SELECT toString(partition) AS partition, max(end) AS end FROM frame_mark FINAL
WHERE tenant = {tenant:String} AND run = 'live' GROUP BY partition ORDER BY partition
"""


class Cut(NamedTuple):
    """How far the log is read: the end of each source partition, the events of each stream, the latest event's time."""

    ends: dict[str, int]
    records: dict[str, int]
    as_of: int


class ControlsRunner:
    """Controls of one tenant and run, over one cut of the log."""

    def __init__(self, store: Store, settings: Settings, *, tenant: str | None = None, is_anew: bool = False) -> None:
        self.store, self.settings, self.is_anew = store, settings, is_anew
        self.tenant, self.run_name, self.hasher = tenant or settings.tenant, settings.run, settings.hasher()
        stored, filled = _stored(store)
        marks = store.query(CUT, {"tenant": self.tenant}).iter_rows()
        ends = {str(p): min(int(end), stored[str(p)]) for p, end in marks if str(p) in stored}
        self.relations = {stream: self._relation(stream, ends) for stream in STREAMS}
        records, latest = dict.fromkeys(STREAMS, 0), 0
        for stream, relation in self.relations.items():
            if stream not in filled:
                continue
            sql = f"SELECT count() AS n, max(event_time) AS latest FROM {relation}"  # noqa: S608  (our own names)
            n, at = store.query(sql).row(0)
            records[stream] = int(n)
            latest = max(latest, int(at or 0) if n else 0)
        self.cut = Cut(ends, records, latest)

    def _relation(self, stream: str, ends: Mapping[str, int]) -> str:
        """The events of a stream up to the cut."""
        names = "[" + ", ".join(_quoted(name) for name in ends) + "]"
        places = "[" + ", ".join(map(str, ends.values())) + "]"
        cut = f"_offset < transform(toString(_partition), {names}, {places}, toInt64(0))" if ends else "0"
        tenants = ", ".join(map(_quoted, tenants_of(self.settings, self.tenant)))
        return f"(SELECT * FROM events_{stream} WHERE tenant IN ({tenants}) AND {cut})"  # noqa: S608

    def run(self, control: Control) -> Findings:
        """Run one control; gives what is new: revisions of leakages, their proof, and the run itself."""
        missing = [stream for stream in control.reads() if not self.cut.records[stream]]
        made = Findings()
        if missing:
            made.control_runs.append(self._run_of(control, [], complete=False))
            return made
        self._derive(tables_of(control))
        statement = compiled(control, self.relations)
        found = self.store.query(statement.breaks, {"as_of": self.cut.as_of})
        broken = [_Broken(**row) for row in found.iter_rows(named=True)] if len(found) else []
        made.leakages.extend(self._revisions(control, broken, statement, made))
        made.control_runs.append(self._run_of(control, broken, complete=True))
        return made

    def _derive(self, names: Sequence[str]) -> None:
        """Make the tables that a control reads beside streams; each once, for this connection alone."""
        for name in names:
            if name in self.relations:
                continue
            if "{zones}" in DERIVED[name]:
                zones = self.store.query(filled(ZONES, self.relations)).iter_rows()
                self.relations["zones"] = zone_changes([zone for (zone,) in zones])
            own = f"derived_{name}"
            self.store.run(f"DROP TEMPORARY TABLE IF EXISTS {own}")
            self.store.run(f"CREATE TEMPORARY TABLE {own} AS {filled(DERIVED[name], self.relations)}")
            self.relations[name] = own

    def forget(self) -> None:
        """Let go of the tables that were made."""
        for name in DERIVED:
            if self.relations.pop(name, None) is not None:
                self.store.run(f"DROP TEMPORARY TABLE IF EXISTS derived_{name}")

    def _revisions(
        self, control: Control, broken: Sequence["_Broken"], statement: Compiled, made: Findings
    ) -> list[Leakage]:
        """What differs from the last revisions."""
        given = {"tenant": self.tenant, "run": self.run_name, "control": control.name()}
        rows = [] if self.is_anew else self.store.query(LAST, given).iter_rows(named=True)
        last = {row["leakage_id"]: row for row in rows}
        new: list[tuple[Leakage, _Broken]] = []
        seen: set[str] = set()
        for each in broken:
            leakage = self._leakage(control, each)
            seen.add(leakage.leakage_id)
            before = last.get(leakage.leakage_id)
            told = (leakage.state, leakage.amount_micros, leakage.currency)
            if before is None or (before["state"], before["amount_micros"], before["currency"]) != told:
                revision = 1 if before is None else int(before["revision"]) + 1
                new.append((msgspec.structs.replace(leakage, revision=revision), each))
        proved = self._proved(control, new, statement, made)
        return [*proved, *self._withdrawn(last, seen)]

    def _withdrawn(self, last: Mapping[str, Mapping[str, Any]], seen: set[str]) -> list[Leakage]:
        """Leakages that are none any more."""
        gone = [row for leakage_id, row in last.items() if leakage_id not in seen and row["state"] != "withdrawn"]
        return [
            msgspec.structs.replace(
                msgspec.json.decode(row["document"], type=Leakage),
                revision=int(row["revision"]) + 1,
                state="withdrawn",
                amount_micros=0,
                event_time=self.cut.as_of,
            )
            for row in gone
        ]

    def _leakage(self, control: Control, broken: "_Broken") -> Leakage:
        kind = control.breaks()[broken.broken - 1]
        start = broken.slot or broken.occurred_at // DAY_MS * DAY_MS
        end = broken.slot_end or start + DAY_MS
        due = max(end, broken.last_at) + control.final_after_s * 1_000
        is_final = self.cut.as_of >= due if broken.is_final < 0 else bool(broken.is_final)
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
            event_time=self.cut.as_of,
            age_s=max(0, self.cut.as_of - broken.occurred_at) // 1_000,
            claim=Claim(stream="", key="", where="", since=0, until=0, count=0, hash_sum=0),
            tenant=self.tenant,
            run=self.run_name,
        )

    def _proved(
        self, control: Control, new: Sequence[tuple[Leakage, "_Broken"]], statement: Compiled, made: Findings
    ) -> list[Leakage]:
        """The new revisions with their claims; the first rows of each side become evidence."""
        proof: dict[tuple[str, str], pl.DataFrame] = {}
        for at in range(0, len(new), AT_ONCE):
            subjects = sorted({each.subject for _, each in new[at : at + AT_ONCE]})
            for name, sql in statement.rows.items():
                rows = self.store.query(sql, {"subjects": subjects, "as_of": self.cut.as_of})
                if len(rows):
                    rows = rows.sort("event_time", "event_id")
                    proof |= {(name, str(key[0])): some for key, some in rows.group_by("_subject", maintain_order=True)}
        whole = self._whole(control, new, proof)
        claimed = []
        for leakage, each in new:
            kind = control.breaks()[each.broken - 1]
            of_sides = {n: _of_slot(proof.get((n, each.subject)), each.slot) for n in control.sides}
            names, ordinal = kind.claims.split(" or "), 0
            claimed_side = next((n for n in names if len(of_sides[n])), names[0])
            side, mine = control.sides[claimed_side], of_sides[claimed_side]
            claim = _claim(self.hasher, side.stream, f"{control.subject_kind} = {each.subject!r}", side.where, mine)
            claimed.append(msgspec.structs.replace(leakage, claim=claim))
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
        control: Control,
        new: Sequence[tuple[Leakage, "_Broken"]],
        proof: Mapping[tuple[str, str], pl.DataFrame],
    ) -> dict[tuple[str, str], str]:
        """The events that prove something, whole, as JSON: by stream and id."""
        wanted: dict[str, set[str]] = {}
        for _, each in new:
            for name, side in control.sides.items():
                shown = _of_slot(proof.get((name, each.subject)), each.slot).head(SHOWN)["event_id"]
                wanted.setdefault(side.stream, set()).update(shown)
        made = {}
        for stream, ids in wanted.items():
            every = sorted(ids)
            for at in range(0, len(every), AT_ONCE):
                sql = f"SELECT * FROM {self.relations[stream]} WHERE event_id IN {{ids:Array(String)}}"  # noqa: S608
                for row in self.store.query(sql, {"ids": every[at : at + AT_ONCE]}).iter_rows(named=True):
                    made[stream, row["event_id"]] = _as_json(row)
        return made

    def _run_of(self, control: Control, broken: Sequence["_Broken"], *, complete: bool) -> ControlRun:
        currencies = {each.currency for each in broken}
        return ControlRun(
            control=control.name(),
            control_version=control.version,
            event_time=self.cut.as_of,
            inputs={stream: self.cut.records[stream] for stream in control.reads()},
            breaks=len(broken),
            amount_micros=sum(int(each.amount) for each in broken) if len(currencies) == 1 else 0,
            state="final" if complete else "provisional",
            cut=self.cut.ends,
            tenant=self.tenant,
            run=self.run_name,
        )


def _stored(store: Store) -> tuple[dict[str, int], set[str]]:
    """How far each source partition is stored, and which streams have events: a server stores them in its own time."""
    parts = [
        f"SELECT '{stream}' AS stream, toString(_partition) AS place, max(_offset) + 1 AS until "  # noqa: S608
        f"FROM raw_{stream} GROUP BY place"
        for stream in STREAMS
    ]
    rows = store.query(" UNION ALL ".join(parts)).rows()
    return {place: int(until) for _, place, until in rows}, {stream for stream, _, _ in rows}


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


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def control_table(settings: Settings) -> list[tuple[str, ...]]:
    """Every control in force: number, name, area, what it finds, thresholds."""
    rows: list[tuple[str, ...]] = []
    for control in controls_in_force(settings):
        finds = " ".join((type(control).__doc__ or "").partition("\n\n")[0].split())
        thresholds = ", ".join(f"{name} {value}" for name, value in control.thresholds().items())
        rows.append((str(control.number), control.name(), control.area, finds, thresholds))
    return rows


def run_stored(data: Path | None, settings: Settings, names: Sequence[str] = ()) -> list[ControlRun]:
    """Run controls over a data directory or the server of the settings. Gives the runs."""
    store = open_store(data, settings, must_exist=True)
    try:
        store.apply_tables()
        return run_controls(store, with_key(settings, data, make=False), names)
    finally:
        store.close()


def controls_anew(store: Store, settings: Settings) -> Findings:
    """What the controls find in everything that is stored, as if they had never run. Nothing is written."""
    return _found(store, settings, controls_in_force(settings), is_anew=True)


def _found(store: Store, settings: Settings, controls: Sequence[Control], *, is_anew: bool) -> Findings:
    """What controls find in the events of every tenant that is served."""
    found = Findings()
    for tenant in sorted(settings.served_tenants()):
        runner = ControlsRunner(store, settings, tenant=tenant, is_anew=is_anew)
        for control in controls:
            found.extend(runner.run(control))
        runner.forget()
    return found


def run_controls(store: Store, settings: Settings, names: Sequence[str] = ()) -> list[ControlRun]:
    """Run the controls over everything that has been read, and store what they found. Gives the runs."""
    known = [kind.name() for kind in every_control()]
    for name in names:
        if name not in known:
            raise ConfigurationError.unknown_word(name, known, where="--control", what="control")
    found = _found(store, settings, controls_in_force(settings, names), is_anew=False)
    if found.control_runs:
        store.write(found)
    return found.control_runs
