-- A subject's features at the end of a window.
--
-- Read by : nobody; nothing is written into it any more
-- Grain   : one profile per detector, subject and time. Read FINAL.
-- Order   : the subject and the time.
-- Kept    : 100 days after it was stored.

CREATE TABLE IF NOT EXISTS profile
(
    tenant       LowCardinality(String),
    run          LowCardinality(String),
    detector     LowCardinality(String),
    subject_kind LowCardinality(String),
    subject      String,
    event_time   DateTime64(3, 'UTC'),
    features     Map(LowCardinality(String), Nullable(Float64)),
    stored_at    DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (tenant, run, detector, subject_kind, subject, event_time)
TTL toDateTime(stored_at) + INTERVAL 100 DAY;
