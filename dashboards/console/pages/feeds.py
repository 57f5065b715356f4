"""The feeds: what comes, what is refused and why, and how it is read again."""

import threading

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.feeds import feeds_now
from services.quarantine import QuarantineFilter, list_records, replay_now
from services.roles import May
from tollwatch.errors import ConfigurationError
from tollwatch.personal import without_identifiers

HOUR_MS = 3_600_000
MOST_SHOWN = 4_000
_one_at_a_time = threading.Lock()


def show(ask: Ask) -> Response:
    """Sources, rates and quarantine."""
    found = feeds_now(ask.data, ask.settings)
    until = max((hour for hour, _, _ in found.hours), default=0)
    return ask.page("feeds.html", title="Feeds", found=found, until=until, step=HOUR_MS)


def record(ask: Ask) -> Response:
    """One record of the quarantine, as it came."""
    wanted = QuarantineFilter(ids=(ask.path("quarantine_id").lower()[:16],), replayed_too=True)
    found = list_records(ask.data, wanted, settings=ask.settings, by=ask.person.name)
    if len(found) != 1:
        raise ConfigurationError("there is no such record in quarantine")
    see = ask.person.may(May.SEE)
    text = found[0].text if see else str(without_identifiers({"raw": found[0].text})["raw"])
    return ask.page("record.html", title="Record", record=found[0], text=text[:MOST_SHOWN], see=see)


def replay(ask: Ask) -> Response:
    """Have records read again: one, or all of a stream and reason."""
    one, stream, reason = ask.text("quarantine_id").lower()[:16], ask.text("stream"), ask.text("reason")
    if not one and not (stream and reason):
        raise ConfigurationError("say which records are to be read again")
    wanted = QuarantineFilter(ids=(one,)) if one else QuarantineFilter(streams=(stream,), reason=reason)
    if not _one_at_a_time.acquire(blocking=False):
        raise ConfigurationError("records are being read again already; wait until that has ended")
    try:
        done = replay_now(ask.data, ask.home, ask.settings, wanted, by=ask.person.name)
    finally:
        _one_at_a_time.release()
    ask.desk.queue.refresh()
    said = f"{done.taken:,} taken"
    said += f", {len(done.refused):,} refused again: {done.refused[0]}" if done.refused else ""
    said += f", {done.left:,} stay: they are not there whole, or no JSON" if done.left else ""
    return ask.go("/feeds", said + ".")


PAGES = (
    Page("/feeds", show, May.LOOK),
    Page("/feeds/quarantine/{quarantine_id}", record, May.FEEDS),
    Page("/feeds/replay", replay, May.FEEDS, ("POST",)),
)
