-- Fields that events have gained: columns of raw events, and the views over them.
--
-- Read by : as the raw events.
-- Grain   : as the raw events.
-- Order   : as the raw events.
-- Kept    : as the raw events.
-- Made by `python -m store.tables NAME` from the types; a test holds the files to them.

ALTER TABLE raw_reference
    ADD COLUMN IF NOT EXISTS artifact Nullable(String) AFTER list_name;

CREATE OR REPLACE VIEW events_reference AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_reference FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'reference' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;
