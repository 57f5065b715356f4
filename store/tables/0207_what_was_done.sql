-- Fields that events have gained: columns of raw events, and the views over them.
--
-- Read by : as the raw events.
-- Grain   : as the raw events.
-- Order   : as the raw events.
-- Kept    : as the raw events.
-- Made by `python -m store.tables NAME` from the types; a test holds the files to them.

ALTER TABLE raw_verdicts
    ADD COLUMN IF NOT EXISTS recorded_at Nullable(Int64) AFTER by;

CREATE OR REPLACE VIEW events_verdicts AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_verdicts FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'verdicts' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

ALTER TABLE raw_actions
    ADD COLUMN IF NOT EXISTS amount_micros Nullable(Int64) AFTER by,
    ADD COLUMN IF NOT EXISTS currency Nullable(String) AFTER amount_micros,
    ADD COLUMN IF NOT EXISTS note Nullable(String) AFTER currency,
    ADD COLUMN IF NOT EXISTS recorded_at Nullable(Int64) AFTER note;

CREATE OR REPLACE VIEW events_actions AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_actions FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'actions' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;
