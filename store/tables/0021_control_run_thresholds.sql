-- Which thresholds were in force when a control ran: with others everything is looked at anew.
--
-- Read by : runs of controls
-- Grain   : as control_run.
-- Order   : as control_run.
-- Kept    : as control_run.

ALTER TABLE control_run ADD COLUMN IF NOT EXISTS thresholds String AFTER cut;
