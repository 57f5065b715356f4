"""One alert: why it is there, what it rests on, what to do, and the verdict. Slow parts are loaded behind it."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.alert_page import AlertPage, alert_page
from services.approvals import Wish, propose, waiting_for
from services.evidence_pack import evidence_pack
from services.own_past import own_past
from services.roles import May
from services.sign_in import unmask
from services.timeline import Happened, SubjectKey, days_before, events, keys_of, related
from services.triage import assign, judge, open_alert, snooze, wake, workers_of
from services.verdicts import Said
from tollwatch.errors import ConfigurationError

DAY_MS = 86_400_000
CURRENCY = "EUR"
MOST_OF_CASE, MOST_EVENTS = 50, 100


def _found(ask: Ask) -> AlertPage:
    row = ask.desk.queue.row(ask.tenant, ask.path("alert_id"))
    found = alert_page(ask.path("alert_id"), ask.data, ask.home, ask.settings, ask.desk.rules(), row=row)
    if found is None:
        raise ConfigurationError("no alert of yours has this id; it may be older than what is kept")
    return found


def _own(ask: Ask) -> str:
    """The id, if it is that of an alert of the person's tenant."""
    if ask.desk.queue.row(ask.tenant, ask.path("alert_id")) is None:
        raise ConfigurationError("no alert of yours has this id; it may be older than what is kept")
    return ask.path("alert_id")


def _see(ask: Ask) -> bool:
    return ask.person.sees(f"alert:{ask.path('alert_id')}")


def show(ask: Ask) -> Response:
    """The page."""
    found = _found(ask)
    row = ask.desk.queue.row(ask.tenant, ask.path("alert_id")) or {}
    case = ask.desk.queue.case(ask.tenant, ask.path("alert_id"))
    if ask.person.may(May.TRIAGE) and found.work.opened_at is None:
        open_alert(ask.path("alert_id"), ask.home, ask.settings, by=ask.person.name)
        found = _found(ask)
    return ask.page(
        "alert.html",
        title=found.story.title,
        found=found,
        row=row,
        case=len(case),
        see=_see(ask),
        workers=workers_of(ask.home, ask.settings),
        waiting=waiting_for(ask.path("alert_id"), ask.home, ask.settings),
        currency=found.document.get("currency") or CURRENCY,
        lists=("known_caller", "blocked", "high_risk"),
    )


def chart(ask: Ask) -> Response:
    """The last days of its subject."""
    keys, until = _own_keys(ask)
    found = days_before(keys, ask.data, ask.settings, until_ms=until)
    values = [(each.since_ms, each.stream, each.events) for each in found]
    return ask.page("chart.html", values=values, until=until, step=DAY_MS, steps=14)


def past(ask: Ask) -> Response:
    """What the features usually come to for this subject."""
    document = _found(ask).document
    rule = next((rule for rule in ask.desk.rules() if rule.name == document["detector"]), None)
    rows, count = own_past(rule, document, ask.data, ask.settings) if rule is not None else ([], 0)
    return ask.page("past.html", rows=rows, count=count)


def timeline(ask: Ask) -> Response:
    """The last events of its subject, over all streams, and the alerts of the case."""
    keys, until = _own_keys(ask)
    before = ask.number("before")
    found = events(keys, ask.data, ask.settings, until_ms=before if before is not None else until, most=MOST_EVENTS)
    case = ask.desk.queue.case(ask.tenant, ask.path("alert_id")).tail(MOST_OF_CASE)
    more = f"/alerts/{ask.path('alert_id')}/timeline?before={found[-1].event_time - 1}" if _is_full(found) else ""
    alerts = case.to_dicts() if before is None else []
    return ask.page("timeline.html", events=found, alerts=alerts, see=_see(ask), more=more)


def _is_full(found: list[Happened]) -> bool:
    return len(found) >= MOST_EVENTS


def others(ask: Ask) -> Response:
    """Who else had the same device, card, dealer or cell."""
    page = _found(ask)
    keys, _ = _own_keys(ask)
    at = int(page.document["event_time"])
    found = related(page.evidence, keys, ask.data, ask.settings, at_ms=at)
    table = ask.desk.queue.table(ask.tenant)
    whom = table.filter(pl.col("subject").is_in([each.who.value for each in found])) if found else table.clear()
    rows = [(each, whom.filter(pl.col("subject") == each.who.value).head(3).to_dicts()) for each in found]
    return ask.page("related.html", rows=rows, see=_see(ask))


