"""The longest prefix of a number in any of many tables: compiled once, looked up a million times a second."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import polars as pl

from bss_kit.money import Ints

DIGITS = 15
"""E.164: a number has at most fifteen digits."""
PAD = 10**DIGITS
MOST_TABLES = 4_000
LAST = 2**63 - 1


@dataclass(frozen=True)
class Prefixes:
    """Stretches of numbers: where each begins, which entry is the longest there; what stands above each entry."""

    starts: Ints
    entries: Ints
    above: Ints
    lengths: Ints

    def find(self, table: Ints, digits: pl.Series) -> Ints:
        """The entry of each number in its table; −1 where there is none, or where it is no number."""
        number, exact = numbers(digits)
        made: Ints = _find_all(np.ascontiguousarray(table, np.int64), number, exact, self.parts)
        return made

    @property
    def parts(self) -> tuple[Ints, ...]:
        """What compiled code reads."""
        return self.starts, self.entries, self.above, self.lengths


def numbers(digits: pl.Series) -> tuple[Ints, Ints]:
    """Digits as two whole numbers: filled up with zeros to fifteen digits, and with a one in front; −1: none.

    >>> [each.tolist() for each in numbers(pl.Series(["44", "044", "x", None, ""]))]
    [[440000000000000, 44000000000000, -1, -1, 0], [144, 1044, -1, -1, 1]]
    """
    frame = pl.DataFrame({"key": digits}, schema={"key": pl.String})
    fits = (pl.col("key").str.len_bytes() <= DIGITS) & ~pl.col("key").str.starts_with("-")
    fits &= ~pl.col("key").str.starts_with("+")
    number = pl.when(fits).then(pl.col("key").str.pad_end(DIGITS, "0").cast(pl.Int64, strict=False))
    exact = pl.when(fits).then((pl.lit("1") + pl.col("key")).cast(pl.Int64, strict=False))
    made = frame.select(number=number.fill_null(-1), exact=exact.fill_null(-1))
    first, second = made["number"].to_numpy(), made["exact"].to_numpy()
    return np.where((first >= 0) & (first < PAD) & (second > 0), first, -1), second


def compiled(table: Ints, prefixes: pl.Series, entry: Ints, entries: int) -> Prefixes:
    """Compile prefixes (digits; empty: every number), each of an entry in a table; `entries` is how many there are."""
    rows = pl.DataFrame({"table": table, "prefix": prefixes, "entry": entry}).with_columns(
        low=pl.col("prefix").str.pad_end(DIGITS, "0").cast(pl.Int64),
        wide=pl.lit(10, pl.Int64).pow(DIGITS - pl.col("prefix").str.len_bytes().cast(pl.Int64)),
        length=pl.col("prefix").str.len_bytes().cast(pl.Int64),
    )
    rows = rows.sort("table", "low", "wide", descending=[False, False, True])
    base = rows["table"].cast(pl.Int64).to_numpy() * np.int64(2 * PAD)
    order = rows["entry"].cast(pl.Int64).to_numpy()
    lengths = np.zeros(entries, np.int64)
    lengths[order] = rows["length"].to_numpy()
    starts, found, above = _flatten(base, rows["low"].to_numpy(), rows["wide"].to_numpy(), order, entries)
    return Prefixes(starts, found, above, lengths)


@numba.njit(cache=True)
def below(values: Ints, wanted: int) -> int:
    """The index of the last value that is not above the wanted one; −1 where all are."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] <= wanted:
            low = middle + 1
        else:
            high = middle
    return low - 1


@numba.njit(cache=True)
def longest(table: int, number: int, exact: int, parts: Any) -> int:
    """The entry of the longest prefix of a number in a table; −1. A prefix that is longer than the number is none."""
    starts, entries, above, lengths = parts
    at = below(starts, table * (2 * PAD) + number)
    entry = entries[at] if at >= 0 and starts[at] // (2 * PAD) == table else -1
    while entry >= 0 and exact < 10 ** lengths[entry]:
        entry = above[entry]
    return entry


@numba.njit(cache=True)
def _find_all(table: Ints, number: Ints, exact: Ints, parts: Any) -> Ints:
    made = np.full(len(table), -1, np.int64)
    for at in range(len(table)):
        if number[at] >= 0 and table[at] >= 0:
            made[at] = longest(table[at], number[at], exact[at], parts)
    return made


@numba.njit(cache=True)
def _flatten(base: Ints, low: Ints, wide: Ints, entry: Ints, entries: int) -> tuple[Ints, Ints, Ints]:
    """Nested stretches, the outer one first, as starts with what is innermost from there on (−1: none); and parents."""
    starts, found = np.empty(2 * len(low) + 1, np.int64), np.empty(2 * len(low) + 1, np.int64)
    ends, inner = np.empty(DIGITS + 2, np.int64), np.empty(DIGITS + 2, np.int64)
    above = np.full(entries, -1, np.int64)
    made, depth = 0, 0
    for at in range(len(low) + 1):
        begin = base[at] + low[at] if at < len(low) else LAST
        while depth > 0 and ends[depth - 1] <= begin:
            depth -= 1
            starts[made], found[made] = ends[depth], inner[depth - 1] if depth > 0 else -1
            if made > 0 and starts[made - 1] == starts[made]:
                found[made - 1] = found[made]
            else:
                made += 1
        if at < len(low):
            if made > 0 and starts[made - 1] == begin:
                made -= 1
            starts[made], found[made] = begin, entry[at]
            made += 1
            above[entry[at]] = inner[depth - 1] if depth > 0 else -1
            ends[depth], inner[depth] = begin + wide[at], entry[at]
            depth += 1
    return starts[:made].copy(), found[:made].copy(), above
