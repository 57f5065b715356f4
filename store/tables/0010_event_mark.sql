-- What became of single records: duplicate, late, conflict, too_late. Records without a mark were taken as they came.
--
-- Read by : the raw views, feed health
-- Grain   : one mark of one record. Read FINAL.
-- Order   : the record's place.
-- Kept    : 400 days after it was stored, as the raw events.

CREATE TABLE IF NOT EXISTS event_mark
(
    stream     LowCardinality(String),
    _partition LowCardinality(String),
    _offset    Int64,
    mark       LowCardinality(String),
    stored_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (stream, _partition, _offset, mark)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
