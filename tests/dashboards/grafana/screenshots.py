"""Draw every board for the documentation: `make screenshots` writes docs/images/board-*.png."""

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.grafana_json import as_json
from replay.simulate.run import START
from store import ChdbStore
from tests.dashboards.grafana.drawing import draw, frames
from tests.dashboards.grafana.expanded import asks_clickhouse, chosen, expanded, shown

IMAGES = Path(__file__).parents[3] / "docs" / "images"
BEGIN = datetime.fromtimestamp(START / 1000, UTC)


def main() -> None:
    """An operator's week, and what the boards show of it."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        words = ("demo", "--subscribers", "3000", "--days", "7", "--data", folder)
        subprocess.run([sys.executable, "-m", "tollwatch", *words], check=True, capture_output=True)
        store = ChdbStore(Path(folder) / "data")
        subject = store.query("SELECT subject FROM alert_last WHERE detector = 'wangiri' LIMIT 1")["subject"][0]
        for name, board in every_board().items():
            if name == "workers":
                continue  # without Prometheus there is nothing to see
            own = {"fraud-type": {"fraud_type": "wangiri"}, "timeline": {"subject": subject}}.get(name, {})
            values = chosen(board, store, **own)
            span = BEGIN - timedelta(days=max(board.days - 8, 0)), BEGIN + timedelta(days=8)
            plain = json.loads(shown(as_json(board), values))
            panels = [panel for panel in plain["panels"] if panel["type"] != "row"]
            rows = {
                drawn["id"]: frames(panel.kind, store.query(expanded(panel.sql, values, span=span)))
                for drawn, panel in zip(panels, board.panels(), strict=True)
                if asks_clickhouse(panel)
            }
            picture = IMAGES / f"board-{name}.png"
            draw(plain, rows, span, picture)
            picture.with_suffix(".html").unlink()
        store.close()


if __name__ == "__main__":
    main()
