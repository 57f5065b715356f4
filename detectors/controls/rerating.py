"""What usage costs by the price list, worked out from the plan as data: nothing of this is shared with rating.

A record's list is that of the offering that was last ordered for its subscriber, or that `reference` says he has; the
row is that of the whole number, or the one with the longest prefix in the version in force (the highest). Units behind
those that an allowance paid for are charged in steps, by the band of the local time and in tiers of units. What cannot
be reckoned is left out, not guessed: numbers of other things than digits, and calls that go on into another band
where the list prices that apart.
"""

from detectors.controls.language import Break, Side
from detectors.controls.parts import half_even
from detectors.controls.price_lists import DIGITS, LARGEST, PLACE

AWAY = (
    "(ifNull(file_format IN ('tap', 'nrtrde'), 0) OR ifNull(roaming_direction = 'in', 0) "
    "OR ifNull(record_type = 'roaming', 0))"
)
UNITS = (
    "multiIf(service = 'voice', ifNull(duration_s, -1), service = 'data', "
    "ifNull(uplink_bytes, 0) + ifNull(downlink_bytes, 0), 1)"
)


KEYS = {"usage": "event_id", "rated": "refers_to"}
"""Usage and what was charged for it meet by the usage record."""
REACHED = {
    "orders": """SELECT event_id AS key FROM {usage} WHERE subscriber_id IN (
        SELECT subscriber_id FROM {new} WHERE subscriber_id IS NOT NULL)"""
}
"""An order may change a subscriber's price list."""


def _steps(units: str, first: str, step: str) -> str:
    """Units as they are charged: the first ones whole, then whole steps."""
    return f"if({units} <= {first}, {first}, {first} + intDiv({units} - {first} + {step} - 1, {step}) * {step})"


def _costs(units: str, rate: str, per: str) -> str:
    """What units cost at a rate for so many; a rate is so small that a remainder's product fits."""
    return f"intDiv({units}, {per}) * {rate} + {half_even(f'{rate} * ({units} % {per})', per)}"


def _fits(first: str, step: str, rate: str, per: str) -> str:
    """Whether what units cost can be reckoned in 64 bits."""
    return f"toInt128(used + {first} + {step}) * {rate} < toInt128({LARGEST}) * {per}"


TIER = "(least(used, x.3) - a.1)"
CHARGED = _steps(TIER, "if(a.1 = 0, x.7, 0)", "x.8")
IN_TIERS = f"""arrayFold((a, x) -> if(a.1 < used AND a.1 < x.3,
                (toInt64(a.1 + {CHARGED}), toInt64(a.2 + {_costs(CHARGED, "x.5", "x.6")})), a),
                tiers, (covered, toInt64(if(covered = 0, tiers[1].4, 0)))).2"""
AT_ONCE = _steps("(used - covered)", "if(covered = 0, first, 0)", "step")
AT_ONCE_COSTS = f"if(covered = 0, connect, 0) + {_costs(AT_ONCE, 'rate', 'per')}"
KEPT = "event_id, event_time, account_id, used, covered, list_currency"
FLAT = ("is_simple", "connect", "rate", "per", "first", "step", "how", "round_to", "most_units")


def rerated(where: str, *, units: str = UNITS, next_version: bool = False, paid: str | None = None) -> str:
    """Usage that passes `where`, with `micros`: what it costs by the list in force, or by the next one that begins.

    `paid` gives `refers` and `covered`: records to be priced, and of how many of their units an allowance has paid.
    Gives event_id, event_time, account_id, list_currency, used, micros. Unanswered calls cost nothing; what has no
    price, no offering or no units is left out. Rows with one price are joined apart from those with tiers and
    bands: most lists have none of these, and what reckons them costs several times as much.
    """
    timed = _timed(where, units, "next_table" if next_version else "table", paid)
    flat = ", ".join(f"r.{name} AS {name}" for name in FLAT)
    return f"""
    SELECT event_id, event_time, account_id, list_currency, used,
        toInt64(if(used = 0, 0, {_rounded()})) AS micros
    FROM (
        SELECT {KEPT}, how, round_to, if(used <= covered, 0, {AT_ONCE_COSTS}) AS amount
        FROM (
            SELECT *, {flat}, if(r.list_currency = '', paid_in, r.list_currency) AS list_currency
            FROM ({timed}) AS t ASOF INNER JOIN {{price_rows}} AS r ON t.in_table = r.table AND t.number >= r.edge
        ) WHERE is_simple AND used <= most_units
        UNION ALL
        SELECT {KEPT}, tiers[1].9 AS how, tiers[1].10 AS round_to, if(used <= covered, 0, {IN_TIERS}) AS amount
        FROM (
            SELECT *, if(r.list_currency = '', paid_in, r.list_currency) AS list_currency,
                if(arrayExists(s -> s.1 = band, r.slots), arrayFilter(s -> s.1 = band, r.slots),
                    arrayFilter(s -> s.1 = 0, r.slots)) AS tiers
            FROM ({timed}) AS t ASOF INNER JOIN {{price_tiers}} AS r ON t.in_table = r.table AND t.number >= r.edge
            WHERE notEmpty(r.slots)
        ) WHERE notEmpty(tiers) AND arrayAll(x -> {_fits("x.7", "x.8", "x.5", "x.6")}, tiers)
            AND NOT (tiers[1].11 AND service = 'voice' AND moment + used * 1000 > band_until)
    )"""


