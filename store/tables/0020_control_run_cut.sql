-- How far each source partition had been read when a control ran: the same cut gives the same findings.
--
-- Read by : leakage reports, the control of controls
-- Grain   : as control_run.
-- Order   : as control_run.
-- Kept    : as control_run.

ALTER TABLE control_run ADD COLUMN IF NOT EXISTS cut String AFTER state;
