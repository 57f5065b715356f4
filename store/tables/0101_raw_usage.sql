-- Raw events of `usage`: One network record of one party, as mediation delivers it.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_usage
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    service               String,
    record_type           Nullable(String),
    phase                 Nullable(String),
    session_id            Nullable(String),
    part_number           Nullable(Int64),
    last_part             Nullable(Bool),
    subscriber_id         Nullable(String),
    account_id            Nullable(String),
    calling_number        Nullable(String),
    called_number         Nullable(String),
    redirecting_number    Nullable(String),
    imsi                  Nullable(String),
    imei                  Nullable(String),
    serving_network       Nullable(String),
    cell_id               Nullable(String),
    apn                   Nullable(String),
    rating_group          Nullable(String),
    application           Nullable(String),
    start_time            Nullable(Int64),
    answer_time           Nullable(Int64),
    utc_offset_min        Nullable(Int64),
    ring_s                Nullable(Int64),
    duration_s            Nullable(Int64),
    uplink_bytes          Nullable(Int64),
    downlink_bytes        Nullable(Int64),
    release_cause         Nullable(Int64),
    released_by           Nullable(String),
    trunk_in              Nullable(String),
    trunk_out             Nullable(String),
    supplier_id           Nullable(String),
    attestation           Nullable(String),
    origin                Nullable(String),
    content_hash          Nullable(String),
    content_provider_id   Nullable(String),
    reported_by           Nullable(String),
    call_reference        Nullable(String),
    file_format           Nullable(String),
    charge_micros         Nullable(Int64),
    cost_micros           Nullable(Int64),
    currency              Nullable(String),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
