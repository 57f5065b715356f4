-- Alerts, one row per revision, as the detect stage wrote them.
--
-- Read by : dashboards/grafana/fraud_operations.json, the console's queue, `tollwatch alerts`
-- Grain   : the highest revision of an alert_id is the alert; a worker may write one twice. Read FINAL.
-- Order   : only columns that never change for an id and revision, so that copies meet and collapse.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
--
-- `document` is the alert as `tollwatch alerts --format ndjson` prints it, to the byte; the columns serve queries.

CREATE TABLE IF NOT EXISTS alert
(
    tenant           LowCardinality(String),
    run              LowCardinality(String),
    alert_id         FixedString(16),
    revision         UInt32,
    state            LowCardinality(String),
    detector         LowCardinality(String),
    detector_version UInt32,
    severity         Enum8('warning' = 1, 'critical' = 2),
    subject_kind     LowCardinality(String),
    subject          String,
    account_id       Nullable(String),
    subscriber_id    Nullable(String),
    episode_start    DateTime64(3, 'UTC'),
    event_time       DateTime64(3, 'UTC'),
    features         Map(LowCardinality(String), Nullable(Float64)),
    condition        String,
    score            Nullable(Float64),
    claim_stream     LowCardinality(String),
    claim_where      String,
    claim_since      DateTime64(3, 'UTC'),
    claim_until      DateTime64(3, 'UTC'),
    claim_count      Int64,
    claim_hash_sum   UInt64,
    amount_micros    Nullable(Int64),
    currency         LowCardinality(Nullable(String)),
    document         String,
    stored_at        DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(episode_start)
ORDER BY (tenant, run, detector, episode_start, alert_id, revision)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;

CREATE VIEW IF NOT EXISTS alert_latest AS
SELECT * FROM alert FINAL ORDER BY alert_id, revision DESC LIMIT 1 BY tenant, run, alert_id;
