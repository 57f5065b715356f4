-- Which table files have been applied, and what was in them.
--
-- Read by : `tollwatch tables apply`, `tollwatch tables check`
-- Grain   : one row per file; the latest is in force.
-- Order   : the file's name.
-- Kept    : for ever.

CREATE TABLE IF NOT EXISTS schema_migrations
(
    name       String,
    sha256     String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name;
