-- What stands of each finding in the ledger of loss: each cent once, by state. All but amount_micros in the operator's
-- own currency.
--
-- Read by : dashboards/grafana/leakage.json, the console, `tollwatch report leakage`
-- Grain   : one finding. Read FINAL: the last that was written stays.
-- Order   : only columns that never change for a finding.
-- Kept    : 400 days after it was stored.

CREATE TABLE IF NOT EXISTS ledger_position
(
    tenant             LowCardinality(String),
    run                LowCardinality(String),
    finding_id         FixedString(16),
    kind               LowCardinality(String),
    name               LowCardinality(String),
    area               LowCardinality(String),
    break_kind         LowCardinality(String),
    side               LowCardinality(String),
    state              LowCardinality(String),
    is_final           Bool,
    is_dismissed       Bool,
    subject_kind       LowCardinality(String),
    subject            String,
    account_id         Nullable(String),
    records            Int64,
    period_start       DateTime64(3, 'UTC'),
    period_end         DateTime64(3, 'UTC'),
    amount_micros      Int64,
    currency           LowCardinality(String),
    own_micros         Int64,
    claimed_micros     Int64,
    net_micros         Int64,
    detected_micros    Int64,
    confirmed_micros   Int64,
    recovering_micros  Int64,
    recovered_micros   Int64,
    prevented_micros   Int64,
    averted_micros     Int64,
    written_off_micros Int64,
    excess_micros      Int64,
    occurred_at        DateTime64(3, 'UTC'),
    detected_at        DateTime64(3, 'UTC'),
    settled_at         Nullable(DateTime64(3, 'UTC')),
    owner              Nullable(String),
    stored_at          DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(stored_at)
ORDER BY (tenant, run, finding_id)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;
