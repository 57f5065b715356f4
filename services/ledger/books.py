"""The books of one tenant as people work on them: held in memory, read anew with news, written to the store."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import func, select

from services.ledger.book import STORED, Ledger, differences, ledger_of, stored_positions
from services.ledger.decide import Act, act, write_off
from services.ledger.said import Said, said_of
from services.relational import open_database
from services.stores import open_store
from services.triage import assign, judge
from services.verdicts import Said as Judgement
from store.relational import AlertWork, LossAction, Verdict
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import LedgerPosition
from tollwatch.frames import Findings
from tollwatch.ports import Store

NEWS = """
SELECT toString(tuple(
    (SELECT (count(), max(stored_at)) FROM alert WHERE tenant = {tenant:String} AND run = {run:String}),
    (SELECT (count(), max(stored_at)) FROM leakage WHERE tenant = {tenant:String} AND run = {run:String}),
    (SELECT count() FROM raw_verdicts), (SELECT count() FROM raw_actions),
    (SELECT count() FROM raw_reference WHERE entity = 'exchange_rate'))) AS told
"""
MARKED = "SELECT seen FROM ledger_mark FINAL WHERE tenant = {tenant:String} AND run = {run:String}"
MARK = "INSERT INTO ledger_mark (tenant, run, seen) SELECT {tenant:String}, {run:String}, {seen:String}"
REST = 10
"""Booking at leisure takes at most one part in so many of the time."""
KINDS: dict[str, Any] = {"is_final": pl.Boolean, "is_dismissed": pl.Boolean}
TEXTS = frozenset(
    {"finding_id", "kind", "name", "area", "break_kind", "side", "state", "subject_kind", "subject", "account_id"}
    | {"currency", "owner", "tenant", "run"}
)
SCHEMA: dict[str, Any] = {
    name: KINDS.get(name, pl.String if name in TEXTS else pl.Int64) for name in LedgerPosition.__struct_fields__
}


class Books:
    """The ledger of the settings' tenant and run, with what people do to it. `version` counts its changes."""

    def __init__(self, data: Path | None, home: Path, settings: Settings) -> None:
        self.data, self.home, self.settings = data, home, settings
        self.version = 0
        self._not_before = 0.0
        self._lock, self._reading = threading.RLock(), threading.RLock()
        self._told = ""
        self._ledger: Ledger | None = None
        self._frame = pl.DataFrame(schema=SCHEMA)

    def refresh(self, store: Store | None = None, *, at_leisure: bool = False) -> int:
        """Book everything anew, if anything was found or said since; gives how many positions were written.

        `at_leisure`: not before ten times as long has passed as it took the last time, so that it stays a small part of
        what the process does.
        """
        with self._reading:
            began = time.monotonic()
            if at_leisure and began < self._not_before:
                return 0
            mine = store or open_store(self.data, self.settings)
            try:
                told, before = self._news(mine), self.version
                if self._ledger is not None and told == self._told:
                    return 0
                ledger = ledger_of(mine, self.home, self.settings)
                self._not_before = time.monotonic() + REST * (time.monotonic() - began)
                with self._lock:
                    if self.version != before:
                        return 0  # somebody decided meanwhile, which may not be in it: the next time
                    return self._take(mine, ledger, told)
            finally:
                if store is None:
                    mine.close()

    def _take(self, store: Store, ledger: Ledger, told: str) -> int:
        """Go on with a ledger that was booked anew; gives how many positions were written."""
        known = stored_positions(store, self.settings)
        names = differences(ledger, known)
        new = [ledger.positions[name] for name in names]
        store.write(Findings(positions=new, units=ledger.found.looked_up))
        self._mark(store, told)
        former = [position for name, position in known.items() if name not in ledger.positions]
        self._ledger, self._told, self._frame = ledger, told, frame_of([*ledger.positions.values(), *former])
        self.version += 1
        return len(names)

    def settled_frame(self, store: Store) -> pl.DataFrame:
        """The table of positions; where nothing is new since they were written, they are read and not booked again."""
        if self._ledger is not None or self._marked(store) != self._news(store):
            self.refresh(store)
            return self._frame
        rows = store.query(STORED, {"tenant": self.settings.tenant, "run": self.settings.run})
        if rows.is_empty():
            return self._frame
        return rows.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())

    def _marked(self, store: Store) -> str | None:
        given = {"tenant": self.settings.tenant, "run": self.settings.run}
        rows = store.query(MARKED, given)
        return str(rows["seen"][0]) if len(rows) else None

    def _mark(self, store: Store, told: str) -> None:
        given = {"tenant": self.settings.tenant, "run": self.settings.run, "seen": told}
        if self._marked(store) != told:
            store.run(MARK, parameters=given)

    def _news(self, store: Store) -> str:
        given = {"tenant": self.settings.tenant, "run": self.settings.run}
        found = str(store.query(NEWS, given).item())
        if self.settings.database is None and not (self.home / "tollwatch.sqlite").exists():
            return found
        counts = (
            select(func.count()).select_from(Verdict),
            select(func.count()).select_from(LossAction),
            select(func.max(AlertWork.changed_at)),
        )
        with open_database(self.home, self.settings) as database, database.reading() as session:
            return found + str([session.scalar(each) for each in counts])

    @staticmethod
    def _write(store: Store, positions: Sequence[LedgerPosition]) -> None:
        if positions:
            store.write(Findings(positions=list(positions)))

    @property
    def ledger(self) -> Ledger:
        """As it was booked last."""
        if self._ledger is None:
            self.refresh()
        assert self._ledger is not None
        return self._ledger

    @property
    def frame(self) -> pl.DataFrame:
        """One row for each finding, with the columns of `LedgerPosition`."""
        if self._ledger is None:
            self.refresh()
        return self._frame

    def position(self, finding_id: str) -> LedgerPosition:
        """What stands of one finding. Raises ConfigurationError where there is none."""
        found = self.ledger.positions.get(finding_id)
        if found is None:
            raise ConfigurationError(f"{finding_id}: no alert and no leakage of yours has this id")
        return found

    def act(self, finding_ids: Sequence[str], what: Act, *, by: str) -> None:
        """Note what was done about findings. Raises ConfigurationError where it cannot be."""
        with self._lock:
            positions = [self.position(each) for each in dict.fromkeys(finding_ids)]
            self._booked(act(positions, what, self.home, self.settings, by=by))

    def write_off(self, proposal: Mapping[str, Any]) -> None:
        """Carry out a write-off that was confirmed."""
        with self._lock:
            position = self.position(str(proposal["about"]))
            self._booked(write_off(proposal, position, self.home, self.settings))

    def judge(self, finding_ids: Sequence[str], said: Judgement, *, by: str) -> None:
        """Give a verdict on findings."""
        with self._lock:
            known = [self.position(each).finding_id for each in dict.fromkeys(finding_ids)]
            judge(known, said, self.home, self.settings, by=by)
            self._read_said(known)

    def assign(self, finding_ids: Sequence[str], to: str | None, *, by: str) -> None:
        """Give findings to somebody, or to nobody."""
        with self._lock:
            known = [self.position(each).finding_id for each in dict.fromkeys(finding_ids)]
            assign(known, to, self.home, self.settings, by=by)
            self._booked({}, dict.fromkeys(known, to))

    def _read_said(self, finding_ids: Sequence[str]) -> None:
        """Take up the verdicts that were just recorded."""
        wanted = select(Verdict).where(Verdict.tenant == self.settings.tenant, Verdict.finding_id.in_(finding_ids))
        with open_database(self.home, self.settings) as database, database.reading() as session:
            found = [said_of(verdict) for verdict in session.scalars(wanted)]
        self._booked({(each.decision_id, each.finding_id): each for each in found})

    def _booked(self, said: Mapping[tuple[str, str], Said], owners: Mapping[str, str | None] | None = None) -> None:
        """Book what was said, and write what has changed by it."""
        changed = self.ledger.add(list(said.values()), owners or {})
        store = open_store(self.data, self.settings)
        try:
            self._write(store, changed)
        finally:
            store.close()
        if not changed:
            return
        new = frame_of(changed)
        self._frame = pl.concat([self._frame.join(new.select("finding_id"), on="finding_id", how="anti"), new])
        self.version += 1


def frame_of(positions: Iterable[LedgerPosition]) -> pl.DataFrame:
    """Positions as a table."""
    rows = [tuple(getattr(each, name) for name in SCHEMA) for each in positions]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
