"""What happened to a subject or a case: its events out of all streams, its alerts, and what was said of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import polars as pl

from services.stores import reading
from store.alerts import EvidenceRow
from store.timeline import SHARED, Bar, Event, Key, counts_of, events_of, neighbours, streams_with
from tollwatch.config import Settings

SubjectKey: TypeAlias = Key
Happened: TypeAlias = Event
"""What pages know of the store's keys and events: their names."""
DAY_MS = 86_400_000
DAYS_BEFORE = 14
MOST_KEYS = 12
MOST_SHARED = 4
HOUR_MS = 3_600_000
OWN_EVENTS = 20


class Neighbour(NamedTuple):
    """Another subject with something of the alert's: which column is the same, its value, and who it is."""

    shared: Key
    who: Key


def keys_of(alerts: pl.DataFrame) -> list[Key]:
    """The subjects, accounts and subscribers of some alerts, at most a dozen, each once."""
    found: dict[Key, None] = {}
    for row in alerts.select("subject_kind", "subject", "account_id", "subscriber_id").iter_rows(named=True):
        found[Key(row["subject_kind"], row["subject"])] = None
        for column in ("account_id", "subscriber_id"):
            if row[column] is not None:
                found[Key(column, row[column])] = None
        if len(found) >= MOST_KEYS:
            break
    return [key for key in found if streams_with(key.column)][:MOST_KEYS]


def tenants_of(settings: Settings, owner: str) -> list[str]:
    """A tenant as raw events name it: those of the installation's own may name none."""
    return [owner, ""] if owner == settings.tenant else [owner]


def events(
    keys: Sequence[Key], data: Path | None, settings: Settings, *, until_ms: int, most: int = 200
) -> list[Event]:
    """The last events of some keys before a time, latest first."""
    if not keys:
        return []
    with reading(data, settings) as store:
        return events_of(store, keys, tenants_of(settings, settings.tenant), until_ms=until_ms, most=most)


def days_before(keys: Sequence[Key], data: Path | None, settings: Settings, *, until_ms: int) -> list[Bar]:
    """How many events the keys had on each of the fourteen days up to a time, by stream."""
    if not keys:
        return []
    first = (until_ms // DAY_MS - DAYS_BEFORE + 1) * DAY_MS
    with reading(data, settings) as store:
        return counts_of(store, keys, tenants_of(settings, settings.tenant), times=(first, until_ms), step_ms=DAY_MS)


def _is_own(event: Event, own: Sequence[Key]) -> bool:
    """Whether an event tells of the subject's own device and cell, not of those of who was called."""
    return any(event.columns.get(key.column) == key.value for key in own if key.column != "called_number")


def related(
    evidence: Sequence[EvidenceRow], own: Sequence[Key], data: Path | None, settings: Settings, *, at_ms: int
) -> list[Neighbour]:
    """Others with the same device, card, dealer, agent, identity (a week before) or cell (the hour around)."""
    found: dict[tuple[Key, Key], None] = {}
    with reading(data, settings) as store:
        tenants = tenants_of(settings, settings.tenant)
        last = events_of(store, own, tenants, until_ms=at_ms, most=OWN_EVENTS) if own else []
        columns = [row.columns for row in evidence] + [dict(each.columns) for each in last if _is_own(each, own)]
        shared = dict.fromkeys(Key(name, str(row[name])) for row in columns for name in SHARED if row.get(name))
        mine = {Key(name, value) for row in columns for name, value in row.items() if isinstance(value, str)} | set(own)
        for key in list(shared)[:MOST_SHARED]:
            before = HOUR_MS if key.column == "cell_id" else 7 * DAY_MS
            times = (at_ms - before, at_ms + HOUR_MS)
            for who in neighbours(store, key, tenants, times=times):
                if who not in mine:
                    found[key, who] = None
    return [Neighbour(*pair) for pair in found]
