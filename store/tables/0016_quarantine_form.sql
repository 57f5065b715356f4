-- How the line of a record is divided into columns, where the file says that once, before the records (CSV).
--
-- Read by : `tollwatch quarantine replay`
-- Grain   : see 0008_quarantine.sql
-- Order   : see 0008_quarantine.sql
-- Kept    : see 0008_quarantine.sql

ALTER TABLE quarantine ADD COLUMN IF NOT EXISTS form Nullable(String);

CREATE OR REPLACE VIEW quarantined AS
SELECT tenant, run, stream, partition, position, line, source, event_time, reason, raw, form, replayed, stored_at
FROM quarantine FINAL
UNION ALL
SELECT 'main', 'live', stream, _partition, _offset, _offset + 1, NULL, NULL,
       concat('the store cannot read it: ', reason), raw, NULL, 0, stored_at
FROM raw_refused FINAL
WHERE (stream, _partition, _offset) NOT IN (SELECT stream, partition, position FROM quarantine);
