"""Tell the line what people have decided and done: verdicts, recoveries, lists, bars and rules, each once.

Workers are told over Kafka, as soon as it was decided; a data directory's next run reads it from files beside those
that it is given. Either way it is dated right behind everything that was read before: dated by the clock, it would
make what is still to be read of yesterday come too late.
"""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, select

from services.files import export_events, write_lines
from services.keys import key_for_changes
from services.lab.champions import export_models
from services.lists import end_expired, export_changes, untold
from services.relational import acting_user, open_database
from services.rule_drafts import rule_of_text
from services.rules import behind_what_was_read, rule_event
from services.verdicts import export_verdicts
from store.relational import ListEntry, LossAction, Proposal, RuleVersion, Verdict
from store.relational.audit import now_ms
from streams.read import open_sources
from tollwatch.config import Settings
from tollwatch.ports import Source, Store

FOLDER = "changes"
REACHED = "SELECT max(watermark) AS reached FROM frame_last WHERE run = {run:String} AND watermark < 4102444800000"
"""How far all events have been read (ms); partitions that ended say the end of all time, which is left out."""
BEHIND_MS = 1


def reached(store: Store, settings: Settings) -> int | None:
    """Up to which event time (ms) a run has read; None before it read anything."""
    found = store.query(REACHED, {"run": settings.run})
    value = found["reached"][0] if len(found) else None
    return int(value) if value else None


def untold_sources(data: Path, settings: Settings, store: Store) -> list[Source]:
    """What was decided since the last run, as files that are read beside the others; none where nothing was."""
    if settings.database is None and not (data / "tollwatch.sqlite").exists():
        return []
    before = reached(store, settings)
    at_ms = before + _disorder_ms(settings) + BEHIND_MS if before is not None else None
    write_untold(data, settings, at_ms=at_ms)
    moment = at_ms if at_ms is not None else now_ms()
    _export_rules(data, data / FOLDER, settings, moment)
    export_models(data, data / FOLDER, settings, moment)
    return waiting_sources(data / FOLDER)


def _disorder_ms(settings: Settings) -> int:
    """How far events may be ahead of the watermark: those were read, and judged without what is dated now."""
    return max(round(settings.disorder_of(source) * 1000) for source in ("", *settings.sources))


