"""Dashboards: the JSON is the code's, and every panel answers on what a run has stored."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.__main__ import FOLDER
from dashboards.grafana.boards.fraud_type import boards, types
from dashboards.grafana.boards.panel import as_json
from detectors import every_detector, every_model
from store import ChdbStore
from tests.dashboards.grafana.answers import wrong


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small operator whose streams were run."""
    folder = tmp_path_factory.mktemp("boards")
    words = ("demo", "--subscribers", "1000", "--days", "3", "--seed", "6", "--data", str(folder))
    subprocess.run([sys.executable, "-m", "tollwatch", *words], check=True, capture_output=True)
    return folder / "data"


def test_the_json_is_the_code() -> None:
    """`make docs` writes it anew."""
    made = {f"{name}.json": as_json(board) for name, board in every_board().items()}
    assert {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")} == made


def test_every_fraud_type_has_its_detectors() -> None:
    """Every detector stands on one dashboard, and is asked for there."""
    known: dict[str, set[str]] = {}
    for kind in [*every_detector(), *every_model()]:
        known.setdefault(kind.fraud_type, set()).add(kind.name())
    assert {kind: set(names) for kind, names in types().items()} == known
    for kind, board in boards().items():
        assert all(f"'{name}'" in panel.sql for name in known[kind] for panel in board.panels())


def test_every_dashboard_explains_itself() -> None:
    """Names and addresses of their own, a description on every panel, links into the console where rows have ids."""
    boards = every_board().values()
    assert len({board.uid for board in boards}) == len({board.title for board in boards}) == len(boards)
    for board in boards:
        assert board.description
        assert len(board.uid) <= 40
        for panel in board.panels():
            assert panel.description.endswith("."), panel.title
            assert 0 < panel.width <= 24
        panels = [panel for panel in json.loads(as_json(board))["panels"] if panel["type"] != "row"]
        assert len(panels) == len(board.panels())
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert all(panel["targets"][0]["rawSql"] for panel in panels)


def test_every_panel_answers(data: Path) -> None:
    """On chDB, with what was simulated; on a ClickHouse server the live tests do the same."""
    store = ChdbStore(data)
    try:
        assert wrong(store) == []
    finally:
        store.close()
