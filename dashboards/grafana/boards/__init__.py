"""Every dashboard, by name. `python -m dashboards.grafana.boards` writes them to `dashboards/grafana/json`."""

from dashboards.grafana.boards import feeds, fraud_operations, fraud_type, leakage, models, pipeline, timeline
from dashboards.grafana.boards.panel import Board


def every_board() -> dict[str, Board]:
    """Name of the file -> dashboard."""
    return {
        "fraud-operations": fraud_operations.board(),
        "fraud-type": fraud_type.board(),
        "leakage": leakage.board(),
        "feeds": feeds.board(),
        "models": models.board(),
        "timeline": timeline.board(),
        "workers": pipeline.board(),
    }