def _own_keys(ask: Ask) -> tuple[list[SubjectKey], int]:
    """The alert's subject, account and subscriber, and a minute behind its last event."""
    row = ask.desk.queue.row(ask.tenant, _own(ask)) or {}
    return keys_of(pl.DataFrame([row])), int(row["event_time"]) + 60_000


def verdict(ask: Ask) -> Response:
    """What it was, with a note and what was lost."""
    word, loss = ask.text("verdict"), ask.text("loss")
    if word not in ("fraud", "false_alarm", "unsure"):
        raise ConfigurationError("choose a verdict: fraud, false alarm or unsure")
    said = Said(word, loss or None, ask.text("currency") or None if loss else None, ask.text("note") or None)  # type: ignore[arg-type]
    judge([_own(ask)], said, ask.home, ask.settings, by=ask.person.name, seen=ask.number("seen"))
    ask.desk.queue.refresh()
    after = ask.desk.queue.next_of(ask.tenant, ask.person.name, ask.path("alert_id"))
    return ask.go(f"/alerts/{after}" if after else "/", f"{ask.path('alert_id')}: {word.replace('_', ' ')}.")


def sleep(ask: Ask) -> Response:
    """Take it out of the queue for some hours, or bring it back."""
    given: Mapping[str, Any] = {"data": ask.home, "settings": ask.settings, "by": ask.person.name}
    if ask.text("do") == "wake":
        wake([_own(ask)], **given)
    else:
        hours = float(ask.number("hours") or 0)
        snooze([_own(ask)], hours, ask.text("note"), seen=ask.number("seen"), **given)
    ask.desk.queue.refresh()
    return ask.go("/", "It sleeps, and comes back by itself." if ask.text("do") != "wake" else "It is back.")


def give(ask: Ask) -> Response:
    """Give it to somebody."""
    to = ask.text("to") or None
    assign([_own(ask)], to, ask.home, ask.settings, by=ask.person.name, seen=ask.number("seen"))
    ask.desk.queue.refresh()
    return ask.go(f"/alerts/{ask.path('alert_id')}", f"Assigned to {to or 'nobody'}.")


def act(ask: Ask) -> Response:
    """Propose to bar the subject, or to put it on a list: what costs service waits for a second person."""
    page = _found(ask)
    kind = ask.text("kind")
    if kind not in ("bar", "list_add"):
        raise ConfigurationError("choose what is to be done")
    content = {"risk": 1, "days": ask.number("days")}
    target = ask.text("list") if kind == "list_add" else None
    wish = Wish(kind, target, page.document["subject"], content, ask.text("note"), ask.path("alert_id"))
    done = propose(wish, ask.home, ask.settings, by=ask.person.name)
    return ask.go(f"/alerts/{ask.path('alert_id')}", done.sentence)


def whole(ask: Ask) -> Response:
    """Show who it is about, for a while; the audit keeps why."""
    about = f"alert:{_own(ask)}"
    unmask(ask.token, about, ask.text("reason"), ask.home, ask.settings, by=ask.person)
    return ask.go(f"/alerts/{ask.path('alert_id')}")


def pack(ask: Ask) -> Response:
    """The evidence pack."""
    if not _see(ask):
        raise ConfigurationError("an evidence pack holds identifiers; show them first, with a reason")
    made = evidence_pack(
        ask.path("alert_id"), ask.data, ask.home, ask.settings, rules=ask.desk.rules(), by=ask.person.name
    )
    name = f"evidence-{ask.path('alert_id')}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type="application/zip", headers=headers)


ONE = "/alerts/{alert_id}"
PAGES = (
    Page(ONE, show, May.LOOK),
    Page(f"{ONE}/chart", chart, May.LOOK),
    Page(f"{ONE}/past", past, May.LOOK),
    Page(f"{ONE}/timeline", timeline, May.LOOK),
    Page(f"{ONE}/related", others, May.LOOK),
    Page(f"{ONE}/verdict", verdict, May.TRIAGE, ("POST",)),
    Page(f"{ONE}/snooze", sleep, May.TRIAGE, ("POST",)),
    Page(f"{ONE}/assign", give, May.TRIAGE, ("POST",)),
    Page(f"{ONE}/act", act, May.DECIDE, ("POST",)),
    Page(f"{ONE}/unmask", whole, May.UNMASK, ("POST",)),
    Page(f"{ONE}/evidence.zip", pack, May.LOOK),
)
