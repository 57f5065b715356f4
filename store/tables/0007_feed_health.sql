-- How the feeds are, per source and minute of event time.
--
-- Read by : dashboards/grafana/feeds.json, the console's feeds page
-- Grain   : the last writing of a source and minute. Read FINAL.
-- Order   : the source and the minute.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS feed_health
(
    tenant      LowCardinality(String),
    run         LowCardinality(String),
    stream      LowCardinality(String),
    source      LowCardinality(String),
    minute      DateTime64(3, 'UTC'),
    events      Int64,
    late        Int64,
    quarantined Int64,
    duplicates  Int64,
    watermark   DateTime64(3, 'UTC'),
    lag_ms      Nullable(Int64),
    stored_at   DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(stored_at)
PARTITION BY toYYYYMM(minute)
ORDER BY (tenant, run, stream, source, minute)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
