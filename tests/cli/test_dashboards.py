"""`tollwatch dashboards push`: every dashboard is sent once, into its folder; what Grafana refuses is said.

Grafana itself is not among the parts that the tests can get; what answers here is its HTTP interface, as documented.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cli import call
from cli.dashboards import TOKEN
from dashboards.grafana.shipped import shipped_boards

NAME = "dashboards"


class Grafana(BaseHTTPRequestHandler):
    """Knows folders and dashboards."""

    folders: list[dict[str, str]]
    boards: dict[str, dict[str, object]]

    def _answer(self, code: int, body: object) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def _may(self) -> bool:
        if self.headers["Authorization"] == "Bearer good":
            return True
        self._answer(401, {"message": "Invalid API key"})
        return False

    def do_GET(self) -> None:
        """Folders, and the version that the client asks for."""
        if self._may():
            self._answer(200, self.folders if "/folders" in self.path else {"version": "12.1.0"})

    def do_POST(self) -> None:
        """Take a folder or a dashboard."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._may():
            return
        if self.path.endswith("/folders"):
            self.folders.append({"uid": body["uid"], "title": body["title"]})
        else:
            assert body["overwrite"]
            assert body["folderUid"] in {folder["uid"] for folder in self.folders}
            self.boards[body["dashboard"]["uid"]] = body["dashboard"]
        self._answer(200, {"status": "success", "uid": "x"})

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def grafana() -> Iterator[str]:
    """Its address."""
    Grafana.folders, Grafana.boards = [], {}
    server = HTTPServer(("127.0.0.1", 0), Grafana)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_dashboard_comes_once(grafana: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pushed again they are the same."""
    monkeypatch.setenv(TOKEN, "good")
    for _ in range(2):
        assert call(["dashboards", "push", grafana]) == 0
    assert [folder["uid"] for folder in Grafana.folders] == ["tollwatch"]
    assert Grafana.boards == {board["uid"]: board for board in shipped_boards().values()}
    assert len(Grafana.boards) == len(shipped_boards())


def test_what_is_wrong_is_said(
    grafana: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No token, a wrong one, nobody there."""
    monkeypatch.delenv(TOKEN, raising=False)
    assert call(["dashboards", "push", grafana]) == 4
    monkeypatch.setenv(TOKEN, "bad")
    assert call(["dashboards", "push", grafana]) == 5
    assert call(["dashboards", "push", "http://127.0.0.1:9"]) == 5
    said = capfd.readouterr().err.splitlines()
    assert "TOLLWATCH_GRAFANA_TOKEN is not set" in said[0]
    assert "does not take the token" in said[1]
    assert "cannot be reached" in said[2]
