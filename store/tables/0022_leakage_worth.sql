-- What a leakage is worth in the operator's own currency, how much of what, when it was last seen, why, what to do.
--
-- Read by : leakage reports, Grafana, the console
-- Grain   : as leakage.
-- Order   : as leakage.
-- Kept    : as leakage.

ALTER TABLE leakage ADD COLUMN IF NOT EXISTS units Int64 AFTER account_id,
    ADD COLUMN IF NOT EXISTS own_micros Nullable(Int64) AFTER units,
    ADD COLUMN IF NOT EXISTS last_at Nullable(DateTime64(3, 'UTC')) AFTER own_micros,
    ADD COLUMN IF NOT EXISTS cause Nullable(String) AFTER last_at,
    ADD COLUMN IF NOT EXISTS correction Nullable(String) AFTER cause;

ALTER TABLE leakage_last ADD COLUMN IF NOT EXISTS units Int64 AFTER account_id,
    ADD COLUMN IF NOT EXISTS own_micros Nullable(Int64) AFTER units,
    ADD COLUMN IF NOT EXISTS last_at Nullable(DateTime64(3, 'UTC')) AFTER own_micros,
    ADD COLUMN IF NOT EXISTS cause Nullable(String) AFTER last_at,
    ADD COLUMN IF NOT EXISTS correction Nullable(String) AFTER cause;

DROP VIEW IF EXISTS leakage_last_of;

CREATE MATERIALIZED VIEW IF NOT EXISTS leakage_last_of TO leakage_last AS SELECT * FROM leakage;

CREATE OR REPLACE VIEW leakage_latest AS SELECT * FROM leakage_last FINAL;
