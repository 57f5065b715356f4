"""Recurring fees as SQL: lines with the price that was in force, services of a snapshot with what they cost a month."""

from detectors.controls.parts import FOREVER, half_even

DAY_MS = 86_400_000
OFFERINGS = f"""
    SELECT id AS offered, toInt64(price_micros) AS price, ifNull(currency, '') AS price_currency,
        ifNull(valid_from, 0) AS since, ifNull(valid_to, {FOREVER}) AS until, ifNull(proration, 'days') AS proration,
        ifNull(in_advance, 0) AS in_advance
    FROM {{reference}} WHERE entity = 'offering' AND price_micros IS NOT NULL
        AND ifNull(charge_kind, 'recurring') = 'recurring'"""
AGREED = "SELECT id FROM {reference} WHERE entity = 'product' AND price_micros IS NOT NULL"
LINES = f"""
    SELECT event_id, event_time, product_id, account_id, amount_micros, currency, line_id, product_offering_id,
        toInt64(assumeNotNull(period_start)) AS period_start, toInt64(assumeNotNull(period_end)) AS period_end,
        toInt64(ifNull(units, 0)) AS days, price, proration,
        intDiv(assumeNotNull(period_end) - assumeNotNull(period_start) + {DAY_MS // 2}, {DAY_MS}) AS period_days
    FROM {{billed}} AS b INNER JOIN ({OFFERINGS}) AS o ON b.product_offering_id = o.offered
    WHERE kind = 'recurring' AND product_id IS NOT NULL AND period_start IS NOT NULL AND period_end IS NOT NULL
        AND price > 0 AND corrects_line_id IS NULL AND period_start >= since AND period_start < until
        AND product_id NOT IN ({AGREED})"""
"""Lines of fees, with the price of their offering when their period began; agreed prices are left out."""
SNAPSHOTS = f"""
    SELECT p.event_id AS event_id, p.event_time AS event_time, p.product_id AS product_id,
        p.subscriber_id AS subscriber_id, p.state AS state, toInt64(p.since) AS began,
        ifNull(p.service_specification, '') AS specification, s.first AS period_start, s.last AS period_end,
        intDiv(s.last - s.first + {DAY_MS // 2}, {DAY_MS}) AS period_days
    FROM {{provisioned}} AS p INNER JOIN (
        SELECT batch_id AS snapshot, max(period_start) AS first, max(period_end) AS last
        FROM {{batches}} WHERE kind = 'snapshot' AND startsWith(scope, 'provisioned') AND state = 'closed'
        GROUP BY snapshot
    ) AS s ON p.batch_id = s.snapshot"""
"""Services as a snapshot of the network at the end of a period shows them."""


def part(price: str, days: str, period_days: str) -> str:
    """A price for some days of a period, to the millionth, half to even."""
    return half_even(f"toInt128({price}) * ({days})", f"toInt128(greatest({period_days}, 1))")
