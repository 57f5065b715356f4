"""What a run of the controls reads: events up to a recorded cut, and of them what is new since an earlier run."""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import polars as pl

from detectors.controls import Control
from detectors.controls.compile import filled
from detectors.controls.price_lists import ZONES, zone_changes
from detectors.controls.tables import DERIVED, named_by, tables_of
from services.timeline import tenants_of
from tollwatch.config import Settings
from tollwatch.events import STREAMS
from tollwatch.ports import Store

HOUR_MS = 3_600_000
ENDS = """
SELECT toString(partition) AS partition, max(end) AS end FROM frame_mark FINAL
WHERE tenant = {tenant:String} AND run = 'live' GROUP BY partition ORDER BY partition
"""
EARLIER = """
SELECT control, control_version, toUnixTimestamp64Milli(event_time) AS as_of, cut, thresholds FROM control_run FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND state = 'final'
ORDER BY event_time DESC, stored_at DESC LIMIT 1 BY control
"""
UNSETTLED = """
SELECT subject FROM leakage_last FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND state = 'provisional' AND control IN {controls:Array(String)}
"""

RATES = """
SELECT id AS currency, toInt64(ifNull(valid_from, 0)) AS since, toInt64(assumeNotNull(rate_micros)) AS rate
FROM RELATION WHERE entity = 'exchange_rate' AND rate_micros > 0 ORDER BY currency, since, event_time, event_id
"""

COUNTS = """(_partition, _offset) NOT IN (
    SELECT _partition, _offset FROM event_mark
    WHERE stream = '{stream}' AND mark IN ('refused', 'duplicate', 'conflict'))"""
"""As the views `events_…` have it, without what they say of lateness: that costs a join of every event."""


class Cut(NamedTuple):
    """How far the log is read: the end of each source partition, the events of each stream, the latest event's time."""

    ends: dict[str, int]
    records: dict[str, int]
    as_of: int


class Earlier(NamedTuple):
    """An earlier run of a control: as what it ran, how far it had read."""

    version: int
    thresholds: str
    ends: dict[str, int]
    as_of: int


