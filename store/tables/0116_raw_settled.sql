-- Raw events of `settled`: One line of a partner's statement.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_settled
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    statement_id          String,
    partner_id            String,
    direction             String,
    kind                  String,
    amount_micros         Int64,
    currency              String,
    route                 Nullable(String),
    period_start          Nullable(Int64),
    period_end            Nullable(Int64),
    units                 Nullable(Int64),
    unit                  Nullable(String),
    rate_micros           Nullable(Int64),
    order_item_id         Nullable(String),
    batch_id              Nullable(String),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
