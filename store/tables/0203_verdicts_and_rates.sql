-- The last verdict of each alert, and the rates by which amounts of several currencies are added up.
--
-- Read by : dashboards/grafana, the console
-- Grain   : alert_verdict: one alert that was judged; alert_unjudged: one that nobody has judged; exchange_rate: one rate from an event time on.
-- Order   : none.
-- Kept    : as the verdicts, and as `raw_reference`.
--
-- A verdict speaks of an alert by its id, by an event that is its evidence, or by its subject, from the episode on. The
-- latest counts. A rate is in millionths of the operator's own currency.

CREATE VIEW IF NOT EXISTS alert_verdict AS
SELECT tenant, alert_id, argMax(verdict, said_at) AS verdict, max(said_at) AS last_said FROM
(
    SELECT a.tenant AS tenant, toString(a.alert_id) AS alert_id, v.verdict AS verdict, v.event_time AS said_at
    FROM (SELECT tenant, alert_id FROM alert_last FINAL) AS a
    INNER JOIN (SELECT tenant, assumeNotNull(refers_to) AS refers_to, verdict, event_time FROM raw_verdicts FINAL
        WHERE refers_to IS NOT NULL) AS v
    ON v.tenant = a.tenant AND v.refers_to = toString(a.alert_id)
    UNION ALL
    SELECT e.tenant AS tenant, toString(e.finding_id) AS alert_id, v.verdict AS verdict, v.event_time AS said_at
    FROM (SELECT tenant, finding_id, event_id FROM evidence WHERE event_id IN
        (SELECT refers_to FROM raw_verdicts FINAL WHERE refers_to IS NOT NULL)) AS e
    INNER JOIN (SELECT tenant, assumeNotNull(refers_to) AS refers_to, verdict, event_time FROM raw_verdicts FINAL
        WHERE refers_to IS NOT NULL) AS v
    ON v.tenant = e.tenant AND v.refers_to = e.event_id
    UNION ALL
    SELECT a.tenant AS tenant, toString(a.alert_id) AS alert_id, v.verdict AS verdict, v.event_time AS said_at
    FROM (SELECT tenant, alert_id, subject_kind, subject, episode_start FROM alert_last FINAL) AS a
    INNER JOIN (SELECT tenant, assumeNotNull(subject_kind) AS subject_kind, assumeNotNull(subject) AS subject, verdict,
        event_time FROM raw_verdicts FINAL WHERE refers_to IS NULL AND subject IS NOT NULL) AS v
    ON v.tenant = a.tenant AND v.subject_kind = a.subject_kind AND v.subject = a.subject
    WHERE v.event_time >= toUnixTimestamp64Milli(a.episode_start)
)
GROUP BY tenant, alert_id;

CREATE VIEW IF NOT EXISTS alert_unjudged AS
SELECT * FROM alert_last FINAL
WHERE state != 'suppressed'
    AND toString(alert_id) NOT IN (SELECT assumeNotNull(refers_to) FROM raw_verdicts WHERE refers_to IS NOT NULL)
    AND alert_id NOT IN
        (SELECT finding_id FROM evidence WHERE sipHash64(tenant, event_id) IN
            (SELECT sipHash64(tenant, assumeNotNull(refers_to)) FROM raw_verdicts WHERE refers_to IS NOT NULL))
    AND alert_id NOT IN
        (SELECT a.alert_id FROM (SELECT tenant, alert_id, subject_kind, subject, episode_start FROM alert_last
            WHERE subject IN (SELECT assumeNotNull(subject) FROM raw_verdicts WHERE refers_to IS NULL AND subject IS NOT NULL)) AS a
        INNER JOIN (SELECT tenant, assumeNotNull(subject_kind) AS subject_kind, assumeNotNull(subject) AS subject,
            max(event_time) AS said_at FROM raw_verdicts WHERE refers_to IS NULL AND subject IS NOT NULL
            GROUP BY tenant, subject_kind, subject) AS v
        ON v.tenant = a.tenant AND v.subject_kind = a.subject_kind AND v.subject = a.subject
        WHERE v.said_at >= toUnixTimestamp64Milli(a.episode_start));

CREATE VIEW IF NOT EXISTS exchange_rate AS
SELECT tenant, id AS currency, fromUnixTimestamp64Milli(ifNull(valid_from, event_time), 'UTC') AS since,
    assumeNotNull(rate_micros) AS rate_micros
FROM raw_reference FINAL WHERE entity = 'exchange_rate' AND rate_micros > 0;
