"""The workers, by what they tell Prometheus: rates, lag, memory, stages, the store."""

from dashboards.grafana.boards.panel import Board, Panel, Prometheus


def board() -> Board:
    """The page of who runs the workers."""
    return Board(
        uid="tollwatch-pipeline",
        title="Workers",
        description="Rates, lag, memory and stages of the workers, as they tell Prometheus.",
        rows={"": _now(), "Rates": _rates(), "State": _state()},
    )


def _stat(title: str, description: str, expression: str, **how: object) -> Panel:
    given = {"width": 6, "height": 4, "source": Prometheus, "empty": "no worker is scraped", "unit": "none"} | how
    return Panel("stat", title, description, expression, **given)  # type: ignore[arg-type]


def _series(title: str, description: str, expression: str, named: str, **how: object) -> Panel:
    given = {"source": Prometheus, "named": named, "calculation": "last", "empty": "no worker is scraped"} | how
    return Panel("timeseries", title, description, expression, **given)  # type: ignore[arg-type]


def _now() -> list[Panel]:
    return [
        _stat("Events a second", "Framed by all workers.", "sum(rate(tollwatch_events_total[5m]))", unit="suffix:/s"),
        _stat("Messages not framed yet", "Over all partitions.", "sum(tollwatch_lag)", steps=(10_000, 1_000_000)),
        _stat(
            "Workers without the store",
            "Findings wait until it answers.",
            "count(tollwatch_store_up == 0) or vector(0)",
            steps=(1, 2),
        ),
        _stat(
            "Rows put aside",
            "Stages that failed in the last hour; their rows are in quarantine.",
            "sum(increase(tollwatch_stage_failures_total[1h]))",
            steps=(1, 10),
            decimals=0,
        ),
    ]


def _rates() -> list[Panel]:
    return [
        _series(
            "Events a second, by stream",
            "Framed.",
            "sum by (stream) (rate(tollwatch_events_total[5m]))",
            "stream",
            unit="suffix:/s",
        ),
        _series(
            "Lag, by partition",
            "Messages not framed yet.",
            "max by (partition) (tollwatch_lag)",
            "partition",
            unit="none",
        ),
        _series(
            "Quarantined a second",
            "Records that could not be read.",
            "sum by (instance) (rate(tollwatch_quarantined_total[5m]))",
            "instance",
            unit="suffix:/s",
        ),
        _series(
            "Seconds of a stage, a second",
            "One is a whole core.",
            "sum by (stage) (rate(tollwatch_stage_seconds_total[5m]))",
            "stage",
            unit="s",
        ),
    ]


def _state() -> list[Panel]:
    return [
        _series(
            "Watermark behind now, by key space",
            "Its slowest partition.",
            "time() - min by (key_space) (tollwatch_watermark_ms) / 1000",
            "key_space",
            unit="s",
        ),
        _series(
            "Rows that wait for others",
            "Held until every source has gone on.",
            "sum by (key_space) (tollwatch_held_rows)",
            "key_space",
            unit="none",
        ),
        _series(
            "State in memory, by part",
            "Of all workers.",
            'sum by (part) (tollwatch_memory_bytes{part!="keys"})',
            "part",
            unit="bytes",
        ),
        _series(
            "Snapshots, by key space",
            "Bytes of the last.",
            "sum by (key_space) (tollwatch_state_bytes)",
            "key_space",
            unit="bytes",
        ),
    ]
