"""Pieces of SQL that several controls need: exact shares, months, complete batches, copies."""

FOREVER = "4611686018427387904"

SAYS = """cityHash64((service, record_type, calling_number, called_number, subscriber_id, start_time, event_time,
    duration_s, uplink_bytes, downlink_bytes))"""
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
    """Product ÷ divisor in whole numbers, halves to the even neighbour; both at least 0. No branches: they cost more.

    >>> half_even("5", "2").startswith("(intDiv(5, 2)")
    True
    """
    whole = f"intDiv({product}, {divisor})"
    twice = f"2 * (({product}) - {whole} * {divisor})"
    return f"({whole} + ({twice} > {divisor}) + ({twice} = {divisor}) * bitAnd({whole}, 1))"


def month_of(moment: str) -> str:
    """The beginning of the month (UTC) of a moment, both in milliseconds."""
    return f"toInt64(toUnixTimestamp(toStartOfMonth(fromUnixTimestamp64Milli({moment}, 'UTC'), 'UTC'))) * 1000"
