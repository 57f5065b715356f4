"""The console as people use it: in a browser, by keyboard, at the sizes and in the colours that they have."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from services.audit import latest_audit
from services.stores import open_store
from services.triage import wake
from services.users import put_user
from tests.dashboards.console.browsing import BEGUN, NOW, SCHEMES, SIZES, Console, browser, dropped, run, served
from tests.dashboards.console.desks import PASSWORD, SETTINGS
from tests.dashboards.console.test_leakage import LOSS, TWICE
from tests.dashboards.console.test_leakage import found as leaked
from tests.dashboards.grafana.drawing import BUILT, bundle

RULE = """\
name: strangers
reads: usage
by: calling_number
features:
  strangers: >-
    distinct(called_number) over 10m
    where record_type = 'originating' and service = 'voice' and duration_s = 0 and ring_s <= 4
warning: strangers >= 5
"""
PLACES = (
    "/",
    "/leakage",
    "/decisions",
    "/lists",
    "/rules",
    "/rules/new",
    "/detectors",
    "/feeds",
    "/audit",
    "/people",
    "/account",
)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """One browser for all of them."""
    with browser() as made:
        yield made


@pytest.fixture
def console(tmp_path: Path, chrome: Browser) -> Iterator[Console]:
    """A console that is served."""
    with served(tmp_path / "data", chrome) as made:
        yield made
        assert made.faults == [], "the pages have no fault of their own"


def test_from_sign_in_to_verdict_by_keyboard_alone(console: Console) -> None:
    """j, Enter, f, a note, Enter: judged, and the next alert is open; ? lists the keys."""
    page = console.page("ada")
    expect(page.locator("[data-row]")).to_have_count(3)
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("snooze")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("[data-row].here").get_attribute("data-id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/alerts/{first}")
    expect(page.locator(".sentence")).to_contain_text("different called numbers within 10 minutes; alerts from")
    page.keyboard.press("f")
    page.keyboard.type("called one back: a premium tariff")
    page.keyboard.press("Enter")
    expect(page.locator(".said").first).to_contain_text(f"{first}: fraud")
    assert first not in page.url
    page.keyboard.press("Escape")
    expect(page.locator("[data-row]")).to_have_count(2)


def test_a_case_has_its_alerts_and_a_timeline(console: Console) -> None:
    """The two numbers of one account are one case; the third is not in it."""
    page = console.page("ada")
    page.locator("td a", has_text="case").first.click()
    expect(page.locator("h1")).to_have_text("Case of 2 alerts")
    expect(page.locator(".timeline li")).not_to_have_count(0)
    expect(page.locator(".chart rect")).not_to_have_count(0)
    assert "447100000003" not in page.content()


def _await_rows(page: Page, count: int) -> None:
    """Ask again until a list has so many rows: news are booked at leisure."""
    until = time.monotonic() + 60
    while page.locator("[data-row]").count() != count and time.monotonic() < until:
        time.sleep(0.5)
        page.reload()
    expect(page.locator("[data-row]")).to_have_count(count)


def test_a_leakage_from_the_list_to_recovered_and_one_written_off(console: Console) -> None:
    """Chosen, confirmed, asked for, done; a write-off is confirmed by another, and never by an analyst."""
    store = open_store(console.desk.data, SETTINGS)
    store.write(leaked())
    store.close()
    for name in ("rita", "rolf"):
        put_user(name, console.desk.home, SETTINGS, role="assurance", password=PASSWORD)
    page = console.page("rita")
    page.get_by_role("link", name="Leakage", exact=True).click()
    _await_rows(page, 4)
    page.get_by_label(f"choose {LOSS}").check()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".said")).to_contain_text("1 findings: done")
    page.locator(f"[data-id='{LOSS}'] a").first.click()
    expect(page.locator("h1")).to_contain_text("confirmed")
    expect(page.get_by_role("heading", name="Network")).to_be_visible()
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()
    for button, state in (("Asked for", "recovering"), ("Done", "recovered")):
        page.locator("#recover [name=note]").fill("bill run 7")
        page.locator("#recover").get_by_role("button", name=button).click()
        expect(page.locator("h1")).to_contain_text(state)
    expect(page.locator("#recovered")).to_have_text("34.50")
    page.goto(f"{console.url}/leakage/{TWICE}")
    page.locator("#write-off-form [name=note]").fill("the customer has left")
    page.get_by_role("button", name="Propose to write off").click()
    expect(page.locator(".said").first).to_contain_text("second person")
    analyst = console.page("ada")
    analyst.goto(f"{console.url}/leakage/{TWICE}")
    expect(analyst.locator("h1")).to_contain_text("detected")
    assert analyst.get_by_role("button", name="Propose to write off").count() == 0
    analyst.goto(f"{console.url}/decisions")
    assert analyst.get_by_role("button", name="Confirm").count() == 0
    other = console.page("rolf")
    other.goto(f"{console.url}/decisions")
    other.get_by_role("button", name="Confirm").click()
    other.goto(f"{console.url}/leakage/{TWICE}")
    expect(other.locator("#written-off")).to_have_text("5.00")
    with other.expect_download() as told:
        other.goto(f"{console.url}/leakage")
        other.get_by_role("button", name="Download").click()
    assert told.value.suggested_filename == "leakage-2026-01.html"
    rows = latest_audit(console.desk.home, SETTINGS)
    assert {row["table_name"] for row in rows if row["by"] in ("rita", "rolf")} >= {
        "verdict",
        "loss_action",
        "proposal",
    }


def test_snoozed_and_back_by_itself(console: Console) -> None:
    """s, a reason, Enter: away. When its time is over, it stands in the queue again without anybody's doing."""
    page = console.page("ada")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#snooze")
    alert_id = page.url.rpartition("/")[2]
    page.keyboard.press("s")
    page.keyboard.type("waits for the partner")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(2)
    page.goto(f"{console.url}/?view=snoozed")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.goto(console.url)
    wake([alert_id], console.desk.home, SETTINGS, by="ada")
    expect(page.locator("[data-row]")).to_have_count(3)


