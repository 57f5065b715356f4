"""A real browser on a console that is served, over events that went through the line."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dashboards.console.app import make_desk
from dashboards.console.desk import Desk
from dashboards.console.duties import DUTIES
from dashboards.console.serve import Address, free_port, serving
from services.run import run_line
from services.stores import held_open
from services.users import put_user
from streams.read import open_sources
from tests.dashboards.console.desks import PASSWORD, SETTINGS
from tests.dashboards.grafana.drawing import chromium

SIZES = [(1280, 800), (390, 844)]
SCHEMES = ["light", "dark"]
NOW = time.time_ns() // 1_000_000
BEGUN = NOW - 6 * 3_600_000
"""When the events of the tests begin: some hours ago, so that what is decided now comes behind them."""


def need_browser() -> str:
    """Skip, loudly, where there is no Chromium; fail in the pipeline."""
    found = chromium()
    if found is None:
        sentence = "chromium is not installed: the console is not tried in a browser here"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=need_browser(), args=["--no-sandbox", "--disable-gpu"])
        try:
            yield made
        finally:
            made.close()


def dropped(number: str, count: int, *, after_s: float = 0, account: str = "A1") -> list[dict[str, Any]]:
    """A number that rings strangers and drops the calls."""
    own = {"source": "sw", "service": "voice", "record_type": "originating", "duration_s": 0, "ring_s": 2}
    own |= {"calling_number": number, "account_id": account, "imei": "350000000000001", "cell_id": "c-1"}
    at = BEGUN + round(after_s * 1000)
    return [
        own | {"event_id": f"{number}-{at}-{n}", "event_time": at + n * 3_000, "called_number": f"44730{n:04}"}
        for n in range(count)
    ]


def run(data: Path, stream: str, events: Sequence[dict[str, Any]], *, as_of_ms: int | None = None) -> Any:
    """One run on the data directory that the console holds."""
    path = data.parent / f"{stream}-{events[0]['event_id']}.ndjson"
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    arrived = as_of_ms if as_of_ms is not None else time.time_ns() // 1_000_000
    return run_line(open_sources({stream: [path]}), data, SETTINGS, as_of_ms=arrived)


class Console:
    """A console that is served, and who sits before it."""

    def __init__(self, desk: Desk, url: str, browser: Browser) -> None:
        self.desk, self.url, self.browser = desk, url, browser
        self.faults: list[str] = []

    def page(self, name: str, size: tuple[int, int] = SIZES[0], scheme: Any = "light") -> Page:
        """Somebody signed in, in a browser of their own."""
        context: BrowserContext = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.goto(self.url)
        page.wait_for_selector("[name=name]:focus")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("header nav")
        return page


@contextmanager
def served(data: Path, browser: Browser) -> Iterator[Console]:
    """A console over three numbers that rang strangers, two of one account."""
    with held_open(data, SETTINGS, must_exist=False):
        first = (
            dropped("447100000001", 25)
            + dropped("447100000002", 45, after_s=400)
            + dropped("447100000003", 30, account="A3")
        )
        run(data, "usage", sorted(first, key=lambda event: event["event_time"]))
        for name, role in (("ada", "analyst"), ("bob", "analyst"), ("boss", "admin")):
            put_user(name, data, SETTINGS, role=role, password=PASSWORD)
        address = Address(port=free_port(0))
        with serving(make_desk(data, SETTINGS), address, DUTIES):
            yield Console(make_desk(data, SETTINGS), address.url, browser)
