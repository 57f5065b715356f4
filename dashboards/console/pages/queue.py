"""The queue: what is worth looking at next, and what to do with many alerts at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from dashboards.console.desk import Ask, Page
from services.queue import PAGE, VIEWS, Filters
from services.roles import May
from services.rule_drafts import paused_rules
from services.saved_views import drop_view, save_view, saved_views
from services.triage import assign, judge, snooze, wake, workers_of
from services.verdicts import Said
from tollwatch.errors import ConfigurationError

MOST_AT_ONCE = 200
EVERY_S = 2.0
WORDS = ("fraud", "false_alarm", "unsure")


def show(ask: Ask) -> Response:
    """One page of it; asked for by the page itself, the rows alone."""
    wanted = Filters.of(ask.form)
    number = max(ask.number("page") or 1, 1)
    found = ask.desk.queue.page(ask.tenant, wanted, ask.person.name, number)
    part = ask.request.headers.get("hx-target") == "rows"
    return ask.page(
        "queue_rows.html" if part else "queue.html",
        title="Queue",
        found=found,
        wanted=wanted,
        views=VIEWS,
        see=ask.person.may(May.SEE),
        saved=saved_views(ask.home, ask.settings, by=ask.person.name) if not part else [],
        workers=workers_of(ask.home, ask.settings) if not part else [],
        paused=paused_rules(ask.home, ask.settings) if not part else [],
        pages=-(-found.total // PAGE),
        query=lambda **other: urlencode({**wanted.as_dict(), **{k: v for k, v in other.items() if v}}),
        version=ask.desk.queue.version,
    )


def many(ask: Ask) -> Response:
    """Assign, snooze or judge the alerts that were chosen."""
    chosen = ask.form.get("alerts[]", [])
    alerts = list(dict.fromkeys(chosen if isinstance(chosen, list) else [chosen]))
    known = [each for each in alerts if ask.desk.queue.row(ask.tenant, str(each)) is not None]
    if not known or len(known) > MOST_AT_ONCE:
        raise ConfigurationError(f"choose at least one alert and at most {MOST_AT_ONCE}")
    what = ask.text("do")
    given: dict[str, Any] = {"data": ask.home, "settings": ask.settings, "by": ask.person.name}
    if what == "assign":
        to = ask.text("to")
        assign(known, {"": ask.person.name, "nobody": None}.get(to, to), **given)
    elif what == "snooze":
        snooze(known, float(ask.number("hours") or 0), ask.text("note"), **given)
    elif what == "wake":
        wake(known, **given)
    elif what in WORDS:
        judge(known, Said(what, note=ask.text("note") or None), **given)  # type: ignore[arg-type]
    else:
        raise ConfigurationError("choose what to do: assign, snooze, wake, or a verdict")
    ask.desk.queue.refresh()
    return ask.go(_back(ask), f"{len(known)} alerts: done.")


def keep(ask: Ask) -> Response:
    """Save the filters under a name."""
    wanted = Filters.of({name: ask.text(name) for name in Filters._fields})
    shared = bool(ask.text("shared")) and ask.person.may(May.TRIAGE)
    save_view(ask.text("name"), wanted.as_dict(), ask.home, ask.settings, by=ask.person.name, shared=shared)
    return ask.go("/?" + urlencode(wanted.as_dict()), "The view is saved.")


def forget(ask: Ask) -> Response:
    """Remove a view of one's own."""
    drop_view(ask.number("view_id") or 0, ask.home, ask.settings, by=ask.person.name)
    return ask.go("/", "The view is removed.")


def live(ask: Ask) -> Response:
    """Tell the browser whenever the queue has changed (server-sent events), until it goes away."""
    queue = ask.desk.queue

    async def changes() -> AsyncIterator[str]:
        told = queue.version
        yield f"retry: 3000\nevent: hello\ndata: {told}\n\n"
        quiet = 0.0
        while not ask.desk.is_closing:
            await asyncio.sleep(EVERY_S)
            quiet += EVERY_S
            if queue.version != told:
                told, quiet = queue.version, 0.0
                yield f"event: queue\ndata: {told}\n\n"
            elif quiet >= 20:
                quiet = 0.0
                yield ": still here\n\n"

    return StreamingResponse(changes(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _back(ask: Ask) -> str:
    wanted = Filters.of({name: ask.text(f"filter_{name}") for name in Filters._fields})
    return "/?" + urlencode(wanted.as_dict())


PAGES = (
    Page("/", show, May.LOOK),
    Page("/queue/many", many, May.TRIAGE, ("POST",)),
    Page("/queue/views", keep, May.LOOK, ("POST",)),
    Page("/queue/views/drop", forget, May.LOOK, ("POST",)),
    Page("/queue/live", live, May.LOOK),
)
