-- Messages that ClickHouse's own parser could not read on their way from Kafka to the raw tables.
--
-- Read by : the view `quarantined`, where framing did not refuse them too
-- Grain   : one message. Read FINAL.
-- Order   : the message's place.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS raw_refused
(
    stream     LowCardinality(String),
    _partition LowCardinality(String),
    _offset    Int64,
    reason     String,
    raw        String,
    stored_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (stream, _partition, _offset)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;

CREATE VIEW IF NOT EXISTS quarantined AS
SELECT tenant, run, stream, partition, position, line, source, event_time, reason, raw, replayed, stored_at
FROM quarantine FINAL
UNION ALL
SELECT 'main', 'live', stream, _partition, _offset, _offset + 1, NULL, NULL,
       concat('the store cannot read it: ', reason), raw, 0, stored_at
FROM raw_refused FINAL
WHERE (stream, _partition, _offset) NOT IN (SELECT stream, partition, position FROM quarantine);
