"""What usage costs by the price list, worked out from the plan as data: nothing of this is shared with rating.

A record's list is that of the offering that was last ordered for its subscriber, or that `reference` says he has; the
row is that of the whole number, or the one with the longest prefix in the version in force (the highest). Units behind
those that an allowance paid for are charged in steps, by the band of the local time and in tiers of units. What cannot
be reckoned is left out, not guessed: numbers of other things than digits, and calls that go on into another band
where the list prices that apart.
"""

from detectors.controls.language import Break, Side
from detectors.controls.parts import half_even
from detectors.controls.price_lists import DIGITS, PLACE

DAY = 86_400_000
MOST_MICROS = 9_000_000_000_000_000_000
"""More does not fit into an amount."""
AWAY = (
    "(ifNull(file_format IN ('tap', 'nrtrde'), 0) OR ifNull(roaming_direction = 'in', 0) "
    "OR ifNull(record_type = 'roaming', 0))"
)
UNITS = (
    "multiIf(service = 'voice', ifNull(duration_s, -1), service = 'data', "
    "ifNull(uplink_bytes, 0) + ifNull(downlink_bytes, 0), 1)"
)
CROSSES = f"""
    started + used * 1000 > {DAY} OR arrayExists(z -> (z.3 * 60000 > started AND z.3 * 60000 < started + used * 1000)
        OR (z.4 * 60000 > started AND z.4 * 60000 < started + used * 1000), stretches)
    OR arrayExists(c -> c.1 > moment AND c.1 < moment + used * 1000, changes)"""


def _steps(units: str, first: str, step: str) -> str:
    """Units as they are charged: the first ones whole, then whole steps."""
    return f"if({units} <= {first}, {first}, {first} + intDiv({units} - {first} + {step} - 1, {step}) * {step})"


def _costs(units: str, rate: str, per: str) -> str:
    """What units cost at a rate for so many."""
    rest = half_even(f"toInt128({rate}) * ({units} % {per})", f"toInt128({per})")
    return f"toInt128(intDiv({units}, {per})) * {rate} + {rest}"


TIER = "(least(used, x.3) - a.1)"
CHARGED = _steps(TIER, "if(a.1 = 0, x.7, 0)", "x.8")
IN_TIERS = f"""arrayFold((a, x) -> if(a.1 < used AND a.1 < x.3,
        (toInt64(a.1 + {CHARGED}), a.2 + {_costs(CHARGED, "x.5", "x.6")}), a),
        if(length(tiers) = 1, [], tiers), (covered, opening)).2"""
AT_ONCE = _steps("used - covered", "if(covered = 0, tiers[1].7, 0)", "tiers[1].8")


def rerated(where: str, *, units: str = UNITS, next_version: bool = False, paid: str | None = None) -> str:
    """Usage that passes `where`, with `micros`: what it costs by the list in force, or by the next one that begins.

    `paid` gives `refers` and `covered`: records to be priced, and of how many of their units an allowance has paid.
    Gives event_id, event_time, account_id, list_currency, micros. Unanswered calls cost nothing; what has no price, no
    offering or no units is left out.
    """
    version = (
        "arrayFirst(v -> v.2 > moment, arraySort(v -> (v.2, v.1), versions))"
        if next_version
        else "arrayLast(v -> v.2 <= moment AND moment < v.3, versions)"
    )
    covered = f"INNER JOIN ({paid}) AS p ON u.event_id = p.refers" if paid else ""
    return f"""
    SELECT event_id, event_time, account_id, list_currency, toInt64(exactly) AS micros FROM (
    SELECT event_id, event_time, account_id, list_currency, if(used = 0, toInt128(0), {_rounded()}) AS exactly
    FROM (
        SELECT event_id, event_time, account_id, list_currency, used, tiers[1].9 AS how, tiers[1].10 AS round_to,
            multiIf(used <= covered, toInt128(0), length(tiers) = 1,
                opening + {_costs(AT_ONCE, "tiers[1].5", "tiers[1].6")}, {IN_TIERS}) AS amount
        FROM (
            SELECT *, if(covered = 0, toInt128(tiers[1].4), toInt128(0)) AS opening FROM (
                SELECT *, if(has_bands, if(arrayExists(s -> s.1 = band, slots), arrayFilter(s -> s.1 = band, slots),
                    arrayFilter(s -> s.1 = 0, slots)), slots) AS tiers
                FROM ({_placed(where, units, version, covered)})
            ) WHERE notEmpty(tiers) AND NOT (has_bands AND empty(changes))
                AND NOT (has_bands AND tiers[1].11 AND service = 'voice' AND ({CROSSES}))
        )
    )) WHERE exactly <= {MOST_MICROS}"""


