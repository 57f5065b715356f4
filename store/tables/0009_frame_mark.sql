-- How far each source partition had been read when a frame was made: what a replay needs to cut as the line did.
--
-- Read by : replay, controls that wait until all of a period was read
-- Grain   : one source partition in one frame. Read FINAL.
-- Order   : the frame and the source partition.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS frame_mark
(
    tenant          LowCardinality(String),
    run             LowCardinality(String),
    key_space       LowCardinality(String),
    frame_partition UInt32,
    sequence        Int64,
    partition       String,
    begin           Int64,
    end             Int64,
    watermark       Int64,
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(stored_at)
ORDER BY (tenant, run, key_space, frame_partition, partition, begin, end)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
