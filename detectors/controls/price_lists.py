"""Price lists as tables that usage is looked up in: who has which list, its versions, and rows by ranges of numbers.

A number is looked up as a whole number: its digits filled up to fifteen, times sixteen, plus how many there are. So
`44`, `440` and `4400` differ and stand in this order, every prefix begins at its own number, and the rows of a version
become ranges beside each other: at each place where a prefix or a whole number begins or ends, the row of the longest
prefix that reaches it. One ASOF join then finds a call's row among any number of prefixes.
"""

from detectors.controls.parts import FOREVER

DIGITS = "^[0-9]{0,15}$"
PLACE = "toInt64(toUInt64(rightPad({0}, 15, '0')) * 16 + length({0}))"
MOST = 2_000_000_000
"""More units than this are not priced at once: a product must fit."""
HELD = """
        SELECT holder, held_since, max(named) AS offering FROM (
            SELECT assumeNotNull(subscriber_id) AS holder, event_time AS held_since,
                assumeNotNull(product_offering_id) AS named
            FROM {orders}
            WHERE state = 'completed' AND action IN ('add', 'modify', 'port_in') AND subscriber_id IS NOT NULL
                AND product_offering_id IS NOT NULL
            UNION ALL
            SELECT id AS holder, ifNull(valid_from, 0) AS held_since, assumeNotNull(product_offering_id) AS named
            FROM {reference} WHERE entity = 'subscriber' AND product_offering_id IS NOT NULL
        ) GROUP BY holder, held_since"""
CONTRACTS = f"""
SELECT holder, greatest(held_since, offered_since) AS since, min(least(held_until, offered_until)) AS until,
    argMin(tariff, offered_until) AS tariff, argMin(paid_in, offered_until) AS paid_in
FROM (
    SELECT *, leadInFrame(held_since, 1, toInt64({FOREVER})) OVER (
        PARTITION BY holder ORDER BY held_since ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS held_until FROM ({HELD})
) AS h INNER JOIN (
    SELECT id AS offered, assumeNotNull(tariff_id) AS tariff, ifNull(valid_from, 0) AS offered_since,
        ifNull(valid_to, {FOREVER}) AS offered_until, ifNull(currency, '') AS paid_in
    FROM {{reference}} WHERE entity = 'offering' AND tariff_id IS NOT NULL
) AS f ON h.offering = f.offered
WHERE offered_since < held_until AND offered_until > held_since GROUP BY holder, since"""
"""From when until when each subscriber has which price list, by what was ordered last or `reference` says of him."""
LISTED = f"""
    SELECT *, sipHash64(tuple(list, of_service, of_place, version, since, until)) AS table,
        head != '' AND is_exact AS is_whole,
        match(head, '{DIGITS}') AND per BETWEEN 1 AND {MOST} AND step BETWEEN 1 AND {MOST}
            AND first BETWEEN 0 AND {MOST} AND round_to >= 1 AND how > 0 AND rate >= 0 AND connect >= 0 AS is_sound
    FROM (
        SELECT event_id, assumeNotNull(tariff_id) AS list, assumeNotNull(service) AS of_service,
            ifNull(place, 'home') AS of_place, exact IS NOT NULL AS is_exact, ifNull(exact, ifNull(prefix, '')) AS head,
            if(band IS NULL, 0, sipHash64(assumeNotNull(band))) AS in_band, toInt64(ifNull(from_units, 0)) AS from,
            toInt64(ifNull(connect_micros, 0)) AS connect, toInt64(ifNull(rate_micros, 0)) AS rate,
            toInt64(ifNull(per_units, 1)) AS per, toInt64(ifNull(first_units, 0)) AS first,
            toInt64(ifNull(step_units, 1)) AS step, toInt64(ifNull(round_micros, 1)) AS round_to,
            indexOf(['half_even', 'up', 'down'], ifNull(rounding, 'half_even')) AS how,
            ifNull(split_bands, 0) AS splits,
            toInt64(ifNull(version, 1)) AS version, toInt64(ifNull(valid_from, 0)) AS since,
            toInt64(ifNull(valid_to, {FOREVER})) AS until, ifNull(currency, '') AS currency
        FROM {{reference}} WHERE entity = 'tariff' AND tariff_id IS NOT NULL AND service IS NOT NULL
    )"""
ENTRIES = f"""
    SELECT table, head, is_exact, any(found_currency) AS currency,
        arraySort(x -> (x.1, x.2), groupArray((in_band, from, follows, connect, rate, per, first, step, how, round_to,
            toUInt8(splits)))) AS all_slots,
        min(is_sound) AS is_priced
    FROM (
        SELECT *, currency AS found_currency, leadInFrame(from, 1, toInt64({FOREVER})) OVER (
            PARTITION BY table, head, is_exact, in_band ORDER BY from
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS follows
        FROM (SELECT * FROM ({LISTED}) ORDER BY from, event_id LIMIT 1 BY table, head, is_exact, in_band, from)
    ) GROUP BY table, head, is_exact"""
