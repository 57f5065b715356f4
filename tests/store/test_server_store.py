"""The store on a server, without one: its URL, its sentences, its answers. Live tests have the server."""

import io
from typing import Any, Self

import polars as pl
import pytest
from clickhouse_driver import errors

from store import ServerStore, server_store
from store.server_store import shown
from tests.store.found import alert
from tollwatch.errors import ConfigurationError, StoreAwayError, StoreError
from tollwatch.frames import Findings

URL = "clickhouse://me:secret@db:9000/rafm"


class Client:
    """What clickhouse-driver would be: answers, or fails."""

    def __init__(self, answer: Any = None, failure: Exception | None = None) -> None:
        self.answer, self.failure = answer, failure
        self.asked: list[tuple[str, Any]] = []
        self.settings: dict[str, Any] = {}
        self.client_settings: dict[str, Any] = {}
        self.connection = type("Connection", (), {})()
        self.disconnected = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def execute(self, sql: str, values: Any = None, **_: Any) -> Any:
        """Answer."""
        self.asked.append((sql, values))
        if self.failure is not None:
            raise self.failure
        return self.answer

    def disconnect(self) -> None:
        """Count."""
        self.disconnected += 1


def store(monkeypatch: pytest.MonkeyPatch, client: Client) -> ServerStore:
    """A store over that client."""
    monkeypatch.setattr(server_store.Client, "from_url", lambda _: client)
    return ServerStore(URL, make=False)


@pytest.mark.parametrize("url", ["http://db/rafm", "clickhouse:///rafm", "db:9000", ""])
def test_what_is_no_url_of_a_server_is_a_sentence(url: str) -> None:
    """It shows how one is written."""
    with pytest.raises(ConfigurationError, match=r"write clickhouse://user:password@host:9000/tollwatch"):
        ServerStore(url)


def test_no_password_is_shown() -> None:
    """Logs and errors print the place."""
    assert shown(URL) == "clickhouse://me:***@db:9000/rafm"
    assert shown("clickhouse://db/rafm") == "clickhouse://db/rafm"


@pytest.mark.parametrize("failure", [errors.NetworkError("x"), errors.SocketTimeoutError("x"), EOFError()])
def test_a_server_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    """Which means: try again; the connection is not used any further."""
    client = Client(failure=failure)
    with pytest.raises(StoreAwayError, match="cannot be reached; is it running"):
        store(monkeypatch, client).run("SELECT 1")
    assert client.disconnected == 1


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(516, "the name or the password is wrong"), (497, "the user may not do this"), (60, "Table x does not exist")],
)
def test_a_server_that_refuses_says_why(monkeypatch: pytest.MonkeyPatch, code: int, sentence: str) -> None:
    """In a sentence, without the server's stack trace, and without our password."""
    failure = errors.ServerException("Table x does not exist. Stack trace: 0. main", code)
    with pytest.raises(StoreError, match=sentence) as raised:
        store(monkeypatch, Client(failure=failure)).query("SELECT * FROM x")
    assert "Stack" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_findings_are_inserted_by_columns_frame_marks_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame whose mark is stored is stored whole."""
    client = Client()
    store(monkeypatch, client).write(Findings(alerts=[alert(1), alert(2)]))
    (sql, columns) = client.asked[0]
    assert sql.startswith("INSERT INTO alert (`alert_id`, ")
    assert columns[0] == [alert(1).alert_id, alert(2).alert_id]


def test_answers_come_in_every_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text that is no UTF-8 is shown with what cannot be read replaced."""
    client = Client(([["a", b"\xff"], [1, 2]], [("name", "String"), ("n", "Int64")]))
    made = store(monkeypatch, client)
    assert made.answer("SELECT", "JSONEachRow").splitlines()[0] == b'{"name":"a","n":1}'
    assert made.answer("SELECT", "JSONCompactEachRowWithNames").splitlines()[0] == b'["name","n"]'
    assert made.answer("SELECT", "CSVWithNames").splitlines()[1] == b"a,1"
    read = pl.read_parquet(io.BytesIO(made.answer("SELECT", "Parquet")))
    assert read["name"].to_list() == ["a", "\ufffd"]


def test_no_rows_keep_their_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty answer can still be joined and shown."""
    assert store(monkeypatch, Client(([], [("n", "Int64")]))).query("SELECT").columns == ["n"]


def test_for_reading_the_server_itself_refuses_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not our own look at the SQL."""
    client = Client()
    store(monkeypatch, client).only_read()
    assert client.settings["readonly"] == 1
