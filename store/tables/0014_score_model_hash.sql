-- Which model gave a score, to the last parameter: the hash of its inputs and of what it was made with.
--
-- Read by : dashboards/grafana/models.json, who compares models
-- Grain   : as before.
-- Order   : as before.
-- Kept    : as before.

ALTER TABLE score ADD COLUMN IF NOT EXISTS model_hash String;
