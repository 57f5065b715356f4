"""Every dashboard, by name. `python -m dashboards.grafana.boards` writes them to `dashboards/grafana/json`."""

from collections.abc import Callable

from dashboards.grafana.boards import feeds, fraud_operations, fraud_type, leakage, models
from dashboards.grafana.boards.panel import Board


def every_board() -> dict[str, Board]:
    """Name of the file -> dashboard."""
    single: dict[str, Callable[[], Board]] = {
        "fraud-operations": fraud_operations.board,
        "leakage": leakage.board,
        "feeds": feeds.board,
        "models": models.board,
    }
    return {name: make() for name, make in single.items()} | {
        f"fraud-type-{name}": board for name, board in fraud_type.boards().items()
    }
