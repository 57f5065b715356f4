"""What analysts do with alerts beside judging them: open, assign, snooze; and verdicts on one alert or many."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from services.relational import open_database
from services.verdicts import Said, new_verdict
from store.relational import AlertWork, User
from store.relational.audit import AuditedSession, now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

HOUR_MS = 3_600_000
LONGEST_SNOOZE_H = 24 * 30


class Work(NamedTuple):
    """What is known of the work on one alert."""

    version: int = 0
    assigned_to: str | None = None
    opened_at: int | None = None
    judged_at: int | None = None
    verdict: str | None = None
    snoozed_until: int | None = None
    note: str | None = None
    changed_by: str | None = None


class SomebodyWasQuickerError(ConfigurationError):
    """Another person has changed the alert since it was shown."""


NONE = Work()


def works(data: Path, settings: Settings, *, changed_since_ms: int = 0) -> dict[tuple[str, str], Work]:
    """(tenant, alert id) → the work on each alert that was changed since a time."""
    wanted = select(AlertWork).where(AlertWork.changed_at >= changed_since_ms)
    with open_database(data, settings) as database, database.reading() as session:
        return {(row.tenant, row.alert_id): _work(row) for row in session.scalars(wanted)}


def work_of(alert_id: str, data: Path, settings: Settings) -> Work:
    """The work on one alert of the settings' tenant."""
    with open_database(data, settings) as database, database.reading() as session:
        row = session.get(AlertWork, (settings.tenant, alert_id))
        return _work(row) if row is not None else NONE


def _work(row: AlertWork) -> Work:
    return Work(*(getattr(row, name) for name in Work._fields))


def open_alert(alert_id: str, data: Path, settings: Settings, *, by: str) -> Work:
    """Note that somebody looks at an alert: from then on its minutes are counted."""
    found = work_of(alert_id, data, settings)
    if found.opened_at is not None:
        return found
    with open_database(data, settings) as database, database.session(by) as session:
        row = _row(session, alert_id, settings, by)
        row.opened_at = row.opened_at or now_ms()
        return _work(row)


def assign(
    alert_ids: Sequence[str], to: str | None, data: Path, settings: Settings, *, by: str, seen: int | None = None
) -> None:
    """Give alerts to somebody, or to nobody. Raises ConfigurationError where there is no such active person.

    `seen` is the version of the work that was shown, checked where there is one alert.
    """
    with open_database(data, settings) as database, database.session(by) as session:
        user = session.get(User, to) if to is not None else None
        if to is not None and (user is None or not user.active or user.tenant != settings.tenant):
            raise ConfigurationError(f"{to}: nobody of that name may work on alerts; choose one of the people")
        for alert_id in alert_ids:
            row = _row(session, alert_id, settings, by, seen)
            row.assigned_to = to


def snooze(
    alert_ids: Sequence[str],
    hours: float,
    note: str,
    data: Path,
    settings: Settings,
    *,
    by: str,
    seen: int | None = None,
) -> int:
    """Take alerts out of the queue for some hours; gives until when (ms). They come back by themselves.

    Raises ConfigurationError where the hours are none, or more than thirty days.
    """
    if not 0 < hours <= LONGEST_SNOOZE_H:
        raise ConfigurationError(f"snooze: {hours:g} hours; choose more than 0 and at most {LONGEST_SNOOZE_H}")
    if not note.strip():
        raise ConfigurationError("snooze: say why; whoever looks at the alert next wants to know")
    until = now_ms() + int(hours * HOUR_MS)
    with open_database(data, settings) as database, database.session(by) as session:
        for alert_id in alert_ids:
            row = _row(session, alert_id, settings, by, seen)
            row.snoozed_until, row.note = until, note.strip()
    return until


def wake(alert_ids: Sequence[str], data: Path, settings: Settings, *, by: str) -> None:
    """Bring alerts that sleep back into the queue."""
    with open_database(data, settings) as database, database.session(by) as session:
        for alert_id in alert_ids:
            _row(session, alert_id, settings, by).snoozed_until = None


def judge(
    alert_ids: Sequence[str], said: Said, data: Path, settings: Settings, *, by: str, seen: int | None = None
) -> None:
    """Record a verdict on each alert, and take them out of the queue.

    Raises SomebodyWasQuickerError, and records nothing, where one alert was shown at a version that is no more.
    """
    verdicts = [new_verdict(alert_id, said._replace(by=by), data, settings) for alert_id in alert_ids]
    with open_database(data, settings) as database, database.session(by) as session:
        for alert_id, verdict in zip(alert_ids, verdicts, strict=True):
            row = _row(session, alert_id, settings, by, seen)
            row.judged_at, row.verdict, row.snoozed_until = now_ms(), said.verdict, None
            row.opened_at = row.opened_at or row.judged_at
            session.add(verdict)


def _row(session: AuditedSession, alert_id: str, settings: Settings, by: str, seen: int | None = None) -> AlertWork:
    """The alert's row, to be changed by somebody who saw a version of it."""
    row = session.get(AlertWork, (settings.tenant, alert_id), with_for_update=True)
    if row is None:
        row = AlertWork(tenant=settings.tenant, alert_id=alert_id, version=0, changed_at=0, changed_by=by)
        session.add(row)
    if seen is not None and seen != row.version:
        raise SomebodyWasQuickerError(
            f"{row.changed_by} has changed this alert since you opened it; nothing of yours was recorded. "
            "Look at it again, and decide then"
        )
    row.version, row.changed_at, row.changed_by = row.version + 1, now_ms(), by
    return row


def workers_of(data: Path, settings: Settings) -> list[str]:
    """Who may be given alerts: the active people of the tenant."""
    wanted = select(User).where(User.active, User.tenant == settings.tenant).order_by(User.name)
    with open_database(data, settings) as database, database.reading() as session:
        return [user.name for user in session.scalars(wanted)]


def minutes_worked(found: Mapping[tuple[str, str], Work]) -> dict[tuple[str, str], float]:
    """(tenant, alert id) → minutes from the first look to the verdict, of those that were judged."""
    measured = {}
    for place, work in found.items():
        with suppress(TypeError):
            measured[place] = (work.judged_at - work.opened_at) / 60_000  # type: ignore[operator]
    return measured
