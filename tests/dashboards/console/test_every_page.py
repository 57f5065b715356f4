"""Every address of the console, found by walking its routes: who may not ask for it is refused, whoever added it."""

import re
from typing import Any

import pytest

from dashboards.console.app import every_page
from dashboards.console.desk import Desk, Page
from services.roles import ROLES, may
from tests.dashboards.console.desks import Browser

PLACES = {
    "alert_id": f"{1:016x}",
    "finding_id": f"{1:016x}",
    "name": "wangiri",
    "artifact": "0123456789abcdef",
    "job_id": "0" * 16,
    "proposal_id": "1",
    "quarantine_id": "0",
    "token_id": "x",
    "webhook_id": "x",
    "user": "ada",
    "version": "1",
}
OTHERS = f"{9:016x}"
EVERY = [(page, method) for page in every_page() for method in page.methods]


def path_of(page: Page, **places: str) -> str:
    """An address with something at each place."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda place: {**PLACES, **places}[place.group(1)], page.path)


def asked(browser: Browser, page: Page, method: str, path: str) -> Any:
    """What is answered; a form is sent with the session's secret and nothing else in it."""
    if page.path == "/queue/live":
        return None  # does not end; its guard is the same
    return browser.get(path) if method == "GET" else browser.post(path)


def test_nobody_comes_in_without_signing_in(desk: Desk) -> None:
    """A page sends to the entrance; a form and the API are refused."""
    for page, method in EVERY:
        if page.is_public:
            continue
        answer = Browser(desk).client.request(method, path_of(page))
        is_page = method == "GET" and not page.path.startswith("/api/")
        assert answer.status_code == (303 if is_page else 401), f"{method} {page.path}"
        if is_page:
            assert answer.headers["location"].startswith("/sign-in")


@pytest.fixture
def browsers(desk: Desk) -> dict[str, Browser]:
    """A browser of each role."""
    return {role: Browser(desk, address=role).sign_in(role) for role in ROLES}


def test_every_role_may_what_its_permissions_say(browsers: dict[str, Browser]) -> None:
    """403 for who may not, anything else for who may: no page is without a permission but the entrance."""
    for page, method in EVERY:
        if page.is_public:
            continue
        assert page.may is not None, f"{page.path}: says nobody's permission"
        for role, browser in browsers.items():
            if page.path in ("/sign-out", "/queue/live"):
                continue
            answer = asked(browser, page, method, path_of(page))
            refused = answer.status_code == 403
            assert refused == (not may(role, page.may)), f"{role} {method} {page.path}: {answer.status_code}"
            assert answer.status_code < 500, f"{role} {method} {page.path}: {answer.text[:300]}"


def test_every_page_keeps_to_its_tenant(desk: Desk) -> None:
    """What belongs to another tenant is not there: neither shown nor changed, whatever the address."""
    for name in ("analyst", "admin"):
        browser = Browser(desk, address=name).sign_in(name)
        for page, method in EVERY:
            if "{alert_id}" not in page.path or not may(name, page.may or "look"):  # type: ignore[arg-type]
                continue
            answer = asked(browser, page, method, path_of(page, alert_id=OTHERS))
            assert answer.status_code in (400, 404), f"{name} {method} {page.path}: {answer.status_code}"
            assert "447100000009" not in answer.text
    own = Browser(desk, address="olga").sign_in("olga")
    assert OTHERS in own.get("/").text
    assert f"{1:016x}" not in own.get("/").text


def test_every_form_needs_the_secret_of_the_session(ada: Browser) -> None:
    """A form of another site has not the secret, and says where it comes from: both are refused."""
    for page, method in EVERY:
        if method == "GET" or page.is_public or not may("analyst", page.may or "look"):  # type: ignore[arg-type]
            continue
        assert ada.client.post(path_of(page)).status_code == 403, page.path
        secret = {"csrf": ada.csrf()}
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
            assert ada.client.post(path_of(page), data=secret, headers=headers).status_code == 403, page.path


def test_every_answer_forbids_scripts_of_others(ada: Browser) -> None:
    """The policy stands on every answer, errors too, and no page has a script or style of its own in it."""
    for path in ("/", "/sign-in", "/alerts/nothing", "/nowhere"):
        answer = ada.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"], path
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", answer.text), path
