-- Leakages, one row per revision, as the controls wrote them. A positive amount is the operator's loss.
--
-- Read by : dashboards/grafana/leakage.json, leakage reports, `tollwatch leakages`
-- Grain   : the highest revision of a leakage_id is the leakage. Read FINAL.
-- Order   : only columns that never change for an id and revision.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS leakage
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
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(period_start)
ORDER BY (tenant, run, control, period_start, leakage_id, revision)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;

CREATE VIEW IF NOT EXISTS leakage_latest AS
SELECT * FROM leakage FINAL ORDER BY leakage_id, revision DESC LIMIT 1 BY tenant, run, leakage_id;