def _timed(where: str, units: str, table: str, paid: str | None) -> str:
    """Usage with the version of the list that holds, and the band of the time at which it began."""
    return f"""
                SELECT event_id, event_time, account_id, moment, service, used, covered, number, paid_in,
                    v.{table} AS in_table, v.band AS band, v.band_until AS band_until
                FROM (
                    SELECT event_id, event_time, account_id, moment, service, used, covered, number,
                        cityHash64(o.tariff, service, place) AS key, o.paid_in AS paid_in, o.until AS held_until
                    FROM ({_used(where, units, paid)}) AS u
                    ASOF INNER JOIN {{price_contracts}} AS o ON u.who = o.holder AND u.moment >= o.since
                ) AS c ASOF INNER JOIN {{price_times}} AS v ON c.key = v.key AND c.moment >= v.at
                WHERE moment < held_until AND moment < band_until"""


def _used(where: str, units: str, paid: str | None) -> str:
    """Usage that somebody pays for: who, when, what, how much."""
    place = PLACE.format("digits")
    return f"""
                        SELECT event_id, event_time, account_id, who, moment, service, place, used, {place} AS number,
                            {"p.covered" if paid else "toInt64(0)"} AS covered
                        FROM (
                            SELECT event_id, event_time, account_id, assumeNotNull(subscriber_id) AS who,
                                ifNull(start_time, event_time) AS moment, toString(service) AS service,
                                {AWAY} AS away, ifNull(record_type = 'terminating', 0) AS called,
                                multiIf(away AND called, 'roaming_in', away, 'roaming', 'home') AS place,
                                multiIf(away, replaceAll(ifNull(serving_network, ''), '-', ''), service = 'data',
                                    ifNull(rating_group, ''), ifNull(called_number, '')) AS digits,
                                toInt64({units}) AS used
                            FROM {{usage}}
                            WHERE subscriber_id IS NOT NULL AND (NOT called OR (away AND service = 'voice'))
                                AND ifNull(record_type, '') != 'transit' AND ({where})
                        ) AS u {f"INNER JOIN ({paid}) AS p ON u.event_id = p.refers" if paid else ""}
                        WHERE used BETWEEN 0 AND {LARGEST} AND {DIGITS.format("digits")}"""


def _rounded() -> str:
    """An amount rounded as its row says."""
    whole = "intDiv(amount, round_to)"
    rest = f"(amount - {whole} * round_to)"
    even = f"(2 * {rest} > round_to) + (2 * {rest} = round_to) * bitAnd({whole}, 1)"
    return f"({whole} + (how = 2) * ({rest} > 0) + (how = 1) * ({even})) * round_to"


def charged_again(charging: str) -> dict[str, Side]:
    """What usage cost that was charged in one way (online or offline), and what the price list makes of it."""
    charged = f"charging = '{charging}' AND charge_micros IS NOT NULL"
    paid = f"""SELECT assumeNotNull(refers_to) AS refers, toInt64(max(ifNull(allowance_used, 0))) AS covered
        FROM {{rated}} WHERE {charged} AND refers_to IS NOT NULL GROUP BY refers"""
    return {
        "rating": Side(
            stream="rated", where=charged, subject="refers_to", money="charge_micros", units="ifNull(units, 0)"
        ),
        "list": Side(
            stream="usage", rows=rerated("1", paid=paid), money="micros", units="used", currency="list_currency"
        ),
    }


def another_price(tolerance_micros: int) -> Break:
    """More or less than the list says: above zero too little was charged."""
    off = "list.money - rating.money"
    return Break(
        kind="another price",
        when=f"rating.records = 1 and list.records > 0 and abs({off}) > {tolerance_micros}",
        amount=off,
        claims="rating",
        cause="Priced by {rating.tariff_id}, version {rating.tariff_version}, for {rating.destination}.",
    )