def waiting_sources(folder: Path) -> list[Source]:
    """The files of a folder that wait to be read."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*-*.ndjson")) if folder.is_dir() else ():
        stream = path.name.partition("-")[0]
        files[stream] = [*files.get(stream, ()), path]
    return list(open_sources(files)) if files else []


def forget_told(folder: Path) -> None:
    """Remove the files of a folder: a run has read them to their end, and they are stored."""
    for path in folder.glob("*-*.ndjson") if folder.is_dir() else ():
        path.unlink()


def write_untold(data: Path, settings: Settings, *, at_ms: int | None) -> int:
    """Write what the line has not been told of into the folder `changes`; gives how many events."""
    folder = data / FOLDER
    _, verdicts = export_verdicts(data, folder, settings, at_ms=at_ms)
    _, lists = export_changes(data, folder, settings, at_ms=at_ms)
    done = _export_done(data, folder, settings, at_ms)
    return verdicts + lists + done + _export_bars(data, folder, settings, at_ms)


def _export_done(data: Path, folder: Path, settings: Settings, at_ms: int | None) -> int:
    """What was done about findings, as events of `actions`."""
    with open_database(data, settings) as database, database.session(acting_user(None)) as session:
        found = session.scalars(select(LossAction).where(LossAction.exported_at.is_(None))).all()
        if found:
            events = [action_event(each, at_ms) for each in found]
            export_events(events, "actions", folder, key_for_changes(settings, data))
        for each in found:
            each.exported_at = now_ms()
    return len(found)


def action_event(action: LossAction, at_ms: int | None) -> dict[str, Any]:
    """What was done, as the line and whoever carries it out learn of it."""
    told = ("tenant", "kind", "state", "subject", "amount_micros", "currency", "by", "note", "recorded_at")
    return {
        "event_id": action.action_id,
        "event_time": at_ms if at_ms is not None else action.recorded_at,
        "source": "console",
        "refers_to": action.finding_id,
    } | {name: getattr(action, name) for name in told}


def _export_bars(data: Path, folder: Path, settings: Settings, at_ms: int | None) -> int:
    """What was confirmed to be barred, as events of `actions`: who carries it out reads them."""
    with open_database(data, settings) as database, database.session(acting_user(None)) as session:
        found = session.scalars(select(Proposal).where(*_unbarred())).all()
        events = [_bar(each, at_ms) for each in found]
        if events:
            export_events(events, "actions", folder, key_for_changes(settings, data))
        for each in found:
            each.exported_at = now_ms()
    return len(events)


def _bar(proposal: Proposal, at_ms: int | None) -> dict[str, Any]:
    return {
        "event_id": f"bar-{proposal.proposal_id}",
        "event_time": at_ms if at_ms is not None else proposal.decided_at,
        "source": "console",
        "tenant": proposal.tenant,
        "kind": "bar",
        "state": "requested",
        "refers_to": proposal.about,
        "subject": proposal.entry,
        "by": proposal.decided_by,
    }


def _export_rules(data: Path, folder: Path, settings: Settings, at_ms: int) -> int:
    """Rules that the next run is to take up or to drop; workers are told when it is decided."""
    wanted = select(RuleVersion).where(RuleVersion.state != "draft", RuleVersion.exported_at.is_(None))
    with open_database(data, settings) as database, database.session(acting_user(None)) as session:
        found = session.scalars(wanted.order_by(RuleVersion.rule_version_id)).all()
        lines = [_rule(each, data, settings, at_ms) for each in {f"{e.tenant}/{e.name}": e for e in found}.values()]
        if lines:
            write_lines(folder / f"reference-rules{found[-1].rule_version_id}-{at_ms}.ndjson", lines)
        for each in found:
            each.exported_at = now_ms()
    return len(lines)


def _rule(version: RuleVersion, data: Path, settings: Settings, at_ms: int) -> bytes:
    """The event by which a rule is taken up, or dropped; never dated before what was read already."""
    own = msgspec.structs.replace(settings, tenant=version.tenant)
    rule = rule_of_text(version.text, version.version) if version.state == "published" else None
    return rule_event(version.name, rule, at_ms, own, key_for_changes(settings, data))


def tell_workers(data: Path, settings: Settings) -> int:
    """Publish what waits to Kafka; gives how many files. What fails stays, and is tried again."""
    from services.publish import publish_sources  # noqa: PLC0415  (Kafka is not needed embedded)

    if _is_untold(data, settings):
        write_untold(data, settings, at_ms=behind_what_was_read(settings))
    folder = data / FOLDER
    waiting = waiting_sources(folder)
    if waiting:
        publish_sources(waiting, settings, close=True)  # nobody waits for the next decision
        forget_told(folder)
    return len(waiting)


def _is_untold(data: Path, settings: Settings) -> bool:
    """Whether there is a verdict, an entry of a list or a bar that the line does not know of."""
    end_expired(data, settings)
    wanted = (
        select(Verdict.verdict_id).where(Verdict.exported_at.is_(None)),
        select(ListEntry.entry_id).where(untold()),
        select(LossAction.action_id).where(LossAction.exported_at.is_(None)),
        select(Proposal.proposal_id).where(*_unbarred()),
    )
    with open_database(data, settings) as database, database.reading() as session:
        return any(session.scalar(each.limit(1)) is not None for each in wanted)


def _unbarred() -> tuple[ColumnElement[bool], ...]:
    return Proposal.kind == "bar", Proposal.state == "confirmed", Proposal.exported_at.is_(None)