ROWS = f"""
WITH entries AS (
    SELECT table, head, is_exact, currency, if(is_priced, all_slots, []) AS slots, {PLACE.format("head")} AS begins
    FROM ({ENTRIES}) WHERE match(head, '{DIGITS}')
),
edges AS (
    SELECT DISTINCT table, edge FROM (
        SELECT table, arrayJoin([begins, if(is_exact, begins + 1,
            (intDiv(begins, 16) + toInt64(exp10(15 - length(head)))) * 16)]) AS edge FROM entries
    ) WHERE edge < toInt64(16000000000000000)
)
SELECT e.table AS table, e.edge AS edge, if(notEmpty(x.slots), x.slots, p.slots) AS slots,
    if(notEmpty(x.slots), x.currency, p.currency) AS currency
FROM edges AS e
LEFT JOIN (SELECT table, begins, slots, currency FROM entries WHERE is_exact) AS x
    ON e.table = x.table AND e.edge = x.begins
LEFT JOIN (
    SELECT c.table AS table, c.edge AS edge, argMax(n.slots, length(n.head)) AS slots,
        argMax(n.currency, length(n.head)) AS currency
    FROM (
        SELECT table, edge, arrayJoin(arrayMap(n -> substring(digits, 1, n), range(0, 16))) AS head FROM (
            SELECT table, edge, leftPad(toString(intDiv(edge, 16)), 15, '0') AS digits FROM edges
        )
    ) AS c INNER JOIN (SELECT * FROM entries WHERE NOT is_exact) AS n ON c.table = n.table AND c.head = n.head
    WHERE n.begins <= c.edge GROUP BY table, edge
) AS p ON e.table = p.table AND e.edge = p.edge
ORDER BY table, edge"""
"""For each version of a list, the rows that hold from a number on; none where no prefix reaches."""
BANDS = """
    SELECT s.list AS list, s.stretches AS stretches, s.keeps_holidays AS keeps_holidays, c.changes AS changes,
        if(keeps_holidays, (SELECT groupUniqArray(toInt64(toDate32(id))) FROM {reference}
            WHERE entity = 'list' AND list_name = 'holidays' AND toDate32OrNull(id) IS NOT NULL), []) AS holidays
    FROM (
        SELECT list, if(uniqExact(in_zone) = 1 AND NOT max(has(places, 0)), any(in_zone), '') AS in_zone,
            max(has(places, 8)) AS keeps_holidays,
            arraySort(groupUniqArray((band, on_days, toInt64(starts), toInt64(ends), number, places))) AS stretches
        FROM (
            SELECT assumeNotNull(tariff_id) AS list, ifNull(zone, 'UTC') AS in_zone, assumeNotNull(band) AS band,
                ifNull(from_minute, 0) AS starts, ifNull(until_minute, 1440) AS ends,
                sipHash64(assumeNotNull(band)) AS number, ifNull(days, 'mon tue wed thu fri sat sun') AS on_days,
                arrayMap(d -> indexOf(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'holiday'], d),
                    splitByChar(' ', on_days)) AS places
            FROM {reference} WHERE entity = 'tariff' AND tariff_id IS NOT NULL AND band IS NOT NULL
        ) GROUP BY list
    ) AS s INNER JOIN ({zones}) AS c ON s.in_zone = c.zone"""
VERSIONS = f"""
SELECT v.list AS list, v.of_service AS of_service, v.of_place AS of_place, v.versions AS versions,
    b.stretches AS stretches, b.changes AS changes, b.keeps_holidays AS keeps_holidays, b.holidays AS holidays,
    v.list IN (
        SELECT tariff_id FROM {{reference}} WHERE entity = 'tariff' AND band IS NOT NULL
    ) AS has_bands
FROM (
    SELECT list, of_service, of_place, arraySort(groupUniqArray((version, since, until, table))) AS versions
    FROM ({LISTED}) GROUP BY list, of_service, of_place
) AS v LEFT JOIN ({BANDS}) AS b ON v.list = b.list"""
"""The versions of each list, service and place, and the bands of the day that the list knows."""
DERIVED = {"price_contracts": CONTRACTS, "price_versions": VERSIONS, "price_rows": ROWS}
ZONES = """
    SELECT DISTINCT assumeNotNull(zone) AS zone FROM {reference}
    WHERE entity = 'tariff' AND band IS NOT NULL AND zone IN (SELECT time_zone FROM system.time_zones)
    ORDER BY zone"""


def zone_changes(zones: list[str]) -> str:
    """When clocks of these zones are put forward or back: zone, changes as (milliseconds, offset in milliseconds).

    Zones are names of the database's own list. From 1990 to 2050.

    >>> zone_changes([]).count("UNION ALL")
    0
    """
    utc = f"SELECT 'UTC' AS zone, [(toInt64(-{FOREVER}), toInt64(0))] AS changes"
    every = [
        f"""SELECT '{zone}' AS zone, toInt64(half) * 1800 AS at, timeZoneOffset(toDateTime(at, '{zone}')) AS off
        FROM (SELECT arrayJoin(range(350640, 1402560)) AS half)"""
        for zone in zones
        if zone != "UTC"
    ]
    if not every:
        return utc
    return f"""
    {utc} UNION ALL
    SELECT zone, groupArray((at * 1000, toInt64(off) * 1000)) AS changes FROM (
        SELECT zone, at, off, lagInFrame(off, 1, toInt32(-1)) OVER (
            PARTITION BY zone ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
        FROM ({" UNION ALL ".join(every)})
    ) WHERE off != before GROUP BY zone"""
