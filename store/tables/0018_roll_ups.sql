-- What boards ask of many rows, kept small: how far each source partition is, and what models see by the hour.
--
-- Read by : dashboards/grafana (feeds, models)
-- Grain   : frame_last: a source partition in a partition of frames; score_feature_hour: a feature of a model in an hour.
-- Order   : the same.
-- Kept    : 400 days.
--
-- A worker may write a score twice: the hourly means are then of a few rows twice; counts are asked of `score` itself.

CREATE TABLE IF NOT EXISTS frame_last
(
    tenant          LowCardinality(String),
    run             LowCardinality(String),
    key_space       LowCardinality(String),
    frame_partition UInt32,
    partition       String,
    end             Int64,
    watermark       Int64,
    stored_at       DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(end)
ORDER BY (tenant, run, key_space, frame_partition, partition)
TTL toDateTime(stored_at) + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS frame_last_of TO frame_last AS
SELECT tenant, run, key_space, frame_partition, partition, end, watermark, stored_at FROM frame_mark;

INSERT INTO frame_last SELECT tenant, run, key_space, frame_partition, partition, end, watermark, stored_at FROM frame_mark FINAL;

CREATE TABLE IF NOT EXISTS score_feature_hour
(
    tenant        LowCardinality(String),
    run           LowCardinality(String),
    model         LowCardinality(String),
    model_version UInt32,
    hour          DateTime('UTC'),
    feature       LowCardinality(String),
    events        SimpleAggregateFunction(sum, UInt64),
    total         SimpleAggregateFunction(sum, Float64),
    squares       SimpleAggregateFunction(sum, Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant, run, model, model_version, hour, feature)
TTL hour + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS score_feature_hour_of TO score_feature_hour AS
SELECT tenant, run, model, model_version, toDateTime(toStartOfHour(event_time), 'UTC') AS hour, feature,
    count() AS events, sum(ifNull(value, 0)) AS total, sum(ifNull(value, 0) * ifNull(value, 0)) AS squares
FROM score ARRAY JOIN mapKeys(features) AS feature, mapValues(features) AS value
GROUP BY tenant, run, model, model_version, hour, feature;

INSERT INTO score_feature_hour
SELECT tenant, run, model, model_version, toDateTime(toStartOfHour(event_time), 'UTC') AS hour, feature,
    count() AS events, sum(ifNull(value, 0)) AS total, sum(ifNull(value, 0) * ifNull(value, 0)) AS squares
FROM score FINAL ARRAY JOIN mapKeys(features) AS feature, mapValues(features) AS value
GROUP BY tenant, run, model, model_version, hour, feature;
