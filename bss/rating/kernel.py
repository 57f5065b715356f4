"""The compiled pass over a table of usage: find the price list, the row, the allowance, the price."""

from typing import Any

import numba
import numpy as np

from bss_kit.money import HALF_EVEN, LARGEST, Ints, part_of
from bss_kit.prefixes import PAD, below, longest

DAY_MS, MINUTE_MS = 86_400_000, 60_000
HOLIDAY = 7
HOME, ROAMING, ROAMING_IN = range(3)

ERRORS = (
    None,
    "subscriber is not known",
    "subscriber has no offering at that time",
    "offering has no price list for this service",
    "price list has no version in force at that time",
    "price list has no row for this number, network or rating group",
    "price list has no price at that time of day",
    "number is missing, or is not digits, at most 15",
    "units are missing",
    "charge is beyond what an amount can be",
)
(
    PRICED,
    NO_SUBSCRIBER,
    NO_OFFERING,
    NO_LIST,
    NO_VERSION,
    NO_ROW,
    NO_PRICE_NOW,
    NO_NUMBER,
    NO_UNITS,
    TOO_LARGE,
) = range(10)

FROM, CONNECT, RATE, PER, FIRST, STEP, HOW, ROUND_TO, ROW, SPLIT = range(10)
"""Columns of a slot: a row of a price list for units from `FROM` on."""


