-- Raw events of `reference`: One version of one entity, in force from `valid_from` (included) to `valid_to` (excluded).
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_reference
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    entity                String,
    id                    String,
    valid_from            Nullable(Int64),
    valid_to              Nullable(Int64),
    account_class         Nullable(String),
    account_id            Nullable(String),
    limit_micros          Nullable(Int64),
    price_micros          Nullable(Int64),
    rate_micros           Nullable(Int64),
    currency              Nullable(String),
    charge_kind           Nullable(String),
    bill_cycle            Nullable(String),
    zone                  Nullable(String),
    since                 Nullable(Int64),
    msisdn                Nullable(String),
    imsi                  Nullable(String),
    imei                  Nullable(String),
    country               Nullable(String),
    number_type           Nullable(String),
    operator              Nullable(String),
    direction             Nullable(String),
    list_name             Nullable(String),
    rule                  Nullable(String),
    risk                  Nullable(Int64),
    latitude_e6           Nullable(Int64),
    longitude_e6          Nullable(Int64),
    name                  Nullable(String),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
