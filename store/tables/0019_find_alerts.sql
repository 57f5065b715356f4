-- Indexes by which one alert, one subject, and what was stored since are found among millions.
--
-- Read by : the console
-- Grain   : see 0002_alert.sql and 0017_last_revisions.sql
-- Order   : the same.
-- Kept    : the same.

ALTER TABLE alert ADD INDEX IF NOT EXISTS by_alert_id alert_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE alert MATERIALIZE INDEX by_alert_id;
ALTER TABLE alert_last ADD INDEX IF NOT EXISTS by_alert_id alert_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE alert_last ADD INDEX IF NOT EXISTS by_stored_at stored_at TYPE minmax GRANULARITY 1;
ALTER TABLE alert_last MATERIALIZE INDEX by_alert_id;
ALTER TABLE alert_last MATERIALIZE INDEX by_stored_at;
ALTER TABLE leakage ADD INDEX IF NOT EXISTS by_leakage_id leakage_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE leakage MATERIALIZE INDEX by_leakage_id;
ALTER TABLE evidence ADD INDEX IF NOT EXISTS by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE evidence MATERIALIZE INDEX by_event_id;
