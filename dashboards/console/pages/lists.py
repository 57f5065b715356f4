"""The lists that detectors read: what is on them, until when, and why."""

import msgspec
from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.approvals import Wish, propose
from services.lists import list_entries
from services.roles import May

MOST = 1_000


def show(ask: Ask) -> Response:
    """What is on them now."""
    found = [msgspec.json.decode(each) for each in list_entries((), ask.home, ask.settings, identifiers=False)]
    whole = ask.person.may(May.SEE)
    if whole:
        found = [msgspec.json.decode(e) for e in list_entries((), ask.home, ask.settings, by=ask.person.name)]
    names = sorted({each["list_name"] for each in found})
    return ask.page("lists.html", title="Lists", entries=found[:MOST], names=names, total=len(found), see=whole)


def change(ask: Ask) -> Response:
    """Put somebody on a list, or take them off; on a block list a second person has to confirm it."""
    kind = "list_remove" if ask.text("do") == "remove" else "list_add"
    content = {"risk": ask.number("risk") or 1, "days": ask.number("days")}
    wish = Wish(kind, ask.text("list"), ask.text("entry"), content, ask.text("note"))
    return ask.go("/lists", propose(wish, ask.home, ask.settings, by=ask.person.name).sentence)


PAGES = (Page("/lists", show, May.LOOK), Page("/lists", change, May.DECIDE, ("POST",)))
