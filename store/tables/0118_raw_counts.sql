-- Raw events of `counts`: What a node says it passed on in an hour; `hour` is its start in milliseconds.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_counts
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    node                  String,
    hop                   String,
    hour                  Int64,
    records               Int64,
    seconds               Nullable(Int64),
    bytes                 Nullable(Int64),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