@numba.njit(cache=True)
def band_at(
    moment: Any, which: Any, weeks: Any, runs: Any, keeps_holidays: Any, holidays: Any, change_at: Any, offsets: Any
) -> Any:
    """The band at a moment, and for how many more seconds it lasts at least."""
    place = max(below(change_at, moment), 0)
    local = moment + offsets[place]
    day, into_day = local // DAY_MS, local % DAY_MS
    kind = (day + 3) % 7
    if keeps_holidays[which] and len(holidays) > 0:
        at = below(holidays, day)
        if at >= 0 and holidays[at] == day:
            kind = HOLIDAY
    minute = into_day // MINUTE_MS
    left_ms = runs[which, kind, minute] * MINUTE_MS - into_day % MINUTE_MS
    if place + 1 < len(change_at):
        left_ms = min(left_ms, change_at[place + 1] - moment)
    return weeks[which, kind, minute], max((left_ms + 999) // 1000, 1)


@numba.njit(cache=True)
def steps_of(units: int, first: int, step: int) -> int:
    """Units as they are charged: the first ones whole, then whole steps."""
    if units <= 0:
        return 0
    if units <= first:
        return first
    return first + -(-(units - first) // step) * step


@numba.njit(cache=True)
def slot_at(entry: Any, band: Any, position: Any, first_slot: Any, count: Any, slots: Any) -> Any:
    """The slot that prices units from a position on, in a band or at all times; −1 where there is none."""
    which = band if count[entry, band] > 0 else 0
    if count[entry, which] == 0:
        return -1, 0
    first, last = first_slot[entry, which], first_slot[entry, which] + count[entry, which]
    at = first
    while at + 1 < last and slots[at + 1, FROM] <= position:
        at += 1
    return at, slots[at + 1, FROM] if at + 1 < last else np.int64(2**62)


@numba.njit(cache=True)
def price(entry: Any, which: Any, moment: Any, units: Any, covered: Any, timed: Any, tables: Any, bands: Any) -> Any:
    """What units cost behind those that an allowance covered: amount in millionths, error, slot of the first unit."""
    first_slot, count, slots = tables
    weeks, runs, keeps_holidays, holidays, change_at, offsets = bands
    band, left = band_at(moment, which, weeks, runs, keeps_holidays, holidays, change_at, offsets)
    opening, _ = slot_at(entry, band, 0, first_slot, count, slots)
    if opening < 0:
        return 0, NO_PRICE_NOW, -1
    total, position = 0, covered
    if units > 0 and covered == 0:
        total = slots[opening, CONNECT]
    splits = timed and slots[opening, SPLIT] == 1
    while position < units:
        if splits:
            now = moment + position * 1000
            band, left = band_at(now, which, weeks, runs, keeps_holidays, holidays, change_at, offsets)
        at, following = slot_at(entry, band, position, first_slot, count, slots)
        if at < 0:
            return 0, NO_PRICE_NOW, opening
        until = min(units, following)
        if splits:
            until = min(until, position + left)
        chunk = steps_of(until - position, slots[at, FIRST] if position == 0 else 0, slots[at, STEP])
        rate, per = slots[at, RATE], slots[at, PER]
        if rate != 0 and chunk // per + 1 > (LARGEST - min(total, LARGEST)) // abs(rate):
            return 0, TOO_LARGE, opening
        total += chunk // per * rate + part_of(rate, chunk % per, per, HALF_EVEN)
        position += chunk
    to = slots[opening, ROUND_TO]
    return part_of(total, 1, to, slots[opening, HOW]) * to, PRICED, opening


@numba.njit(cache=True)
def find_row(table: int, number: int, exact: int, lists: Any) -> int:
    """The row of a price list for a number: the one for just this number, or that of its longest prefix; −1."""
    prefixes, exacts, exact_entries = lists
    if len(exacts) > 0:
        wanted = table * (2 * PAD) + exact
        at = below(exacts, wanted)
        if at >= 0 and exacts[at] == wanted:
            return exact_entries[at]
    return longest(table, number, exact, prefixes)


@numba.njit(cache=True)
def spans_at(who: Any, moment: Any, firsts: Any, spans: Any) -> Any:
    """The span of a subscriber's contract in which a moment lies; −1."""
    for at in range(firsts[who], firsts[who + 1]):
        if spans[at, 0] <= moment < spans[at, 1]:
            return at
    return -1


@numba.njit(cache=True)
def list_at(tariff: int, service: int, place: int, moment: int, plan: Any) -> Any:
    """The table of a price list that is in force for a service at a moment; and an error. The highest version wins."""
    group_of, group_first, versions, _ = plan
    group = group_of[tariff, service, place] if tariff >= 0 else -1
    if group < 0:
        return -1, NO_LIST
    table = -1
    for at in range(group_first[group], group_first[group + 1]):
        if versions[at, 0] <= moment < versions[at, 1]:
            table = versions[at, 2]
    return table, PRICED if table >= 0 else NO_VERSION


@numba.njit(cache=True)
def use_allowances(who: int, moment: int, entry: int, need: int, allowances: Any) -> Any:
    """Take units from the buckets of a subscriber that may pay for an entry: how many, and the first bucket or −1."""
    bucket_first, buckets, applies = allowances
    covered, first = 0, -1
    for at in range(bucket_first[who], bucket_first[who + 1]):
        fits = applies[buckets[at, 0], entry] and buckets[at, 1] <= moment < buckets[at, 2]
        if fits and buckets[at, 3] > 0 and covered < need:
            taken = min(buckets[at, 3], need - covered)
            buckets[at, 3] -= taken
            covered += taken
            if first < 0:
                first = at
    return covered, first


@numba.njit(cache=True)
def find_entry(at: int, row: Any, span: int, tariff: int, plan: Any, lists: Any) -> Any:
    """Price list and row for a record: table, entry, error."""
    _, moment, service, place, number, exact, units = row
    if span < 0:
        return -1, -1, NO_OFFERING
    table, error = list_at(tariff, service[at], place[at], moment[at], plan)
    if error != PRICED:
        return -1, -1, error
    if number[at] < 0:
        return table, -1, NO_NUMBER
    if units[at] < 0:
        return table, -1, NO_UNITS
    entry = find_row(table, number[at], exact[at], lists)
    return table, entry, PRICED if entry >= 0 else NO_ROW


@numba.njit(cache=True)
def rate_rows(
    rows: Any, order: Ints, contract: Any, plan: Any, lists: Any, tables: Any, bands: Any, allowances: Any
) -> Ints:
    """Price rows in an order, and use up allowances.

    Gives for each row: error, span, slot, units charged, units covered, bucket that paid first, charge in millionths.
    """
    who, moment, service, units = rows[0], rows[1], rows[2], rows[6]
    firsts, spans = contract
    made = np.full((len(who), 7), -1, np.int64)
    for row in order:
        out = made[row]
        out[3], out[4], out[6] = max(units[row], 0), 0, 0
        if who[row] < 0:
            out[0] = NO_SUBSCRIBER
            continue
        span = spans_at(who[row], moment[row], firsts, spans)
        out[1] = span
        tariff = spans[span, 2] if span >= 0 else -1
        table, entry, error = find_entry(row, rows, span, tariff, plan, lists)
        out[0] = error
        if error != PRICED:
            continue
        which, covered = plan[3][table], 0
        if units[row] > 0 and allowances[0][who[row]] < allowances[0][who[row] + 1]:
            band, _ = band_at(moment[row], which, *bands)
            at, _ = slot_at(entry, band, 0, tables[0], tables[1], tables[2])
            if at >= 0:
                need = steps_of(units[row], tables[2][at, FIRST], tables[2][at, STEP])
                covered, out[5] = use_allowances(who[row], moment[row], entry, need, allowances)
        timed = service[row] == 0
        charge, error, slot = price(entry, which, moment[row], units[row], covered, timed, tables, bands)
        out[0], out[2], out[4], out[6] = error, slot, covered, charge
    return made
