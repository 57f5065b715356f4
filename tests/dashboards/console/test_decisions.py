"""Four eyes: who proposes does not confirm; what costs nobody their service needs no second person."""

from dashboards.console.desk import Desk
from services.lists import list_entries
from services.people import export_person
from tests.dashboards.console.desks import SETTINGS, Browser

ONE = f"/alerts/{1:016x}"


def entries(desk: Desk) -> bytes:
    """What is on the lists."""
    return b"\n".join(list_entries((), desk.home, SETTINGS))


def test_one_person_cannot_bar_a_subscriber(ada: Browser, desk: Desk) -> None:
    """The same person is refused; another confirms; a third is told that it is decided."""
    assert ada.post(f"{ONE}/act", kind="bar", note="rings strangers").status_code == 303
    answer = ada.post("/decisions/1", do="confirm")
    assert answer.status_code == 400
    assert "a second person has to confirm it" in answer.text
    bob, boss = Browser(desk).sign_in("bob"), Browser(desk).sign_in("admin")
    assert bob.post("/decisions/1", do="confirm", note="yes").status_code == 303
    answer = boss.post("/decisions/1", do="reject")
    assert "bob was quicker: it is confirmed already" in answer.text
    assert "confirmed by bob" in " ".join(ada.get("/decisions").text.split())


def test_twice_the_same_is_proposed_once(ada: Browser, desk: Desk) -> None:
    """The second who asks is told that it waits."""
    ada.post(f"{ONE}/act", kind="bar", note="rings strangers")
    answer = Browser(desk).sign_in("bob").post(f"{ONE}/act", kind="bar", note="me too")
    assert "ada has proposed this already" in answer.text


def test_a_block_list_needs_two_and_a_known_caller_one(ada: Browser, desk: Desk) -> None:
    """What leaves somebody alone costs nobody their service."""
    ada.post("/lists", list="known_caller", entry="447100000001", note="a hospital", days="7")
    assert b'"list_name":"known_caller"' in entries(desk)
    assert b'"expires_at":null' not in entries(desk)
    ada.post("/lists", list="blocked", entry="447100000003", note="wangiri")
    assert b"blocked" not in entries(desk)
    Browser(desk).sign_in("bob").post("/decisions/1", do="confirm")
    assert b'"list_name":"blocked"' in entries(desk)
    assert "without a reason" not in ada.post("/lists", list="x", entry="1", note="").text
    assert ada.post("/lists", list="x", entry="1", note="").status_code == 400


def test_who_proposed_may_withdraw(ada: Browser) -> None:
    """It is withdrawn then, not rejected."""
    ada.post(f"{ONE}/act", kind="bar", note="rings strangers")
    ada.post("/decisions/1", do="reject")
    assert "withdrawn by ada" in " ".join(ada.get("/decisions").text.split())


def test_proposals_of_others_are_not_there(ada: Browser, desk: Desk) -> None:
    """Another tenant's admin neither sees nor decides it."""
    ada.post(f"{ONE}/act", kind="bar", note="rings strangers")
    olga = Browser(desk).sign_in("olga")
    assert "rings strangers" not in olga.get("/decisions").text
    assert "there is no such proposal" in olga.post("/decisions/1", do="confirm").text


def test_a_person_s_export_has_proposals(ada: Browser, desk: Desk) -> None:
    """What was proposed about somebody belongs to what is stored of them."""
    ada.post(f"{ONE}/act", kind="bar", note="rings strangers")
    counts = export_person(["447100000001"], desk.home / "out.ndjson", desk.home, SETTINGS)
    assert counts["proposal"] == 1
