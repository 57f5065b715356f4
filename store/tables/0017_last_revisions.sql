-- The last revision of each alert and leakage, so that what stands now is asked without reading every revision.
--
-- Read by : dashboards/grafana, the console's queue, `tollwatch query` (as `alert_latest`, `leakage_latest`)
-- Grain   : one alert or leakage. Read FINAL: the highest revision stays.
-- Order   : only columns that never change for an id.
-- Kept    : 400 days after it was stored, as the revisions.

CREATE TABLE IF NOT EXISTS alert_last
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
    stored_at        DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(episode_start)
ORDER BY (tenant, run, detector, episode_start, alert_id)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS alert_last_of TO alert_last AS SELECT * FROM alert;

INSERT INTO alert_last SELECT * FROM alert FINAL;

CREATE OR REPLACE VIEW alert_latest AS SELECT * FROM alert_last FINAL;

CREATE TABLE IF NOT EXISTS leakage_last
(
    tenant          LowCardinality(String),
    run             LowCardinality(String),
    leakage_id      FixedString(16),
    revision        UInt32,
    state           LowCardinality(String),
    control         LowCardinality(String),
    control_version UInt32,
    break_kind      LowCardinality(String),
    subject_kind    LowCardinality(String),
    subject         String,
    account_id      Nullable(String),
    period_start    DateTime64(3, 'UTC'),
    period_end      DateTime64(3, 'UTC'),
    records         Int64,
    amount_micros   Int64,
    currency        LowCardinality(String),
    occurred_at     DateTime64(3, 'UTC'),
    event_time      DateTime64(3, 'UTC'),
    age_s           Int64,
    document        String,
    stored_at       DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(period_start)
ORDER BY (tenant, run, control, period_start, leakage_id)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS leakage_last_of TO leakage_last AS SELECT * FROM leakage;

INSERT INTO leakage_last SELECT * FROM leakage FINAL;

CREATE OR REPLACE VIEW leakage_latest AS SELECT * FROM leakage_last FINAL;
