-- What the ledger had seen when its positions were written last: where nothing is new, they need not be booked again.
--
-- Read by : the ledger of loss
-- Grain   : one tenant and run. Read FINAL: the last stays.
-- Order   : only columns that never change.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS ledger_mark
(
    tenant    LowCardinality(String),
    run       LowCardinality(String),
    seen      String,
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(stored_at)
ORDER BY (tenant, run)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
