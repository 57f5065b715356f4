-- Raw events of `dunning`: One step of collecting a debt, and whether it was carried out.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_dunning
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    account_id            String,
    step                  String,
    executed              Bool,
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
