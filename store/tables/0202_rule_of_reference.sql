-- Rows of `reference` may hold a rule: a column for tables that were made before they could.
--
-- Read by : who asks what was changed when.
-- Grain   : as `raw_reference`.
-- Order   : as `raw_reference`.
-- Kept    : as `raw_reference`.

ALTER TABLE raw_reference ADD COLUMN IF NOT EXISTS rule Nullable(String) AFTER list_name;
