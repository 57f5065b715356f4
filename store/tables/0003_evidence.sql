-- Rows copied when a finding was made, so that they are there when the raw events have gone.
--
-- Read by : the console's alert page, evidence packs
-- Grain   : one row of one finding's revision. Read FINAL.
-- Order   : only columns that never change.
-- Kept    : 400 days after it was stored, as the findings.

CREATE TABLE IF NOT EXISTS evidence
(
    tenant     LowCardinality(String),
    run        LowCardinality(String),
    finding_id FixedString(16),
    revision   UInt32,
    side       LowCardinality(String),
    ordinal    UInt32,
    stream     LowCardinality(String),
    event_id   String,
    event_time DateTime64(3, 'UTC'),
    row        String,
    stored_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, run, finding_id, revision, side, ordinal)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
