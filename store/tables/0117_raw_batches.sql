-- Raw events of `batches`: A set of rows that is awaited: a snapshot, a bill run, a statement, a file.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_batches
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    batch_id              String,
    kind                  String,
    scope                 String,
    state                 String,
    period_start          Int64,
    period_end            Int64,
    sequence_number       Nullable(Int64),
    records               Nullable(Int64),
    units                 Nullable(Int64),
    amount_micros         Nullable(Int64),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
