-- Raw events of `orders`: One change of state of one order item. Fingerprints and tokens are keyed hashes.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_orders
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    order_id              String,
    order_item_id         String,
    action                String,
    state                 String,
    product_id            Nullable(String),
    customer_id           Nullable(String),
    account_id            Nullable(String),
    subscriber_id         Nullable(String),
    product_offering_id   Nullable(String),
    msisdn                Nullable(String),
    imsi                  Nullable(String),
    imei                  Nullable(String),
    channel               Nullable(String),
    dealer_id             Nullable(String),
    agent_id              Nullable(String),
    identity_fingerprint  Nullable(String),
    identity_tokens       Array(String),
    address_tokens        Array(String),
    device_fingerprint    Nullable(String),
    card_fingerprint      Nullable(String),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
