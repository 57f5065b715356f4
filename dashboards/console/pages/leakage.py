"""Leakage: what leaks by control, period, account and age; one break with its proof; what is done about it."""

import time
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from dashboards.report.files import report_in
from services.approvals import Wish, propose, waiting_for
from services.leakage_page import GROUPS, PAGE, STATES, Filters, leakages_page, one_leakage
from services.leakage_report import leakage_report, period_of
from services.ledger.decide import Act, micros_of
from services.roles import May
from services.sign_in import unmask
from services.triage import workers_of
from services.verdicts import Said
from tollwatch.errors import ConfigurationError
from tollwatch.personal import without_identifiers

MOST_AT_ONCE = 500
VERDICTS = ("leakage", "fraud", "false_alarm", "unsure")
RECOVERIES = ("rebill", "refund", "dispute", "collect", "correct")
TYPES = {
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
}


def show(ask: Ask) -> Response:
    """Sums by group, and the findings, the largest first."""
    wanted, number = Filters.of(ask.form), max(ask.number("page") or 1, 1)
    found = leakages_page(ask.books, wanted, number, now_ms=time.time_ns() // 1_000_000)
    return ask.page(
        "leakages.html",
        title="Leakage",
        found=found,
        wanted=wanted,
        groups=GROUPS,
        states=STATES,
        number=number,
        pages=-(-found.total // PAGE),
        see=ask.person.may(May.SEE),
        workers=workers_of(ask.home, ask.settings),
        query=lambda **other: urlencode({**wanted.as_dict(), **{k: v for k, v in other.items() if v}}),
        months=found.months,
        recoveries=RECOVERIES,
    )


def one(ask: Ask) -> Response:
    """One break with the rows of both sides, its accounts, and what can be done."""
    found = one_leakage(ask.path("finding_id"), ask.books, ask.data, ask.home, ask.settings)
    see = ask.person.sees(f"leakage:{found.position.finding_id}")
    return ask.page(
        "leakage.html",
        title=found.position.name.replace("_", " "),
        found=found,
        p=found.position,
        telling=found.document if see else without_identifiers(found.document),
        see=see,
        workers=workers_of(ask.home, ask.settings),
        waiting=waiting_for(found.position.finding_id, ask.home, ask.settings),
        recoveries=RECOVERIES,
        verdicts=VERDICTS,
    )


def many(ask: Ask) -> Response:
    """Assign, confirm, or note what was done about those that were chosen."""
    chosen = ask.form.get("findings[]", [])
    ids = list(dict.fromkeys(map(str, chosen if isinstance(chosen, list) else [chosen])))
    if not ids or len(ids) > MOST_AT_ONCE:
        raise ConfigurationError(f"choose at least one finding and at most {MOST_AT_ONCE}")
    _do(ask, ids)
    back = Filters.of({name: ask.text(f"filter_{name}") for name in Filters._fields})
    return ask.go("/leakage?" + urlencode(back.as_dict()), f"{len(ids)} findings: done.")


def act(ask: Ask) -> Response:
    """Do something about one."""
    finding_id = ask.path("finding_id")
    _do(ask, [finding_id])
    return ask.go(f"/leakage/{finding_id}", "Noted; the ledger has it.")


def _do(ask: Ask, ids: list[str]) -> None:
    what, who = ask.text("do"), ask.person.name
    if what == "assign":
        to = ask.text("to")
        ask.books.assign(ids, {"": who, "nobody": None}.get(to, to), by=who)
    elif what in VERDICTS:
        ask.books.judge(ids, Said(what, note=ask.text("note") or None), by=who)  # type: ignore[arg-type]
    elif what in ("requested", "done", "failed", "cancelled"):
        if not ask.person.may(May.RECOVER):
            raise ConfigurationError("recoveries are noted by revenue assurance; ask somebody of that role")
        kind = ask.text("kind")
        if kind not in RECOVERIES:
            raise ConfigurationError(f"choose what is done: {', '.join(RECOVERIES)}")
        ask.books.act(ids, Act(kind, what, ask.text("amount") or None, ask.text("note")), by=who)
    else:
        raise ConfigurationError("choose what to do")


def write_off(ask: Ask) -> Response:
    """Propose to write off what is open, or a part of it; a second person confirms it."""
    position = ask.books.position(ask.path("finding_id"))
    amount = micros_of(ask.text("amount")) if ask.text("amount") else None
    content: dict[str, Any] = {"amount_micros": amount, "currency": position.currency}
    wish = Wish("write_off", position.name, position.finding_id, content, ask.text("note"), position.finding_id)
    done = propose(wish, ask.home, ask.settings, by=ask.person.name)
    return ask.go(f"/leakage/{position.finding_id}", done.sentence)


def whole(ask: Ask) -> Response:
    """Show who it is about, for a while; the audit keeps why."""
    position = ask.books.position(ask.path("finding_id"))
    about = f"leakage:{position.finding_id}"
    unmask(ask.token, about, ask.text("reason"), ask.home, ask.settings, by=ask.person)
    return ask.go(f"/leakage/{position.finding_id}")


def report(ask: Ask) -> Response:
    """The report of a month, as a file."""
    form = ask.text("format") or "html"
    if form not in TYPES:
        raise ConfigurationError(f"choose one of {', '.join(TYPES)}")
    period = period_of(ask.text("period"))
    books = ask.books
    made = leakage_report(period, ask.data, ask.settings, books=books, by=ask.person.name)
    name = f"leakage-{period.name}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(report_in(made, form), media_type=TYPES[form], headers=headers)  # type: ignore[arg-type]


ONE = "/leakage/{finding_id}"
PAGES = (
    Page("/leakage", show, May.LOOK),
    Page("/leakage/many", many, May.TRIAGE, ("POST",)),
    Page("/leakage/report", report, May.LOOK),
    Page(ONE, one, May.LOOK),
    Page(f"{ONE}/act", act, May.TRIAGE, ("POST",)),
    Page(f"{ONE}/write-off", write_off, May.RECOVER, ("POST",)),
    Page(f"{ONE}/unmask", whole, May.UNMASK, ("POST",)),
)
