-- How scored detectors were, each time somebody looked: drift of scores and of precision, calibration.
--
-- Read by : the board of models
-- Grain   : one detector at the time of its last score. Read FINAL: the last look at it holds.
-- Order   : the detector and time.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS model_health
(
    tenant            LowCardinality(String),
    run               LowCardinality(String),
    detector          LowCardinality(String),
    watched_at        DateTime64(3, 'UTC'),
    scored_by         String,
    scores            UInt64,
    score_drifts      UInt32,
    drifted_at        Nullable(DateTime64(3, 'UTC')),
    mean_before       Nullable(Float64),
    mean_after        Nullable(Float64),
    judged            UInt64,
    frauds            UInt64,
    precision_drifts  UInt32,
    labelled          UInt64,
    calibration_error Nullable(Float64),
    stored_at         DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(stored_at)
PARTITION BY toYYYYMM(watched_at)
ORDER BY (tenant, run, detector, watched_at)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
