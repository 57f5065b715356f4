"""Traffic exchanged with partners, at what is agreed, beside what statements say of it."""

from detectors.controls.language import Side
from detectors.controls.parts import complete, half_even

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


def carried(direction: str) -> dict[str, Side]:
    """Per route and prefix: what statements of one direction ask, and what our own records make of the calls."""
    return {
        "statement": Side(
            stream="settled",
            where=f"kind = 'interconnect' AND direction = '{direction}'",
            subject="concat(ifNull(route, ''), ':', ifNull(prefix, ''))",
            money="amount_micros",
            units="ifNull(units, 0)",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
            account="''",
        ),
        "own": Side(
            stream="usage",
            rows=in_statements(priced(CALLS), "interconnect"),
            where=f"direction = '{direction}'",
            subject="concat(route, ':', prefix)",
            money="micros",
            currency="rate_currency",
            slot="period_start",
            slot_end="period_end",
            account="''",
        ),
    }


def stated(kind: str, *streams: str) -> dict[str, str]:
    """Of these streams only what lies in a period that has statements of a kind is news."""
    within = f"""ifNull(event_time >= (SELECT min(period_start) FROM {{settled}} WHERE kind = '{kind}')
        AND event_time < (SELECT max(period_end) + 86400000 FROM {{settled}} WHERE kind = '{kind}'), 0)"""
    return dict.fromkeys(streams, within)
