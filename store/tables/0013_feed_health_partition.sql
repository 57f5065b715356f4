-- Feed health is counted by each partition of all events; the feed's numbers are the sums over them.
--
-- Read by : dashboards/grafana/feeds.json, the console's feeds page
-- Grain   : the last writing of a source, minute and partition. Read FINAL, and sum.
-- Order   : as before, then the partition.
-- Kept    : 400 days after it was stored.

ALTER TABLE feed_health
    ADD COLUMN IF NOT EXISTS frame_partition UInt32,
    MODIFY ORDER BY (tenant, run, stream, source, minute, frame_partition);