def test_a_list_entry_prevents_the_next_alert(console: Console) -> None:
    """Put on a list from the alert's page, the number is not found again; the look-alike is, and appears by itself."""
    page = console.page("ada")
    page.goto(f"{console.url}/lists")
    page.fill("main [name=list]", "known_caller")
    page.fill("main [name=entry]", "447100000011")
    page.fill("main [name=note]", "a hospital")
    page.click("button:has-text('Put on the list')")
    expect(page.locator("table.stack")).to_contain_text("447100000011")
    page.goto(console.url)
    expect(page.locator("[data-row]")).to_have_count(3)
    boxes = [call for n in (1, 2) for call in _sim_box(f"44710000001{n}", f"23400000000000{n}")]
    run(console.desk.home, "usage", sorted(boxes, key=lambda call: call["event_time"]))
    expect(page.locator("[data-row]")).to_have_count(4)
    expect(page.locator("#rows")).to_contain_text("234000000000002")
    assert "234000000000001" not in page.locator("#rows").inner_text()


def _sim_box(number: str, imsi: str) -> list[dict[str, Any]]:
    own = {"source": "sw", "service": "voice", "record_type": "originating", "duration_s": 60, "ring_s": 8}
    own |= {"calling_number": number, "imsi": imsi, "cell_id": "c1"}
    at = BEGUN + 1_800_000
    return [
        own | {"event_id": f"{imsi}-{n}", "event_time": at + n * 90_000, "called_number": f"44733{n}"}
        for n in range(120)
    ]


def test_a_rule_from_empty_to_live_and_back(console: Console) -> None:
    """Written with its fault shown at the word, tried, published by two people, alerting, and taken out again."""
    ada, bob = console.page("ada"), console.page("bob")
    ada.goto(f"{console.url}/rules")
    ada.click("text=Write a rule")
    ada.fill("#text", RULE.replace("usage", "usge"))
    ada.locator("#text").press_sequentially(" ")
    expect(ada.locator("#faults")).to_contain_text("Line 2, column 8, usge")
    ada.fill("#text", RULE)
    ada.locator("#text").press_sequentially(" ")
    expect(ada.locator("#faults")).to_contain_text("It can run.")
    ada.click("text=Run it on the past")
    expect(ada.locator("[data-trial=done]")).to_contain_text("3 out of 100 events")
    ada.click("text=Save the draft")
    _proposed(ada, "Propose to publish the draft")
    ada.goto(f"{console.url}/decisions")
    expect(ada.locator("section")).to_contain_text("a second person has to confirm it")
    expect(ada.locator("button:has-text('Confirm')")).to_have_count(0)
    _confirmed(bob, console)
    run(console.desk.home, "usage", dropped("447100000021", 8, after_s=7_200))
    ada.goto(console.url)
    expect(ada.locator("#rows")).to_contain_text("strangers")
    ada.goto(f"{console.url}/rules/strangers")
    _proposed(ada, "Propose to take it out")
    _confirmed(bob, console)
    run(console.desk.home, "usage", dropped("447100000022", 8, after_s=10_800))
    ada.goto(f"{console.url}/?view=all&detector=strangers")
    expect(ada.locator("[data-row]")).to_have_count(1)


def _proposed(page: Page, button: str) -> None:
    page.fill("aside [name=note]", "too many strangers")
    page.click(f"button:has-text('{button}')")
    expect(page.locator(".said").first).to_contain_text("A second person has to confirm it")


def _confirmed(page: Page, console: Console) -> None:
    page.goto(f"{console.url}/decisions")
    page.click("button:has-text('Confirm')")
    expect(page.locator(".said").first).to_contain_text("confirmed")


def test_a_record_in_quarantine_is_read_again(console: Console) -> None:
    """Refused because its time had not come yet; looked at, read again, and gone from quarantine."""
    early = dropped("447100000031", 1, after_s=3_600)
    run(console.desk.home, "usage", early, as_of_ms=BEGUN)
    page = console.page("ada")
    page.goto(f"{console.url}/feeds")
    page.locator("td a").first.click()
    expect(page.locator("pre")).to_contain_text("447100000031")
    page.click("button:has-text('Read it again')")
    expect(page.locator(".said")).to_contain_text("1 taken")
    expect(page.locator("main")).to_contain_text("Nothing waits: every record could be taken")
    assert NOW > BEGUN


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_page_is_accessible_and_fits(console: Console, size: tuple[int, int], scheme: str) -> None:
    """Axe finds no serious fault, and nothing must be scrolled sideways; on every page, in both colours and sizes."""
    bundle()
    axe = (BUILT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    pages = {name: console.page(name, size, scheme) for name in ("ada", "boss")}
    href = pages["ada"].locator("td a").first.get_attribute("href") or ""
    for path in (*PLACES, href, href.replace("alerts", "cases")):
        page = pages["boss" if path in ("/audit", "/people") else "ada"]
        page.goto(console.url + path)
        expect(page.locator(".wait")).to_have_count(0)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{path} is too wide"
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            f"{path}: {each['id']}: {each['nodes'][0]['html'][:160]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == []
    assert re.match(r"/alerts/[0-9a-f]{16}", href)
