-- In which units (usage records, payments, …) the money of a finding lies, once it was looked up: one row each.
--
-- Read by : the ledger of loss
-- Grain   : one finding. Read FINAL: the highest revision stays.
-- Order   : only columns that never change for a finding.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS ledger_units
(
    tenant     LowCardinality(String),
    run        LowCardinality(String),
    finding_id FixedString(16),
    revision   UInt32,
    units      Array(String),
    weights    Array(Int64),
    stored_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, run, finding_id)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
