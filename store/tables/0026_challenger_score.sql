-- What challengers said of events that the champion scored: one row per event and challenger.
--
-- Read by : the comparison of models, in the console and on the board of models
-- Grain   : one score. Read FINAL.
-- Order   : the challenger and the event.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS challenger_score
(
    tenant     LowCardinality(String),
    run        LowCardinality(String),
    detector   LowCardinality(String),
    artifact   LowCardinality(String),
    event_id   String,
    event_time DateTime64(3, 'UTC'),
    subject    String,
    score      Float64,
    stored_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (tenant, run, detector, artifact, event_time, event_id)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
