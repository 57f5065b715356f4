"""Price lists as tables that usage is looked up in: who has which list, its versions, and rows by ranges of numbers.

A number is looked up as a whole number: its digits filled up to fifteen, times sixteen, plus how many there are. So
`44`, `440` and `4400` differ and stand in this order, every prefix begins at its own number, and the rows of a version
become ranges beside each other: at each place where a prefix or a whole number begins or ends, the row of the longest
prefix that reaches it. One ASOF join then finds a call's row among any number of prefixes.
"""

from detectors.controls.parts import FOREVER

DAY = 86_400_000
DIGITS = "(length({0}) <= 15 AND match({0}, '^[0-9]*$'))"
PLACE = "toInt64(toUInt64(rightPad({0}, 15, '0')) * 16 + length({0}))"
MOST = 2_000_000_000
"""More units than this are not priced at once: a product must fit."""
LARGEST = 1_000_000_000_000_000_000
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
    SELECT *, cityHash64(list, of_service, of_place, version, since, until) AS table,
        head != '' AND is_exact AS is_whole,
        {DIGITS.format("head")} AND per BETWEEN 1 AND {MOST} AND step BETWEEN 1 AND {MOST}
            AND first BETWEEN 0 AND {MOST} AND round_to >= 1 AND how > 0 AND connect BETWEEN 0 AND {LARGEST}
            AND rate BETWEEN 0 AND intDiv({LARGEST}, greatest(per, 1)) AS is_sound
    FROM (
        SELECT event_id, assumeNotNull(tariff_id) AS list, assumeNotNull(service) AS of_service,
            ifNull(place, 'home') AS of_place, exact IS NOT NULL AS is_exact, ifNull(exact, ifNull(prefix, '')) AS head,
            if(band IS NULL, 0, cityHash64(assumeNotNull(band))) AS in_band, toInt64(ifNull(from_units, 0)) AS from,
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
EDGES = f"""
WITH entries AS (
    SELECT table, head, is_exact, currency, if(is_priced, all_slots, []) AS slots, {PLACE.format("head")} AS begins
    FROM ({ENTRIES}) WHERE {DIGITS.format("head")}
),
edges AS (
    SELECT DISTINCT table, edge FROM (
        SELECT table, arrayJoin([begins, if(is_exact, begins + 1,
            (intDiv(begins, 16) + toInt64(exp10(15 - length(head)))) * 16)]) AS edge FROM entries
    ) WHERE edge < toInt64(16000000000000000)
)
SELECT table, edge, slots, currency AS list_currency
FROM (
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
)
ORDER BY table, edge"""
"""For each version of a list, the slots that hold from a number on; none where no prefix reaches."""
ROWS = f"""
SELECT table, edge, slots[1].4 AS connect, slots[1].5 AS rate, slots[1].6 AS per, slots[1].7 AS first,
    slots[1].8 AS step, slots[1].9 AS how, slots[1].10 AS round_to, list_currency,
    length(slots) = 1 AND slots[1].1 = 0 AS is_simple,
    if(rate = 0, {LARGEST}, toInt64(least(toInt128({LARGEST}), intDiv(toInt128({LARGEST}) * per, rate) - first - step)))
        AS most_units
FROM {{price_edges}} ORDER BY table, edge"""
"""Rows with one price for all units at all times; the others say that they are not simple. `most_units`: what fits."""
TIERS = """
SELECT table, edge, if(length(slots) = 1 AND slots[1].1 = 0, [], slots) AS slots, list_currency FROM {price_edges}
WHERE table IN (SELECT table FROM {price_edges} WHERE length(slots) > 1 OR slots[1].1 != 0) ORDER BY table, edge"""
"""Rows with several: by band and by how many units came before. Empty where no list has any, which costs nothing."""
WEEKS = """
    SELECT s.list AS list, s.stretches AS stretches, s.keeps_holidays AS keeps_holidays, c.changes AS changes,
        if(keeps_holidays, (SELECT groupUniqArray(toInt64(toDate32(id))) FROM {reference}
            WHERE entity = 'list' AND list_name = 'holidays' AND toDate32OrNull(id) IS NOT NULL), []) AS holidays
    FROM (
        SELECT list, if(uniqExact(in_zone) = 1 AND NOT max(has(places, 0)), any(in_zone), '') AS in_zone,
            max(has(places, 8)) AS keeps_holidays,
            arraySort(groupUniqArray((of_band, on_days, toInt64(starts), toInt64(ends), number, places))) AS stretches
        FROM (
            SELECT assumeNotNull(tariff_id) AS list, ifNull(zone, 'UTC') AS in_zone, assumeNotNull(band) AS of_band,
                ifNull(from_minute, 0) AS starts, ifNull(until_minute, 1440) AS ends,
                cityHash64(of_band) AS number, ifNull(days, 'mon tue wed thu fri sat sun') AS on_days,
                arrayMap(d -> indexOf(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'holiday'], d),
                    splitByChar(' ', on_days)) AS places
            FROM {reference} WHERE entity = 'tariff' AND tariff_id IS NOT NULL AND band IS NOT NULL
        ) GROUP BY list
    ) AS s INNER JOIN ({zones}) AS c ON s.in_zone = c.zone"""
"""The stretches of the local day and week that a list knows; not of lists whose zone or days nobody knows."""
SPAN = """(
        SELECT (greatest(min(day), max(day) - 1100) - 2, max(day) + 3) FROM (
            SELECT intDiv(ifNull(start_time, event_time), 86400000) AS day FROM {usage}
            WHERE (SELECT count() FROM {reference} WHERE entity = 'tariff' AND band IS NOT NULL) > 0
        ))"""
"""The days of usage, at most three years of them; not asked for where no list has bands."""
BANDS = f"""
    SELECT list, at, number AS band, leadInFrame(at, 1, at + {DAY}) OVER (
        PARTITION BY list ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS band_until
    FROM (
        SELECT *, lagInFrame((number, day, off), 1, (number, toInt64(-1), off)) OVER (
            PARTITION BY list ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
        FROM (
            SELECT list, at, arrayLast(c -> c.1 <= at, changes).2 AS off, intDiv(at + off, {DAY}) AS day,
                if(keeps_holidays AND has(holidays, day), 8, (day + 3) % 7 + 1) AS kind,
                intDiv((at + off) % {DAY}, 60000) AS minute,
                arrayLast(z -> has(z.6, kind) AND z.3 <= minute AND minute < z.4, stretches).5 AS number
            FROM (
                SELECT DISTINCT list, stretches, keeps_holidays, holidays, changes, arrayJoin(arrayConcat(
                    arrayFlatten(arrayMap(d -> arrayFlatten(arrayMap(m -> arrayMap(
                        o -> toInt64(d) * {DAY} + m * 60000 - o, arrayDistinct(arrayMap(c -> c.2, changes))),
                        arrayDistinct(arrayConcat([toInt64(0)], arrayMap(z -> z.3, stretches),
                            arrayMap(z -> z.4, stretches))))),
                        range(toUInt32(greatest({SPAN}.1, 0)), toUInt32(greatest({SPAN}.2, 0))))),
                    arrayFilter(t -> t > 0, arrayMap(c -> c.1, changes)))) AS at
                FROM ({WEEKS})
            )
        )
    ) WHERE (number, day, off) != before"""
"""In which band each list is from a moment on, until when; another day is another stretch."""
TIMES = f"""
WITH every AS (
    SELECT list, cityHash64(list, of_service, of_place) AS key,
        arraySort(groupUniqArray((version, since, until, table))) AS versions,
        list IN (SELECT tariff_id FROM {{reference}} WHERE entity = 'tariff' AND band IS NOT NULL) AS has_bands
    FROM ({LISTED}) GROUP BY list, of_service, of_place
)
SELECT e.key AS key, e.at AS at, e.table AS table, e.next_table AS next_table, if(e.has_bands, b.band, 0) AS band,
    if(e.has_bands, if(b.list = '', -{FOREVER}, b.band_until), {FOREVER}) AS band_until
FROM (
    SELECT list, key, at, has_bands, arrayLast(v -> v.2 <= at AND at < v.3, versions).4 AS table,
        arrayFirst(v -> v.2 > at, arraySort(v -> (v.2, v.1), versions)).4 AS next_table
    FROM (
        SELECT list, key, versions, has_bands, arrayJoin(arrayDistinct(arrayConcat([toInt64(-{FOREVER})],
            arrayMap(v -> v.2, versions), arrayMap(v -> v.3, versions)))) AS at FROM every
        UNION DISTINCT
        SELECT w.list, w.key, w.versions, w.has_bands, c.at AS at FROM every AS w INNER JOIN {{price_bands}} AS c
            ON w.list = c.list
    )
) AS e ASOF LEFT JOIN {{price_bands}} AS b ON e.list = b.list AND e.at >= b.at
ORDER BY key, at"""
"""From a moment on: which version of a list holds for a service and place, which comes next, in which band."""
DERIVED = {
    "price_contracts": CONTRACTS,
    "price_bands": BANDS,
    "price_times": TIMES,
    "price_edges": EDGES,
    "price_rows": ROWS,
    "price_tiers": TIERS,
}
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
