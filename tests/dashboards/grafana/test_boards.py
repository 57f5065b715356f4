"""Dashboards: the JSON is the code's, and every panel answers on what a run has stored."""

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.__main__ import FOLDER
from dashboards.grafana.boards.fraud_type import board as fraud_type_board
from dashboards.grafana.boards.fraud_type import types
from dashboards.grafana.boards.grafana_json import as_json
from detectors import every_detector, every_model
from store import ChdbStore
from tests.dashboards.grafana.answers import wrong

LOST = object()


def test_the_json_is_the_code() -> None:
    """`make docs` writes it anew."""
    made = {f"{name}.json": as_json(board) for name, board in every_board().items()}
    assert {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")} == made


def test_every_fraud_type_can_be_chosen() -> None:
    """Every detector belongs to one choice, whose value names it."""
    known: dict[str, set[str]] = {}
    for kind in [*every_detector(), *every_model()]:
        known.setdefault(kind.fraud_type, set()).add(kind.name())
    assert {kind: set(names) for kind, names in types().items()} == known
    (variable,) = [each for each in fraud_type_board().variables if each.name == "fraud_type"]
    chosen = [set(value.split("|")) for value in variable.options.values()]
    assert sorted(map(sorted, chosen)) == sorted(map(sorted, known.values()))
    assert not any("," in name or ":" in name for name in variable.options), "Grafana divides choices at commas"


def test_every_dashboard_explains_itself() -> None:
    """Names and addresses of their own, a description and a sentence for nothing on every panel."""
    boards = every_board().values()
    assert len({board.uid for board in boards}) == len({board.title for board in boards}) == len(boards)
    for board in boards:
        assert board.description
        assert len(board.uid) <= 40
        for panel in board.panels():
            assert panel.description.endswith("."), panel.title
            assert 0 < panel.width <= 24
            assert panel.empty
        panels = [panel for panel in json.loads(as_json(board))["panels"] if panel["type"] != "row"]
        assert len(panels) == len(board.panels())
        assert len({panel["id"] for panel in panels}) == len(panels)


def _lost(given: Any, back: Any, path: str = "") -> list[str]:
    """The keys that Grafana's schema does not know."""
    if isinstance(given, dict) and isinstance(back, dict):
        pairs = [(name, value, back.get(name, LOST)) for name, value in given.items()]
        return [each for name, value, other in pairs for each in _lost(value, other, f"{path}/{name}")]
    if isinstance(given, list) and isinstance(back, list) and len(given) == len(back):
        return [each for n, value in enumerate(given) for each in _lost(value, back[n], f"{path}/{n}")]
    return [] if given == back else [path]


def test_grafanas_schema_knows_every_key() -> None:
    """Read by Grafana's own schema and written again, nothing is lost but what the data source's queries say."""
    register_default_plugins()
    for board in every_board().values():
        plain = json.loads(as_json(board))
        back = json.loads(json.dumps(Dashboard.from_json(plain), cls=JSONEncoder))
        own = ("/annotations/list/0/target/", "/targets/0/")
        assert [path for path in _lost(plain, back) if not any(part in path for part in own)] == []


def test_links_lead_to_boards() -> None:
    """A click on a subject opens its timeline, whose choices have the names that the link gives."""
    boards = {board.uid: board for board in every_board().values()}
    links = {c.link for board in boards.values() for panel in board.panels() for c in panel.columns.values() if c.link}
    assert links
    for link in links:
        uid, _, given = link.removeprefix("/d/").partition("?")
        names = [part.removeprefix("var-").split("=")[0] for part in given.split("&") if part.startswith("var-")]
        assert set(names) <= {variable.name for variable in boards[uid].variables}


def test_no_money_is_summed_over_currencies() -> None:
    """A sum of amounts is of converted ones, or stands beside the currency it is grouped by."""
    for name, board in every_board().items():
        for panel in board.panels():
            if "sum(" in panel.sql and "amount_micros" in panel.sql and "money_micros" not in panel.sql:
                assert "currency" in panel.sql.rpartition("GROUP BY")[2], (name, panel.title)


def test_every_panel_answers(operator: Path) -> None:
    """On chDB, with what was simulated; on a ClickHouse server the live tests do the same."""
    store = ChdbStore(operator)
    try:
        assert wrong(store) == []
    finally:
        store.close()
