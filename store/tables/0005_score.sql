-- What models said of events, one row per event and model.
--
-- Read by : model health dashboards, drift watch, training sets
-- Grain   : one score. Read FINAL.
-- Order   : the event and the model that scored it.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS score
(
    tenant        LowCardinality(String),
    run           LowCardinality(String),
    model         LowCardinality(String),
    model_version UInt32,
    stream        LowCardinality(String),
    event_id      String,
    event_time    DateTime64(3, 'UTC'),
    subject_kind  LowCardinality(String),
    subject       String,
    features      Map(LowCardinality(String), Nullable(Float64)),
    score         Float64,
    stored_at     DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (tenant, run, model, event_time, event_id)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
