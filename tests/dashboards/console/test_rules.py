"""A rule from empty to live and back: faults at the word, a trial on the past, two people, a way back."""

import time
from typing import Any

import pytest

from dashboards.console.desk import Desk
from services import rule_drafts
from services.rule_drafts import break_circuits, list_rules, paused_rules
from store.relational.audit import now_ms
from tests.dashboards.console.desks import SETTINGS, Browser, console, found, usage, write_raw
from tests.store.found import START, alert
from tollwatch.frames import Findings

TEXT = """\
name: many-calls
reads: usage
by: calling_number
features:
  calls: count() over 10m where record_type = 'originating' and service = 'voice' and duration_s = 0
warning: calls >= {limit}
"""


def ended(browser: Browser, text: str) -> str:
    """What came of a trial."""
    import re  # noqa: PLC0415

    answer = browser.post("/rules/trial", text=text).text
    while 'data-trial="running"' in answer:
        time.sleep(0.1)
        job = re.search(r"/rules/trial/(\w+)", answer)
        assert job is not None
        answer = browser.get(f"/rules/trial/{job.group(1)}").text
    return answer


def publish(desk: Desk, limit: int) -> Any:
    """Ada writes and proposes, Bob confirms."""
    ada, bob = Browser(desk).sign_in("ada"), Browser(desk).sign_in("bob")
    assert ada.post("/rules/new", text=TEXT.format(limit=limit)).status_code == 303
    assert ada.post("/rules/many-calls/propose", note="better").status_code == 303
    from services.approvals import proposals  # noqa: PLC0415

    number = proposals(desk.home, SETTINGS, state="waiting")[0]["proposal_id"]
    assert "a second person" in ada.post(f"/decisions/{number}", do="confirm").text
    return bob.post(f"/decisions/{number}", do="confirm")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TEXT.format(limit=3).replace("usage", "usge"), "Line 2, column 8, <code>usge</code>"),
        (TEXT.format(limit=3).replace("by: calling_number", "by: caling_number"), "Line 3, column 5"),
        (TEXT.format(limit=3).replace("count()", "cuont()"), "<code>cuont</code>"),
        ("name: [", "Line 1, column 8"),
        (TEXT.format(limit=3), "It can run."),
    ],
)
def test_a_fault_is_told_at_its_word(ada: Browser, text: str, says: str) -> None:
    """While it is typed: line, column, word; and when it can run, that."""
    assert says in ada.post("/rules/check", text=text).text


def test_a_trial_says_what_it_would_have_done(ada: Browser, desk: Desk) -> None:
    """Alerts, verdicts on its subjects, hours; nothing is written. A rule that nothing satisfies stays silent."""
    calls = [
        usage(
            f"c{n}", event_time=START + n * 1000, calling_number="447100000001", record_type="originating", duration_s=0
        )
        for n in range(5)
    ]
    write_raw(desk.home, SETTINGS, "usage", calls)
    ada.post(f"/alerts/{1:016x}/verdict", verdict="fraud")
    text = " ".join(ended(ada, TEXT.format(limit=3)).split())
    assert "<b>1</b> out of 5 events" in text
    assert "1 fraud, 0 false alarm" in text
    assert "It would have stayed silent" in ended(ada, TEXT.format(limit=6))
    assert desk.queue.refresh() is False


def test_two_people_publish_and_one_goes_back(desk: Desk) -> None:
    """Version 2 takes the place of version 1; the text of 1 comes back as version 3."""
    assert publish(desk, 20).status_code == 303
    assert publish(desk, 30).status_code == 303
    (row,) = list_rules(desk.home, SETTINGS)
    assert (row["version"], row["state"]) == (2, "published")
    ada = Browser(desk).sign_in("ada")
    assert ada.post("/rules/many-calls/back", version="1").status_code == 303
    (row,) = list_rules(desk.home, SETTINGS)
    assert (row["version"], row["state"], row["text"]) == (3, "draft", TEXT.format(limit=20))


def test_what_changed_after_it_was_proposed_is_not_published(desk: Desk) -> None:
    """Who confirms has seen another text."""
    ada, bob = Browser(desk).sign_in("ada"), Browser(desk).sign_in("bob")
    ada.post("/rules/new", text=TEXT.format(limit=20))
    ada.post("/rules/many-calls/propose", note="better")
    ada.post("/rules/many-calls", text=TEXT.format(limit=1))
    assert "was changed since it was proposed" in bob.post("/decisions/1", do="confirm").text
    assert list_rules(desk.home, SETTINGS)[0]["state"] == "draft"


def test_a_rule_that_floods_the_queue_is_paused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More alerts in an hour than can be looked at in a day: paused, told, audited; one less, and it goes on."""
    monkeypatch.setattr(rule_drafts, "WORKING_H", 0.25)  # three analysts look at nine alerts
    many = [alert(100 + n, detector="many-calls", subject=f"4471{n}") for n in range(9)]
    with console(tmp_path / "data", Findings(alerts=many)) as desk:
        assert publish(desk, 20).status_code == 303
        time.sleep(0.01)
        assert break_circuits(desk.home, desk.home, SETTINGS, live=False) == []
        from services.stores import open_store  # noqa: PLC0415

        open_store(desk.home, SETTINGS).write(Findings(alerts=[alert(200, detector="many-calls")]))
        assert break_circuits(desk.home, desk.home, SETTINGS, live=False) == ["many-calls"]
        (row,) = paused_rules(desk.home, SETTINGS)
        assert "10 alerts within an hour" in row["note"]
        assert "paused: 10 alerts" in Browser(desk).sign_in("ada").get("/").text
        assert row["until_ms"] <= now_ms()


def test_the_look_alike_of_a_flood_is_another_detector(desk: Desk) -> None:
    """What others raise is not counted against a rule."""
    assert found().alerts
    assert publish(desk, 20).status_code == 303
    assert break_circuits(desk.home, desk.home, SETTINGS, live=False) == []
