-- What each control ran on, and with what result: a control that is silent is seen here.
--
-- Read by : leakage reports, the control of controls
-- Grain   : one run of a control at one event time. Read FINAL.
-- Order   : the control and the time.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS control_run
(
    tenant          LowCardinality(String),
    run             LowCardinality(String),
    control         LowCardinality(String),
    control_version UInt32,
    event_time      DateTime64(3, 'UTC'),
    inputs          String,
    breaks          Int64,
    amount_micros   Int64,
    state           LowCardinality(String),
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, run, control, event_time, state)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
