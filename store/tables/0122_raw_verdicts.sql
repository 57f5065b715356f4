-- Raw events of `verdicts`: What an analyst found out about a finding, an event or a subject, and the keys of the row it refers to.
--
-- Read by : the console's time lines, replay, `tollwatch query`
-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.
-- Order   : the place in the source partition, which never changes for a record.
-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE TABLE IF NOT EXISTS raw_verdicts
(
    event_id              String,
    event_time            Int64,
    source                String,
    received_at           Nullable(Int64),
    file_id               Nullable(String),
    tenant                String,
    verdict               String,
    refers_to             Nullable(String),
    subject_kind          Nullable(String),
    subject               Nullable(String),
    account_id            Nullable(String),
    subscriber_id         Nullable(String),
    card_fingerprint      Nullable(String),
    terminal_id           Nullable(String),
    calling_number        Nullable(String),
    called_number         Nullable(String),
    loss_micros           Nullable(Int64),
    currency              Nullable(String),
    by                    Nullable(String),
    _partition            LowCardinality(String),
    _offset               Int64,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
