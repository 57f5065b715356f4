"""Feeds and the pipeline: what comes, how late, what cannot be read, how far each key space is."""

from dashboards.grafana.boards.panel import Board, Column, Panel, Variable
from dashboards.grafana.boards.sql import LIVE, TENANTS, range_panel, within

STREAM = "stream IN (${stream:singlequote})"
HEALTH = f"(SELECT * FROM feed_health FINAL WHERE {within('minute')} AND {STREAM})"
REFUSED = f"(SELECT * FROM quarantine FINAL WHERE {LIVE} AND {STREAM} AND replayed = 0)"


def board() -> Board:
    """The page of who keeps the line running."""
    streams = "SELECT DISTINCT stream FROM (SELECT stream FROM feed_health UNION ALL SELECT stream FROM quarantine) ORDER BY stream"
    return Board(
        uid="tollwatch-feeds",
        title="Feeds and pipeline",
        description="What comes, how late, and what is refused.",
        variables=(TENANTS, Variable("stream", "Stream", streams)),
        rows={"": [range_panel()], "Feeds": _feeds(), "Quarantine": _quarantine(), "Pipeline": _pipeline()},
    )


def _feeds() -> list[Panel]:
    ends = f"(SELECT max(minute) FROM feed_health WHERE {LIVE} AND events > 0)"
    return [
        Panel(
            "timeseries",
            "Events a second, by stream",
            "By event time, whatever the interval; a gap is a feed that is silent.",
            "SELECT $__timeInterval(minute) AS time, stream, sum(events) / $__interval_s AS rate "
            f"FROM {HEALTH} GROUP BY time, stream ORDER BY time",
            unit="suffix:/s",
            named="stream",
            calculation="max",
        ),
        Panel(
            "timeseries",
            "Late, duplicate and quarantined",
            "Records, of what came.",
            "SELECT $__timeInterval(minute) AS time, sum(late) AS late, sum(duplicates) AS duplicates, "
            f"sum(quarantined) AS quarantined FROM {HEALTH} GROUP BY time ORDER BY time",
            unit="none",
        ),
        Panel(
            "table",
            "Sources",
            "Each with its last minute and how long it has been silent while others went on; those that only fail, too.",
            "SELECT stream, source, if(sum(h.events) = 0, NULL, maxIf(minute, h.events > 0)) AS last_event, sum(h.events) AS received, "
            "100 * sum(h.late) / nullIf(received, 0) AS late_percent, sum(h.duplicates) AS duplicate, sum(h.quarantined) AS refused, "
            "100 * refused / (received + refused) AS refused_percent, max(h.lag_ms) / 1000 AS lag_s, "
            f"if(received = 0, NULL, dateDiff('second', last_event, {ends})) AS silent_s "
            f"FROM {HEALTH} AS h GROUP BY stream, source HAVING received + refused > 0 "
            "ORDER BY refused_percent DESC, silent_s DESC, stream, source",
            width=24,
            height=10,
            columns={
                "received": Column("none", width=100),
                "late_percent": Column("percent", "late", 90, steps=(1, 5), decimals=2),
                "duplicate": Column("none", width=100),
                "refused": Column("none", "in quarantine", 110),
                "refused_percent": Column("percent", "refused", 90, steps=(0.1, 1), decimals=2),
                "lag_s": Column("s", "lag", 90, steps=(300, 3600)),
                "last_event": Column("dateTimeAsIso", "last event", 160),
                "silent_s": Column("s", "silent for", 110, steps=(3600, 14_400)),
            },
        ),
    ]


def _quarantine() -> list[Panel]:
    return [
        Panel(
            "stat",
            "Records in quarantine",
            "Refused and not replayed yet, whatever the time picker says.",
            f"SELECT count() AS records FROM {REFUSED}",
            unit="none",
            steps=(1, 1000),
            width=6,
        ),
        Panel(
            "table",
            "Reasons",
            "Of what waits there, whatever the time picker says; `tollwatch quarantine list | show | replay` puts it right.",
            "SELECT stream, ifNull(source, '(not readable)') AS source, reason, max(stored_at) AS latest, "
            "any(partition) AS file, count() AS records "
            f"FROM {REFUSED} GROUP BY stream, source, reason ORDER BY records DESC, stream, source, reason LIMIT 100",
            width=18,
            columns={
                "stream": Column(width=120),
                "source": Column(width=140),
                "records": Column("none", width=80),
                "latest": Column("dateTimeAsIso", "last refused", 160),
                "file": Column(width=150),
            },
            empty="nothing is in quarantine",
        ),
    ]


def _pipeline() -> list[Panel]:
    marks = f"(SELECT * FROM frame_last FINAL WHERE {LIVE} AND watermark > 0)"  # one that has had nothing has none
    return [
        Panel(
            "table",
            "How far each key space is",
            "Its slowest watermark, and which source holds it back; one that has ended holds nobody back.",
            "SELECT key_space, argMin(slowest, reached) AS held_by, fromUnixTimestamp64Milli(min(reached)) AS watermark, "
            "max(stored) AS stored, (max(fastest) - min(reached)) / 1000 AS behind_s, "
            "uniqExact(frame_partition) AS shards, uniqExact(partition) AS partitions FROM (SELECT key_space, frame_partition, partition, "
            "max(watermark) AS reached, max(watermark) AS fastest, partition AS slowest, max(stored_at) AS stored "
            f"FROM {marks} GROUP BY key_space, frame_partition, partition) GROUP BY key_space ORDER BY behind_s DESC, key_space",
            columns={
                "key_space": Column(title="key space"),
                "shards": Column("none", width=70),
                "partitions": Column("none", "sources", 80),
                "watermark": Column("dateTimeAsIso", "slowest watermark", 160),
                "behind_s": Column("s", "behind the fastest", 130),
                "held_by": Column(title="held by"),
                "stored": Column("dateTimeAsIso", "last stored", 160),
            },
            empty="no frame is stored yet",
        ),
        Panel(
            "table",
            "What became of records",
            "Marks of single records that were stored in the chosen time; the others were taken as they came.",
            "SELECT stream, mark, count() AS records FROM event_mark FINAL WHERE $__timeFilter(stored_at) "
            f"AND {STREAM} GROUP BY stream, mark ORDER BY stream, mark",
            columns={"records": Column("none", width=120)},
            empty="every record was taken as it came",
        ),
    ]
