-- Records that could not be taken, whole, with the reason. Nothing is thrown away.
--
-- Read by : `tollwatch quarantine`, the console's feeds page
-- Grain   : one record of a source partition. Read FINAL.
-- Order   : the record's place; `reason` too, since a place may be refused for more than one.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS quarantine
(
    tenant     LowCardinality(String),
    run        LowCardinality(String),
    stream     LowCardinality(String),
    partition  String,
    position   Int64,
    line       Nullable(Int64),
    source     Nullable(String),
    event_time Nullable(Int64),
    reason     String,
    raw        String,
    replayed   UInt8 DEFAULT 0,
    stored_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(replayed)
ORDER BY (tenant, run, stream, partition, position, reason)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