def _placed(where: str, units: str, version: str, covered: str) -> str:
    """Usage with the rows of its list, and the band of the local time at which it began."""
    return f"""
                    SELECT event_id, event_time, account_id, moment, service, used, covered, stretches, changes,
                        has_bands, r.slots AS slots, if(r.currency = '', paid_in, r.currency) AS list_currency,
                        if(has_bands, arrayLast(z -> has(z.6, kind) AND z.3 <= intDiv(started, 60000)
                            AND intDiv(started, 60000) < z.4, stretches).5, toUInt64(0)) AS band, started
                    FROM (
                        SELECT *, if(keeps_holidays AND has(holidays, intDiv(local, {DAY})), 8,
                            (intDiv(local, {DAY}) + 3) % 7 + 1) AS kind, local % {DAY} AS started
                        FROM (
                            SELECT event_id, event_time, account_id, moment, u.service AS service, used, covered,
                                paid_in, number, {version}.4 AS table, v.stretches AS stretches, v.changes AS changes,
                                v.has_bands AS has_bands, v.keeps_holidays AS keeps_holidays, v.holidays AS holidays,
                                moment + if(has_bands, arrayLast(c -> c.1 <= moment, v.changes).2, 0) AS local
                            FROM (
                                SELECT event_id, event_time, account_id, moment, service, place, used, covered, number,
                                    o.tariff AS tariff, o.paid_in AS paid_in
                                FROM ({_used(where, units, covered)}) AS u
                                ASOF INNER JOIN {{price_contracts}} AS o ON u.who = o.holder AND u.moment >= o.since
                                WHERE moment < o.until
                            ) AS u INNER JOIN {{price_versions}} AS v
                                ON u.tariff = v.list AND u.service = v.of_service AND u.place = v.of_place
                        ) WHERE table != 0
                    ) AS t ASOF INNER JOIN {{price_rows}} AS r ON t.table = r.table AND t.number >= r.edge"""


def _used(where: str, units: str, covered: str) -> str:
    """Usage that somebody pays for: who, when, what, how much."""
    place = PLACE.format("digits")
    return f"""
                SELECT event_id, event_time, account_id, who, moment, service, place, used, {place} AS number,
                    {"p.covered" if covered else "toInt64(0)"} AS covered
                FROM (
                    SELECT event_id, event_time, account_id, assumeNotNull(subscriber_id) AS who,
                        ifNull(start_time, event_time) AS moment, toString(service) AS service,
                        {AWAY} AS away, ifNull(record_type = 'terminating', 0) AS called,
                        multiIf(away AND called, 'roaming_in', away, 'roaming', 'home') AS place,
                        multiIf(away, replaceAll(ifNull(serving_network, ''), '-', ''),
                            service = 'data', ifNull(rating_group, ''), ifNull(called_number, '')) AS digits,
                        toInt64({units}) AS used
                    FROM {{usage}}
                    WHERE subscriber_id IS NOT NULL AND (NOT called OR (away AND service = 'voice'))
                        AND ifNull(record_type, '') != 'transit' AND ({where})
                ) AS u {covered}
                WHERE used >= 0 AND match(digits, '{DIGITS}')"""


def _rounded() -> str:
    """An amount rounded as its row says."""
    whole, rest = "intDiv(amount, round_to)", "(amount % round_to)"
    return (
        f"multiIf(round_to = 1, amount, how = 2, ({whole} + if({rest} > 0, 1, 0)) * round_to, "
        f"how = 3, {whole} * round_to, {half_even('amount', 'toInt128(round_to)')} * round_to)"
    )


def charged_again(charging: str) -> dict[str, Side]:
    """What usage cost that was charged in one way (online or offline), and what the price list makes of it."""
    charged = f"charging = '{charging}' AND charge_micros IS NOT NULL"
    paid = f"""SELECT assumeNotNull(refers_to) AS refers, toInt64(max(ifNull(allowance_used, 0))) AS covered
        FROM {{rated}} WHERE {charged} AND refers_to IS NOT NULL GROUP BY refers"""
    return {
        "rating": Side(stream="rated", where=charged, subject="refers_to", money="charge_micros"),
        "list": Side(stream="usage", rows=rerated("1", paid=paid), money="micros", currency="list_currency"),
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
