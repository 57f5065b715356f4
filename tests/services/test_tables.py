"""The user for dashboards: what is said to the server is ClickHouse's, and gives nothing but reading."""

import pytest

import services.tables
from services.tables import make_reader
from store import ChdbStore
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError


class Said:
    """A server that notes what it is told."""

    statements: tuple[str, ...] = ()

    def __init__(self, url: str) -> None:
        self.database = url.rpartition("/")[2]

    def run(self, sql: str) -> None:
        """Note it."""
        Said.statements += (sql,)

    def close(self) -> None:
        """Nothing is open."""


def test_the_statements_are_clickhouse_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its parser takes each; the password is not in them, the limits cannot be raised, and only SELECT is granted."""
    monkeypatch.setattr(services.tables, "ServerStore", Said)
    monkeypatch.setenv("TOLLWATCH_READER_PASSWORD", "hunter2")
    Said.statements = ()
    assert make_reader("grafana", Settings(clickhouse="clickhouse://h/tollwatch")) == "hunter2"
    store = ChdbStore(tmp_path_factory.mktemp("reader") / "data")
    for statement in Said.statements:
        assert "hunter2" not in statement
        assert store.run(f"EXPLAIN AST {statement}", "TSV").bytes()
    store.close()
    together = " ".join(Said.statements)
    assert "max_execution_time = 60 MAX 60" in together
    assert [each for each in Said.statements if each.startswith("GRANT")] == [
        "GRANT SELECT ON `tollwatch`.* TO `grafana`"
    ]


@pytest.mark.parametrize("name", ["a b", "x`; DROP", "", "1a"])
def test_a_name_is_a_name(name: str) -> None:
    """And without a server there is nobody to make."""
    with pytest.raises(ConfigurationError, match="letters, digits"):
        make_reader(name, Settings(clickhouse="clickhouse://h/tollwatch"))
    with pytest.raises(ConfigurationError, match="has no users"):
        make_reader("grafana", Settings())
