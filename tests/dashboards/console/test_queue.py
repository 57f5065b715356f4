"""The queue: filters, views that are kept, what is done to many at once, and what appears by itself."""

from dashboards.console.desk import Desk
from services.queue import WORK_SCHEMA, Filters
from services.stores import open_store
from services.verdicts import list_verdicts
from tests.dashboards.console.desks import SETTINGS, Browser
from tests.store.found import alert
from tollwatch.frames import Findings


def ids(browser: Browser, query: str = "") -> list[str]:
    """The alerts that a page lists, in order."""
    import re  # noqa: PLC0415

    return re.findall(r'data-id="(\w+)"', browser.get(f"/{query}").text)


def test_filters_are_those_of_the_address(ada: Browser) -> None:
    """Each narrows it down; one that is not known is left out, and a view that is not known is the work to do."""
    assert len(ids(ada)) == 4
    assert ids(ada, "?severity=critical") == [f"{3:016x}"]
    assert ids(ada, "?detector=high_usage") == [f"{2:016x}"]
    assert set(ids(ada, "?find=A1")) == {f"{1:016x}", f"{2:016x}"}
    assert ids(ada, "?find=447100000009") == [], "another tenant's"
    assert len(ids(ada, "?view=nonsense&x=1")) == 4


def test_many_at_once(ada: Browser, desk: Desk) -> None:
    """One note for all; those of another tenant are not among them."""
    chosen = {"alerts[]": [f"{1:016x}", f"{2:016x}", f"{9:016x}"]}
    assert ada.post("/queue/many", do="false_alarm", note="a call centre", **chosen).status_code == 303
    assert len(list_verdicts(desk.home, SETTINGS)) == 2
    assert len(ids(ada)) == 2
    assert ada.post("/queue/many", do="assign", to="", **{"alerts[]": [f"{3:016x}"]}).status_code == 303
    assert ids(ada, "?view=mine") == [f"{3:016x}"]
    assert ada.post("/queue/many", do="fraud").status_code == 400


def test_a_view_is_kept_for_oneself_or_for_all(ada: Browser, desk: Desk) -> None:
    """Bob sees what Ada shares, and cannot remove it."""
    ada.post("/queue/views", name="critical ones", severity="critical", shared="1")
    ada.post("/queue/views", name="mine alone", detector="wangiri")
    bob = Browser(desk).sign_in("bob")
    text = bob.get("/").text
    assert "critical ones" in text
    assert "mine alone" not in text
    assert bob.post("/queue/views/drop", view_id="1").status_code == 400
    assert ada.post("/queue/views/drop", view_id="1").status_code == 303


def test_what_is_stored_later_appears(desk: Desk) -> None:
    """A new alert, and another revision of one that is there; what has not changed is not read again."""
    before = desk.queue.version
    assert desk.queue.refresh() is False
    assert desk.queue.version == before
    store = open_store(desk.home, SETTINGS)
    store.write(Findings(alerts=[alert(20), alert(1, 2, state="closed", account_id="A1")]))
    assert desk.queue.refresh() is True
    assert desk.queue.version == before + 1
    page = desk.queue.page("main", Filters("all"), "ada")
    assert len(page.rows) == 5
    assert {row["alert_id"]: row["state"] for row in page.rows}[f"{1:016x}"] == "closed"


def test_what_is_done_is_laid_over_as_if_all_was_read_anew(ada: Browser, desk: Desk) -> None:
    """The quick way after each action gives what the long one gives, for every column of the work."""
    ada.post("/queue/many", do="fraud", note="x", **{"alerts[]": [f"{1:016x}", f"{2:016x}"]})
    ada.post("/queue/many", do="snooze", hours="3", note="y", **{"alerts[]": [f"{3:016x}"]})
    ada.post("/queue/many", do="assign", to="bob", **{"alerts[]": [f"{1:016x}", f"{4:016x}"]})
    ada.post("/queue/many", do="wake", **{"alerts[]": [f"{3:016x}"]})
    quick = desk.queue.table("main").select("alert_id", *WORK_SCHEMA).sort("alert_id")
    desk.queue._arrange()
    assert quick.equals(desk.queue.table("main").select("alert_id", *WORK_SCHEMA).sort("alert_id"))
    assert quick["verdict"].to_list() == ["fraud", "fraud", None, None]
    assert quick["assigned_to"].to_list() == ["bob", None, None, "bob"]


def test_an_empty_console_says_what_to_do_first(desk: Desk) -> None:
    """A tenant without alerts reads how they come about."""
    olga = Browser(desk).sign_in("olga")
    assert "Nothing fits these filters" in olga.get("/?detector=none").text
    assert len(ids(olga)) == 1
