"""The API: described, tried against its description, with tokens that may no more than they say; and webhooks."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, Response
from schemathesis.checks import ignored_auth

from dashboards.console.desk import Desk
from services.stores import open_store
from services.tokens import SCOPES, make_token, revoke_token
from services.verdicts import list_verdicts
from services.webhooks import add_webhook, deliver, list_webhooks, try_again
from tests.dashboards.console.desks import SETTINGS, Browser
from tests.store.found import alert
from tollwatch.frames import Findings


def bearer(desk: Desk, *scopes: str, by: str = "ada") -> dict[str, str]:
    """A token's header."""
    _, token = make_token("test", scopes or SCOPES, 1, desk.home, SETTINGS, by=by)
    return {"Authorization": f"Bearer {token}"}


def test_it_keeps_to_its_description(desk: Desk) -> None:
    """Whatever is sent, the answer is one that the description knows; wrong questions are refused (schemathesis)."""
    client, headers = Browser(desk).client, bearer(desk)
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    assert len(list(schema.get_all_operations())) >= 6
    for operation in schema.get_all_operations():
        _try_out(operation.ok(), client, headers)


def _try_out(operation: Any, client: Any, headers: dict[str, str]) -> None:
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def tried(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://testserver", headers=headers)
        kept = {name: sent[name] for name in ("method", "url", "params", "json", "data", "headers") if name in sent}
        kept["headers"] = {name: value for name, value in dict(kept["headers"]).items() if value is not None}
        answer = client.request(**kept)
        request = requests.Request(**kept).prepare()
        response = Response(
            status_code=answer.status_code,
            headers={name: [value] for name, value in answer.headers.items()},
            content=answer.content,
            request=request,
            elapsed=0.1,
            verify=False,
            http_version="1.1",
        )
        case.validate_response(response, excluded_checks=[ignored_auth])

    tried()


def test_a_token_may_no_more_than_its_scopes(desk: Desk) -> None:
    """Without the scope it is refused, and so is one that was revoked."""
    browser = Browser(desk)
    assert browser.get("/api/alerts").status_code == 401
    reading = bearer(desk, "alerts:read")
    assert browser.get("/api/alerts", headers=reading).status_code == 200
    assert browser.get("/api/lists", headers=reading).status_code == 401
    token_id, token = make_token("x", ["alerts:read"], 1, desk.home, SETTINGS, by="ada")
    revoke_token(token_id, desk.home, SETTINGS, by="ada")
    assert browser.get("/api/alerts", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_pages_follow_one_another(desk: Desk) -> None:
    """By cursor every alert comes once, in the order of storing; those of another tenant never."""
    browser, headers, seen, cursor = Browser(desk), bearer(desk), [], ""
    while True:
        answer = browser.get(f"/api/alerts?limit=1{cursor}", headers=headers).json()
        seen += [each["alert_id"] for each in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert sorted(seen) == [f"{n:016x}" for n in (1, 2, 3, 4)]


def test_who_sees_no_numbers_gets_none(desk: Desk) -> None:
    """A scientist's token has them masked in every answer."""
    browser, headers = Browser(desk), bearer(desk, by="scientist")
    for path in ("/api/alerts", f"/api/alerts/{1:016x}"):
        text = browser.get(path, headers=headers).text
        assert "447100000001" not in text
        assert "4471" in text


def test_a_verdict_by_token(desk: Desk) -> None:
    """It is recorded in the owner's name; unknown fields are refused."""
    browser, headers = Browser(desk), bearer(desk, "verdicts:write")
    path = f"/api/alerts/{1:016x}/verdict"
    assert browser.client.post(path, json={"verdict": "fraud", "lost": "5"}, headers=headers).status_code == 400
    assert browser.client.post(path, json={"verdict": "fraud"}, headers=headers).json()["by"] == "ada"
    assert len(list_verdicts(desk.home, SETTINGS)) == 1


class Listener:
    """Somebody's server: answers with a status, keeps what it was sent."""

    def __init__(self) -> None:
        self.status, self.got = 200, list[tuple[dict[str, str], bytes]]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server on this machine."""
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def tables(desk: Desk) -> dict[str, Any]:
    """The alerts of each tenant."""
    desk.queue.refresh()
    return {tenant: desk.queue.table(tenant) for tenant in ("main", "other")}


def test_new_alerts_are_sent_signed_and_once(desk: Desk, listener: Listener) -> None:
    """Those from before are not; another tenant's are not; the signature is that of the body under the secret."""
    add_webhook(listener.url, "warning", desk.home, SETTINGS, by="ada")
    assert deliver(tables(desk), desk.home, desk.home, SETTINGS) == 0
    store = open_store(desk.home, SETTINGS)
    store.write(Findings(alerts=[alert(20), alert(21, tenant="other")]))
    assert deliver(tables(desk), desk.home, desk.home, SETTINGS) == 1
    assert deliver(tables(desk), desk.home, desk.home, SETTINGS) == 0
    headers, body = listener.got[0]
    assert msgspec.json.decode(body)["alert_id"] == f"{20:016x}"
    (hook,) = list_webhooks(desk.home, SETTINGS, by="ada")
    seconds, digest = (part.split("=")[1] for part in headers["Tollwatch-Signature"].split(","))
    wanted = hmac.new(hook["secret"].encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert digest == wanted


def test_what_fails_is_tried_again_and_seen(desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, it waits; given up, it is shown with the reason; sent again by hand, it arrives."""
    monkeypatch.setattr("services.webhooks.FIRST_WAIT_MS", 0)
    webhook_id = add_webhook(listener.url, "warning", desk.home, SETTINGS, by="ada")
    open_store(desk.home, SETTINGS).write(Findings(alerts=[alert(20)]))
    listener.status = 503
    for _ in range(8):
        assert deliver(tables(desk), desk.home, desk.home, SETTINGS) == 0
    text = Browser(desk).sign_in("ada").get("/account").text
    assert "1 failed" in text
    assert "answered 503 (attempt 8)" in text
    listener.status = 200
    try_again(webhook_id, desk.home, SETTINGS, by="ada")
    assert deliver(tables(desk), desk.home, desk.home, SETTINGS) == 1
