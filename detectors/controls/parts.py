"""Pieces of SQL that several controls need: exact shares, months, traffic at partners' rates."""

FOREVER = "4611686018427387904"

CALLS = """
    SELECT event_id, event_time, ifNull(start_time, event_time) AS moment, ifNull(called_number, '') AS called,
        toInt64(duration_s) AS used, partner_of AS partner, direction, route
    FROM (
        SELECT event_id, event_time, start_time, called_number, duration_s, 'out' AS direction, trunk_out AS route
        FROM {usage} WHERE service = 'voice' AND duration_s > 0 AND trunk_out IS NOT NULL
            AND record_type IN ('originating', 'forwarded', 'transit')
        UNION ALL
        SELECT event_id, event_time, start_time, called_number, duration_s, 'in' AS direction, trunk_in AS route
        FROM {usage} WHERE service = 'voice' AND duration_s > 0 AND trunk_in IS NOT NULL
            AND record_type IN ('terminating', 'transit')
    ) AS c
    INNER JOIN (SELECT id, partner_id AS partner_of FROM {reference} WHERE entity = 'trunk') AS t ON c.route = t.id
"""
"""Answered calls over partners' trunks, both ways."""
VISITS = """
    SELECT event_id, event_time, ifNull(start_time, event_time) AS moment, ifNull(called_number, '') AS called,
        toInt64(duration_s) AS used, reported_by AS partner, 'in' AS direction, call_reference AS route
    FROM {usage} WHERE service = 'voice' AND duration_s > 0 AND roaming_direction = 'out' AND file_format = 'cdr'
        AND reported_by IS NOT NULL
"""
"""Visitors' answered calls, whose operators pay."""


SAYS = """sipHash64(toString((service, record_type, calling_number, called_number, subscriber_id, start_time,
    event_time, duration_s, uplink_bytes, downlink_bytes)))"""
"""What a usage record says, as one number: two records that say the same are copies."""


def complete(stream: str, kind: str, scope: str = "") -> str:
    """Batches of a kind that are closed and whose declared rows have all been read: only then does absence count.

    Gives batch, since, until (its period) and closed_at. `scope`: just these.
    """
    own = f" AND scope = '{scope}'" if scope else ""
    return f"""
    SELECT b.batch AS batch, b.since AS since, b.until AS until, b.closed_at AS closed_at FROM (
        SELECT batch_id AS batch, max(period_start) AS since, max(period_end) AS until, max(event_time) AS closed_at,
            toInt64(max(ifNull(records, 0))) AS declared
        FROM {{batches}} WHERE kind = '{kind}' AND state = 'closed'{own} GROUP BY batch
    ) AS b LEFT JOIN (
        SELECT assumeNotNull(batch_id) AS of_batch, toInt64(count()) AS there FROM {{{stream}}}
        WHERE batch_id IS NOT NULL GROUP BY of_batch
    ) AS r ON b.batch = r.of_batch WHERE r.there >= b.declared"""


def half_even(product: str, divisor: str) -> str:
    """Product ÷ divisor in whole numbers, halves to the even neighbour; both at least 0.

    >>> half_even("5", "2").startswith("(intDiv(")
    True
    """
    whole, rest = f"intDiv({product}, {divisor})", f"2 * (({product}) % {divisor})"
    return f"({whole} + if({rest} > {divisor} OR ({rest} = {divisor} AND {whole} % 2 = 1), 1, 0))"


def month_of(moment: str) -> str:
    """The beginning of the month (UTC) of a moment, both in milliseconds."""
    return f"toInt64(toUnixTimestamp(toStartOfMonth(fromUnixTimestamp64Milli({moment}, 'UTC'), 'UTC'))) * 1000"


def priced(calls: str) -> str:
    """Calls at what is agreed with their partner: the rate of the longest prefix that was in force.

    Gives event_id, event_time, moment, partner, direction, route, prefix, rate_currency and `micros`: the rate for
    begun steps, to the millionth, half to even. What has no rate is left out.
    """
    steps = "intDiv(used + step - 1, step) * step"
    return f"""
    SELECT event_id, event_time, moment, partner, direction, route, prefix, rate_currency,
        {half_even(f"toInt128(rate) * ({steps})", "toInt128(per)")} AS micros
    FROM (
        SELECT event_id, event_time, moment, used, partner, direction, route, c.head AS prefix, rate, per, step,
            rate_currency
        FROM (
            SELECT *, arrayJoin(arrayMap(n -> substring(called, 1, n), range(0, least(length(called), 15) + 1))) AS head
            FROM ({calls})
        ) AS c
        INNER JOIN (
            SELECT partner_id AS owner, direction AS way, ifNull(prefix, '') AS head, toInt64(rate_micros) AS rate,
                toInt64(ifNull(per_units, 60)) AS per, toInt64(ifNull(step_units, 1)) AS step,
                ifNull(valid_from, 0) AS since, ifNull(valid_to, 4611686018427387904) AS until,
                currency AS rate_currency
            FROM {{reference}} WHERE entity = 'route_rate'
        ) AS r ON c.partner = r.owner AND c.direction = r.way AND c.head = r.head
        WHERE moment >= since AND moment < until
        ORDER BY length(prefix) DESC, since DESC
        LIMIT 1 BY event_id, direction
    )"""


def in_statements(rows: str, kind: str, moment: str = "moment") -> str:
    """Rows with the period of the statements of a kind that they belong to; what no statement covers is left out.

    Nor is a period whose statements have not been read to their ends.
    """
    whole = complete("settled", "statement")
    return f"""
    SELECT s.*, p.since AS period_start, p.until AS period_end FROM ({rows}) AS s CROSS JOIN (
        SELECT assumeNotNull(period_start) AS since, assumeNotNull(period_end) AS until
        FROM {{settled}} WHERE kind = '{kind}' AND period_start IS NOT NULL AND period_end IS NOT NULL
        GROUP BY since, until
        HAVING countIf(batch_id IS NOT NULL AND batch_id NOT IN (SELECT batch FROM ({whole}))) = 0
    ) AS p WHERE s.{moment} >= p.since AND s.{moment} < p.until"""
