"""Feeds and the pipeline: what comes, how late, what cannot be read, how far each key space is."""

from dashboards.grafana.boards.panel import Board, Panel, Variable

WITHIN = (
    "run = 'live' AND $__timeFilter(minute) AND tenant IN (${tenant:singlequote}) AND stream IN (${stream:singlequote})"
)
HEALTH = f"(SELECT * FROM feed_health FINAL WHERE {WITHIN})"
REFUSED = "(SELECT * FROM quarantined WHERE run = 'live' AND stream IN (${stream:singlequote}))"


def board() -> Board:
    """The page of who keeps the line running."""
    return Board(
        uid="tollwatch-feeds",
        title="Feeds and pipeline",
        description="What comes, how late, and what is refused.",
        variables=(
            Variable("tenant", "Tenant", "SELECT DISTINCT tenant FROM feed_health"),
            Variable("stream", "Stream", "SELECT DISTINCT stream FROM feed_health"),
        ),
        rows={"Feeds": _feeds(), "Quarantine": _quarantine(), "Pipeline": _pipeline()},
    )


def _feeds() -> list[Panel]:
    return [
        Panel(
            "timeseries",
            "Events, by stream",
            "By event time; a gap is a feed that is silent.",
            "SELECT $__timeInterval(minute) AS time, stream, sum(events) AS events "
            f"FROM {HEALTH} GROUP BY time, stream ORDER BY time",
        ),
        Panel(
            "timeseries",
            "Late, duplicate and quarantined",
            "Of what came.",
            "SELECT $__timeInterval(minute) AS time, sum(late) AS late, sum(duplicates) AS duplicates, "
            f"sum(quarantined) AS quarantined FROM {HEALTH} GROUP BY time ORDER BY time",
        ),
        Panel(
            "table",
            "Sources",
            "The last minute of each, and shares of what was late or refused.",
            "SELECT stream, source, sum(events) AS received, round(100 * sum(late) / sum(events), 3) AS late_percent, "
            "sum(duplicates) AS duplicates, sum(quarantined) AS quarantined, max(minute) AS last_minute "
            f"FROM {HEALTH} GROUP BY stream, source HAVING received > 0 ORDER BY stream, source",
            width=24,
        ),
    ]


def _quarantine() -> list[Panel]:
    return [
        Panel(
            "stat",
            "Records in quarantine",
            "Not replayed yet.",
            f"SELECT countIf(replayed = 0) AS records FROM {REFUSED}",
            steps=(1, 1000),
            width=6,
            height=8,
        ),
        Panel(
            "table",
            "Reasons",
            "`tollwatch quarantine list | show | replay` puts them right.",
            "SELECT stream, reason, count() AS records, countIf(replayed = 1) AS replayed, any(partition) AS partition "
            f"FROM {REFUSED} GROUP BY stream, reason ORDER BY records DESC, stream, reason LIMIT 100",
            width=18,
        ),
    ]


def _pipeline() -> list[Panel]:
    marks = "(SELECT * FROM frame_mark WHERE run = 'live' AND tenant IN (${tenant:singlequote}))"
    return [
        Panel(
            "table",
            "How far each key space is",
            "The watermark is the event time that everything has passed.",
            "SELECT key_space, uniqExact(partition) AS partitions, sum(end - begin) AS records, "
            "fromUnixTimestamp64Milli(max(watermark)) AS watermark, max(stored_at) AS stored "
            f"FROM {marks} GROUP BY key_space ORDER BY key_space",
        ),
        Panel(
            "table",
            "What became of records",
            "Marks of single records.",
            "SELECT stream, mark, count() AS records FROM event_mark FINAL GROUP BY stream, mark ORDER BY stream, mark",
        ),
    ]
