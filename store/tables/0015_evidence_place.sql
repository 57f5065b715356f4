-- Rows that a finding shows and that are not among the raw events yet: ClickHouse takes those from Kafka by itself.
--
-- Read by : the workers, which copy each row into `evidence` once it is there, and write its place again as settled
-- Grain   : one row of one finding's revision. Read FINAL.
-- Order   : only columns that never change.
-- Kept    : 30 days after it was stored; what has not come by then does not come.

CREATE TABLE IF NOT EXISTS evidence_place
(
    tenant     LowCardinality(String),
    run        LowCardinality(String),
    finding_id FixedString(16),
    revision   UInt32,
    ordinal    UInt32,
    stream     LowCardinality(String),
    partition  LowCardinality(String),
    offset     Int64,
    columns    Array(LowCardinality(String)),
    settled    UInt8,
    stored_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(settled)
ORDER BY (tenant, run, finding_id, revision, ordinal)
TTL toDateTime(stored_at) + INTERVAL 30 DAY;