class Inputs:
    """The events of one tenant up to a cut, as subqueries and tables that controls name.

    The cut is what has been read; with `ends` no further than these places, with `as_of` what had happened by then.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        tenant: str,
        *,
        as_of: int | None = None,
        ends: Mapping[str, int] | None = None,
    ) -> None:
        self.store, self.tenant, self.run = store, tenant, settings.run
        self.tenants = ", ".join(map(quoted, tenants_of(settings, tenant)))
        stored, filled_streams = _stored(store)
        marks = store.query(ENDS, {"tenant": tenant}).iter_rows()
        read = {str(p): min(int(end), stored[str(p)]) for p, end in marks if str(p) in stored}
        if ends is not None:
            read = {place: min(end, ends.get(place, 0)) for place, end in read.items()}
        self.until = "" if as_of is None else f" AND event_time <= {as_of}"
        self.relations = {stream: self._events(f"events_{stream}", read) for stream in STREAMS}
        self.relations |= {f"all_{stream}": relation for stream, relation in self.relations.items()}
        records, latest = dict.fromkeys(STREAMS, 0), 0
        for stream in filled_streams:
            sql = f"SELECT count() AS n, max(event_time) AS latest FROM {self._events(f'raw_{stream}', read)}"  # noqa: S608  (our own names)
            n, at = store.query(sql).row(0)
            records[stream] = int(n)
            latest = max(latest, int(at or 0) if n else 0)
        self.cut = Cut(read, records, latest if as_of is None else as_of)
        self.made: list[str] = []
        self._rates: list[tuple[Any, ...]] | None = None
        self.changed: dict[str, tuple[dict[str, str], str]] = {}
        self.counted: dict[str, int] = {}

    def _events(self, table: str, ends: Mapping[str, int], since: Mapping[str, int] | None = None) -> str:
        """The events of a table up to these places, and from those on."""
        cut = f"_offset < {_places(ends)}" if ends else "0"
        begun = "" if since is None else f" AND _offset >= {_places(since)}"
        moved = [place for place, end in ends.items() if since is None or end > since.get(place, 0)]
        if since is not None:
            begun += f" AND _partition IN ({', '.join(map(quoted, moved)) or quoted('')})"
        where = f"tenant IN ({self.tenants}) AND {cut}{begun}{self.until}"
        if not table.startswith("events_"):
            return f"(SELECT * FROM {table} WHERE {where})"  # noqa: S608
        stream = table.removeprefix("events_")
        return f"(SELECT * FROM raw_{stream} FINAL WHERE {where} AND {COUNTS.format(stream=stream)})"  # noqa: S608

    def own_money(self, micros: int, currency: str, at: int) -> int:
        """An amount in the operator's own currency, by the last rate from before a moment, half to even.

        A currency that has no rate, or none yet, is taken for the operator's own.
        """
        if self._rates is None:
            sql = RATES.replace("RELATION", self.relations["reference"])
            self._rates = self.store.query(sql).rows()
        known = [rate for name, since, rate in self._rates if name == currency and since <= at]
        return round(Fraction(micros * known[-1], 1_000_000)) if known else micros

    def derive(self, control: Control) -> None:
        """Make the tables that a control reads beside streams; each once, for this connection alone."""
        for name in tables_of(control):
            if name in self.relations:
                continue
            if "{zones}" in DERIVED[name]:
                zones = self.store.query(filled(ZONES, self.relations)).iter_rows()
                self.relations["zones"] = zone_changes([zone for (zone,) in zones])
            self.relations[name] = self._made(f"derived_{name}", filled(DERIVED[name], self.relations))

    def _made(self, name: str, sql: str) -> str:
        self.store.run(f"DROP TEMPORARY TABLE IF EXISTS {name}")
        self.store.run(f"CREATE TEMPORARY TABLE {name} AS {sql}")
        self.made.append(name)
        return name

    def forget(self) -> None:
        """Let go of the tables that were made."""
        for name in self.made:
            self.store.run(f"DROP TEMPORARY TABLE IF EXISTS {name}")
        self.made.clear()
        self.relations = {name: sql for name, sql in self.relations.items() if name not in {*DERIVED, "zones"}}
        self.changed.clear()

    def earlier(self) -> dict[str, Earlier]:
        """The last run of each control that could judge."""
        rows = self.store.query(EARLIER, {"tenant": self.tenant, "run": self.run})
        return {
            row["control"]: Earlier(
                int(row["control_version"]), row["thresholds"], json.loads(row["cut"] or "{}"), int(row["as_of"])
            )
            for row in rows.iter_rows(named=True)
        }

    def as_of(self, control: Control) -> int:
        """The time at which a control judges: a whole hour, where more than the keys with news may break by time."""
        return self.cut.as_of if control.keys else self.cut.as_of // HOUR_MS * HOUR_MS

    def hour_of(self, control: Control, earlier: Earlier) -> int:
        """The time as of which an earlier run judged, as `as_of` has it."""
        return earlier.as_of if control.keys else earlier.as_of // HOUR_MS * HOUR_MS

    def new(self, control: Control, earlier: Earlier) -> list[str]:
        """The streams of a control that have news since an earlier run."""
        return [
            stream
            for stream in named_by(control)
            if stream in STREAMS and self._count(stream, earlier, control.news.get(stream, "1"))
        ]

    def _count(self, stream: str, earlier: Earlier, where: str) -> int:
        new = self._events(f"raw_{stream}", self.cut.ends, earlier.ends)
        sql = f"SELECT count() AS n FROM {new} WHERE {filled(where, self.relations)}"  # noqa: S608  (a control's own text)
        if sql not in self.counted:
            self.counted[sql] = int(self.store.query(sql).item())
        return self.counted[sql]

    def is_same(self, control: Control, earlier: Earlier) -> bool:
        """Whether what concerns every key is as it was."""
        if control.same is None:
            return True
        then = {f"all_{stream}": self._events(f"events_{stream}", earlier.ends) for stream in STREAMS}
        now, before = (self.store.query(filled(control.same, names)).rows() for names in (self.relations, then))
        return now == before

    def restricted(self, control: Control, earlier: Earlier, like: Sequence[Control]) -> tuple[dict[str, str], str]:
        """Relations with the keyed streams cut down to keys with news, and the table of subjects these may concern.

        `like` are the controls that have the same keys: they share the tables.
        """
        group = json.dumps([control.keys, control.reached, control.subjects, earlier.ends, earlier.as_of])
        if group not in self.changed:
            self.changed[group] = self._restrict(control, earlier, like)
        return self.changed[group]

    def _restrict(self, control: Control, earlier: Earlier, like: Sequence[Control]) -> tuple[dict[str, str], str]:
        number, parts = len(self.changed), []
        waits = max(each.waits_s() for each in like)
        for stream, key in control.keys.items():
            new = self._events(f"raw_{stream}", self.cut.ends, earlier.ends)
            parts.append(f"SELECT {key} AS key FROM {new}")  # noqa: S608  (a control's own text)
            if waits:
                due = f"event_time > {earlier.as_of - waits * 1_000}"
                parts.append(f"SELECT {key} AS key FROM {self._events(f'raw_{stream}', self.cut.ends)} WHERE {due}")  # noqa: S608
        given = {"tenant": self.tenant, "run": self.run, "controls": [each.name() for each in like]}
        unsettled = self.store.query(UNSETTLED, given)
        named = ", ".join(quoted(str(each)) for each in (unsettled["subject"] if len(unsettled) else []))
        subjects = f"(SELECT arrayJoin([{named}]::Array(String)) AS subject)"
        for stream, sql in control.reached.items():
            if stream == "leakages":
                parts.append(f"SELECT key FROM ({filled(sql, self.relations | {'new': subjects})})")  # noqa: S608
                continue
            new = self._events(f"events_{stream}", self.cut.ends, earlier.ends)
            parts.append(f"SELECT key FROM ({filled(sql, self.relations | {'new': new})})")  # noqa: S608
        if control.subjects is None:
            parts.append(f"SELECT subject AS key FROM {subjects}")  # noqa: S608
        every = " UNION DISTINCT ".join(f"SELECT toString(key) AS key FROM ({part})" for part in parts)  # noqa: S608
        known = f"SELECT assumeNotNull(key) AS key, cityHash64(key) AS hash FROM ({every}) WHERE key IS NOT NULL"  # noqa: S608
        keys = self._made(f"changed_{number}", known)
        relations = self._cut_down(control, keys, f"changed_{number}")
        if control.subjects is not None:
            keys = self._made(f"changed_{number}_subjects", filled(control.subjects, relations))
        return relations, keys

    def _cut_down(self, control: Control, keys: str, name: str) -> dict[str, str]:
        """Relations with the keyed streams cut down to the keys of a table; each becomes a table of this name.

        The keys alone are scanned, by their hashes; then whole rows are read in the order in which they are stored.
        """
        relations = dict(self.relations)
        for stream, key in control.keys.items():
            wanted = f"cityHash64(toString({key})) IN (SELECT hash FROM {keys})"  # noqa: S608  (a control's own text)
            relations[stream] = self._made(f"{name}_{stream}", self._rows_where(stream, wanted))
        return relations

    def _rows_where(self, stream: str, where: str) -> str:
        places = f"SELECT _partition, _offset FROM {self._events(f'raw_{stream}', self.cut.ends)} WHERE {where}"  # noqa: S608
        return f"SELECT * FROM {self.relations[stream]} WHERE (_partition, _offset) IN ({places})"  # noqa: S608

    def only(self, control: Control, subjects: Sequence[str]) -> dict[str, str]:
        """Relations with no more than what concerns these subjects, where keys are what a control's subjects are."""
        if not control.keys or control.subjects is not None:
            return self.relations
        named = ", ".join(map(quoted, subjects))
        keys = self._made("proved", f"SELECT cityHash64(arrayJoin([{named}]::Array(String))) AS hash")
        return self._cut_down(control, keys, "proved")

    def whole(self, stream: str, ids: Sequence[str]) -> pl.DataFrame:
        """The events of a stream that have these ids."""
        return self.store.query(self._rows_where(stream, "event_id IN {ids:Array(String)}"), {"ids": list(ids)})


def _places(ends: Mapping[str, int]) -> str:
    names = "[" + ", ".join(map(quoted, ends)) + "]"
    return (
        f"transform(toString(_partition), {names}, [{', '.join(map(str, ends.values()))}], toInt64(0))" if ends else "0"
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


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
