-- Raw events of `rated`: The price of one usage record. `refers_to` is the `event_id` of the usage it prices.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_rated
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    refers_to             String,
    usage_time            Nullable(Int64),
    subscriber_id         Nullable(String),
    account_id            Nullable(String),
    charging              Nullable(String),
    tariff_id             Nullable(String),
    tariff_version        Nullable(Int64),
    units                 Nullable(Int64),
    unit                  Nullable(String),
    charge_micros         Nullable(Int64),
    currency              Nullable(String),
    allowance_used        Nullable(Int64),
    balance_after_micros  Nullable(Int64),
    rating_error          Nullable(String),
    invoice_line_id       Nullable(String),
    batch_id              Nullable(String),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
