"""What usage costs by the price list, worked out from the plan as data: nothing of this is shared with rating.

A record's offering is what was last ordered for its subscriber, or what `reference` says of him, the price list is the
offering's, the row is that of the whole number or the one with the longest prefix among those in force. Units are
charged in steps, the first ones whole. Bands of time, prices that begin further on and allowances are not reckoned
here: what they touch is left out, not guessed.
"""

from detectors.controls.language import Break, Side
from detectors.controls.parts import FOREVER, half_even

AWAY = (
    "(ifNull(file_format IN ('tap', 'nrtrde'), 0) OR ifNull(roaming_direction = 'in', 0) "
    "OR ifNull(record_type = 'roaming', 0))"
)
UNITS = (
    "multiIf(service = 'voice', ifNull(duration_s, -1), service = 'data', "
    "ifNull(uplink_bytes, 0) + ifNull(downlink_bytes, 0), 1)"
)
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
OFFERED = f"""
        SELECT id AS offered, assumeNotNull(tariff_id) AS tariff, ifNull(valid_from, 0) AS offered_since,
            ifNull(valid_to, {FOREVER}) AS offered_until
        FROM {{reference}} WHERE entity = 'offering' AND tariff_id IS NOT NULL"""
LISTED = f"""
        SELECT assumeNotNull(tariff_id) AS list, assumeNotNull(service) AS of_service,
            ifNull(place, 'home') AS of_place,
            if(exact IS NULL, ifNull(prefix, ''), concat('=', exact)) AS of_head,
            toInt64(ifNull(connect_micros, 0)) AS connect,
            toInt64(ifNull(rate_micros, 0)) AS rate, toInt64(ifNull(per_units, 1)) AS per,
            toInt64(ifNull(first_units, 0)) AS first, toInt64(ifNull(step_units, 1)) AS step,
            toInt64(ifNull(round_micros, 1)) AS round_to, ifNull(rounding, 'half_even') AS rounding,
            ifNull(version, 1) AS list_version, ifNull(currency, '') AS list_currency,
            ifNull(valid_from, 0) AS since, ifNull(valid_to, {FOREVER}) AS until
        FROM {{reference}} WHERE entity = 'tariff' AND ifNull(from_units, 0) = 0 AND band IS NULL
            AND tariff_id NOT IN (
                SELECT assumeNotNull(tariff_id) FROM {{reference}} WHERE entity = 'tariff' AND tariff_id IS NOT NULL
                    AND (ifNull(from_units, 0) > 0 OR band IS NOT NULL))"""


def rerated(where: str, *, units: str = UNITS, next_version: bool = False) -> str:
    """Usage that passes `where`, with `micros`: what it costs by the list in force, or by the next one that begins.

    Gives event_id, event_time, account_id, list_currency, micros. Unanswered calls cost nothing; what has no price, no
    offering or no units is left out.
    """
    fits = "moment < since" if next_version else "moment >= since AND moment < until"
    best = "startsWith(head, '=') DESC, length(head) DESC"
    order = f"since, {best}" if next_version else f"{best}, list_version DESC, since DESC"
    charged = "if(used <= first, first, first + intDiv(used - first + step - 1, step) * step)"
    exact = f"toInt128(rate) * {charged}"
    return f"""
    SELECT event_id, event_time, account_id, list_currency, toInt64(if(used = 0, 0, {_rounded("amount")})) AS micros
    FROM (
        SELECT event_id, event_time, account_id, used, list_currency, round_to, rounding,
            connect + {half_even(exact, "toInt128(per)")} AS amount
        FROM (
            SELECT event_id, event_time, account_id, moment, service, place, used, tariff,
                arrayJoin(arrayPushBack(arrayMap(n -> substring(number, 1, n), range(0, least(length(number), 15) + 1)),
                    concat('=', number))) AS head
            FROM (
                SELECT *, offering AS held FROM (
                    SELECT event_id, event_time, account_id, assumeNotNull(subscriber_id) AS who,
                        ifNull(start_time, event_time) AS moment, toString(service) AS service,
                        {AWAY} AS away, ifNull(record_type = 'terminating', 0) AS called,
                        multiIf(away AND called, 'roaming_in', away, 'roaming', 'home') AS place,
                        multiIf(away, replaceAll(ifNull(serving_network, ''), '-', ''),
                            service = 'data', ifNull(rating_group, ''), ifNull(called_number, '')) AS number,
                        toInt64({units}) AS used
                    FROM {{usage}}
                    WHERE subscriber_id IS NOT NULL AND (NOT called OR (away AND service = 'voice'))
                        AND ifNull(record_type, '') != 'transit' AND ({where})
                ) AS u ASOF INNER JOIN ({HELD}) AS o ON u.who = o.holder AND u.moment >= o.held_since
            ) AS h INNER JOIN ({OFFERED}) AS f ON h.held = f.offered
            WHERE moment >= offered_since AND moment < offered_until AND used >= 0
        ) AS c INNER JOIN ({LISTED}) AS t
            ON c.tariff = t.list AND c.service = t.of_service AND c.place = t.of_place AND c.head = t.of_head
        WHERE {fits}
        ORDER BY {order} LIMIT 1 BY event_id
    )"""


def _rounded(amount: str) -> str:
    """An amount rounded as its row says."""
    whole, rest = f"intDiv({amount}, round_to)", f"({amount} % round_to)"
    up = f"({whole} + if({rest} > 0, 1, 0)) * round_to"
    even = half_even(amount, "toInt128(round_to)")
    return (
        f"multiIf(round_to = 1, {amount}, rounding = 'up', {up}, rounding = 'down', {whole} * round_to, "
        f"{even} * round_to)"
    )


def charged_again(charging: str) -> dict[str, Side]:
    """What usage cost that was charged in one way (online or offline), and what the price list makes of it."""
    charged = f"charging = '{charging}' AND charge_micros IS NOT NULL AND ifNull(allowance_used, 0) = 0"
    rated = f"event_id IN (SELECT assumeNotNull(refers_to) FROM {{rated}} WHERE {charged})"
    return {
        "rating": Side(stream="rated", where=charged, subject="refers_to", money="charge_micros"),
        "list": Side(stream="usage", rows=rerated(rated), money="micros", currency="list_currency"),
    }


def another_price(tolerance_micros: int) -> Break:
    """More or less than the list says: above zero too little was charged."""
    off = "list.money - rating.money"
    return Break(
        kind="another price",
        when=f"rating.records = 1 and list.records > 0 and abs({off}) > {tolerance_micros}",
        amount=off,
        claims="rating",
    )
