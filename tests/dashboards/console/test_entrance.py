"""Who gets in: passwords, sessions that change their token, guessing, and where one is sent."""

import time

import pytest

from dashboards.console.desk import Desk
from dashboards.console.guard import COOKIE
from services import sign_in
from tests.dashboards.console.desks import PASSWORD, Browser


def test_the_token_is_new_at_each_sign_in(desk: Desk) -> None:
    """Session fixation: a token that somebody planted is not the one that is signed in with it."""
    browser = Browser(desk)
    browser.client.cookies.set(COOKIE, "planted")
    browser.sign_in("ada")
    tokens = [each.value for each in browser.client.cookies.jar if each.name == COOKIE]
    assert "planted" not in tokens[-1]
    thief = Browser(desk)
    thief.client.cookies.set(COOKIE, "planted")
    assert thief.get("/").status_code == 303


def test_a_session_ends_with_signing_out(desk: Desk) -> None:
    """The token of before opens nothing."""
    browser = Browser(desk).sign_in("ada")
    token = browser.client.cookies[COOKIE]
    assert browser.post("/sign-out").status_code == 303
    again = Browser(desk)
    again.client.cookies.set(COOKIE, token)
    assert again.get("/").status_code == 303


def test_the_token_changes_while_it_is_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the browser gets another; the one before is good for a minute, and then never again."""
    browser = Browser(desk).sign_in("ada")
    first = browser.client.cookies[COOKIE]
    monkeypatch.setattr(sign_in, "ROTATED_AFTER_MS", -1)
    monkeypatch.setattr(sign_in, "FORMER_GOOD_MS", 300)
    assert browser.get("/").status_code == 200
    second = browser.client.cookies[COOKIE]
    assert first != second
    late = Browser(desk)
    late.client.cookies.set(COOKIE, first)
    assert late.get("/").status_code == 200
    time.sleep(0.4)
    monkeypatch.setattr(sign_in, "ROTATED_AFTER_MS", 10**9)
    thief = Browser(desk)
    thief.client.cookies.set(COOKIE, first)
    assert thief.get("/").status_code == 303
    assert browser.get("/").status_code == 200


def test_guessing_is_stopped(desk: Desk) -> None:
    """Five wrong passwords of one name, and the right one has to wait, too; another name does not."""
    browser = Browser(desk)
    for _ in range(5):
        assert browser.client.post("/sign-in", data={"name": "ada", "password": "guess"}).status_code == 403
    assert browser.client.post("/sign-in", data={"name": "ada", "password": PASSWORD}).status_code == 429
    assert Browser(desk).sign_in("bob").get("/").status_code == 200


def test_one_address_that_tries_many_names_is_stopped(desk: Desk) -> None:
    """Twenty failures of an address, and nobody comes in from there."""
    browser = Browser(desk, address="203.0.113.9")
    for n in range(20):
        browser.client.post("/sign-in", data={"name": f"name{n}", "password": "guess"})
    assert browser.client.post("/sign-in", data={"name": "bob", "password": PASSWORD}).status_code == 429
    assert Browser(desk, address="203.0.113.10").sign_in("bob").get("/").status_code == 200


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(desk: Desk, to: str) -> None:
    """`to` leads to pages of the console alone."""
    answer = Browser(desk).client.post("/sign-in", data={"name": "ada", "password": PASSWORD, "to": to})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_another_host_name_is_refused(desk: Desk) -> None:
    """A name that somebody made point here (DNS rebinding) is not answered."""
    assert Browser(desk).get("/sign-in", headers={"host": "evil.example"}).status_code == 400
