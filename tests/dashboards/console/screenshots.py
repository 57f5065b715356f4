"""Pictures of the console for the documentation: `python -m tests.dashboards.console.screenshots`.

A small operator is simulated; somebody judges a few of its alerts, proposes to bar one subject, and writes a rule.
"""

import tempfile
import time
from pathlib import Path

import polars as pl
from playwright.sync_api import Page

from dashboards.console.app import make_desk
from dashboards.console.desk import Desk
from dashboards.console.serve import Address, free_port, serving
from dashboards.report.files import report_in
from services.approvals import Wish, propose
from services.demo import Size, play
from services.leakage_report import leakage_report, period_of
from services.ledger.decide import Act
from services.queue import Filters
from services.stores import held_open
from services.triage import assign, judge
from services.users import put_user
from services.verdicts import Said
from tests.dashboards.console.browsing import SIZES, browser
from tests.dashboards.console.desks import PASSWORD
from tests.shared import ROOT
from tollwatch.config import Settings

IMAGES = ROOT / "docs" / "images"
SETTINGS = Settings()


def main() -> None:
    """Simulate, serve, take every picture."""
    with tempfile.TemporaryDirectory() as folder:
        play(Path(folder), Size(4_000, 6, 3))
        data = Path(folder) / "data"
        with held_open(data, SETTINGS):
            for name, role in (("ada", "analyst"), ("bob", "analyst"), ("rita", "assurance"), ("boss", "admin")):
                put_user(name, data, SETTINGS, role=role, password=PASSWORD)
            desk = make_desk(data, SETTINGS)
            _work(desk)
            address = Address(port=free_port(0))
            with serving(desk, address), browser() as chrome:
                for size, scheme, names in ((SIZES[0], "light", None), (SIZES[1], "dark", ("queue", "alert"))):
                    width, height = size
                    context = chrome.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
                    page = context.new_page()
                    _pictures(page, address.url, names, "" if names is None else "-phone")
                    context.close()
                _leakage(chrome.new_page(viewport={"width": SIZES[0][0], "height": SIZES[0][1]}), desk, address.url)


def _work(desk: Desk) -> None:
    """What a morning leaves behind."""
    page = desk.queue.page("main", Filters(), "ada")
    ids = [row["alert_id"] for row in page.rows]
    given = {"data": desk.home, "settings": SETTINGS}
    judge(ids[4:9], Said("fraud", note="called back"), by="ada", **given)  # type: ignore[arg-type]
    judge(ids[9:11], Said("false_alarm", note="a call centre"), by="ada", **given)  # type: ignore[arg-type]
    assign(ids[1:3], "bob", by="ada", **given)  # type: ignore[arg-type]
    wish = Wish("bar", None, page.rows[0]["subject"], {}, "a premium service that calls itself", ids[0])
    propose(wish, desk.home, SETTINGS, by="ada")
    desk.queue.refresh()


def _leakage(page: Page, desk: Desk, url: str) -> None:
    """What revenue assurance sees, and the report of the month."""
    books = desk.books("main")
    open_ones = books.frame.filter((pl.col("kind") == "leakage") & (pl.col("net_micros") > 0))
    ids = open_ones.sort("net_micros", "finding_id", descending=True)["finding_id"].to_list()
    one = open_ones.filter(pl.col("name") == "provisioned_not_billed").sort("finding_id")["finding_id"][0]
    books.assign([*ids[:4], one], "rita", by="rita")
    books.judge([*ids[:6], one], Said("leakage", note="seen in the network"), by="rita")
    books.act([*ids[:3], one], Act("rebill", "requested", None, "bill run 12"), by="rita")
    books.act(ids[:2], Act("rebill", "done", None, "bill run 12"), by="rita")
    page.goto(url)
    page.fill("[name=name]", "rita")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_selector("header nav")
    for name, path in (("leakage", "/leakage?state=all"), ("break", f"/leakage/{one}")):
        page.goto(url + path)
        page.screenshot(path=IMAGES / f"console-{name}.png")
    month = open_ones.select(pl.from_epoch("occurred_at", time_unit="ms").dt.strftime("%Y-%m").alias("m"))["m"].mode()[
        0
    ]
    made = leakage_report(period_of(month), desk.data, SETTINGS, books=books)
    page_file = (desk.data or desk.home).parent / "report.html"
    page_file.write_bytes(report_in(made, "html"))
    page.goto(page_file.as_uri())
    page.screenshot(path=IMAGES / "report-leakage.png")


def _pictures(page: Page, url: str, names: tuple[str, ...] | None, suffix: str) -> None:
    page.goto(url)
    page.fill("[name=name]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_selector("table.queue")
    wangiri = page.request.get(f"{url}/?view=all&detector=wangiri").text().partition('href="/alerts/')[2][:16]
    places = {"queue": "/", "alert": f"/alerts/{wangiri}", "decisions": "/decisions", "rule": "/rules/new"}
    places |= {"detectors": "/detectors", "feeds": "/feeds"}
    for name, path in places.items():
        if names is not None and name not in names:
            continue
        page.goto(url + path)
        while page.locator(".wait").count():
            time.sleep(0.1)
        if name == "rule":
            page.click("text=Run it on the past")
            page.wait_for_selector("[data-trial=done]", timeout=60_000)
        page.screenshot(path=IMAGES / f"console-{name}{suffix}.png")


if __name__ == "__main__":
    main()
