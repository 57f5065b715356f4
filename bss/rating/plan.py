"""Price lists compiled: rows of `reference` as the arrays that the kernel reads."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import polars as pl

from bss.rating.kernel import HOLIDAY
from bss_kit.frames import shaped
from bss_kit.money import ROUNDINGS, Ints
from bss_kit.periods import offsets
from bss_kit.prefixes import DIGITS, MOST_TABLES, PAD, Prefixes, compiled
from tollwatch.errors import ConfigurationError

SERVICES = ("voice", "sms", "mms", "data", "content")
UNITS = ("second", "event", "event", "byte", "event")
PLACES = ("home", "roaming", "roaming_in")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
FOREVER = 2**62
MOST_UNITS = 2_000_000_000
LONGEST_MS = 30 * 366 * 86_400_000
COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("prefix", "exact", "band", "days", "destination", "rounding", "zone", "service"), pl.String),
    **dict.fromkeys(("place", "tariff_id", "currency", "id"), pl.String),
    **dict.fromkeys(("from_minute", "until_minute", "from_units", "connect_micros", "rate_micros"), pl.Int64),
    **dict.fromkeys(("per_units", "first_units", "step_units", "round_micros", "version"), pl.Int64),
    **dict.fromkeys(("valid_from", "valid_to"), pl.Int64),
    "split_bands": pl.Boolean,
}
DEFAULTS = {
    "place": "home",
    "rounding": "half_even",
    "from_units": 0,
    "connect_micros": 0,
    "rate_micros": 0,
    "per_units": 1,
    "first_units": 0,
    "step_units": 1,
    "round_micros": 1,
    "version": 1,
    "valid_from": 0,
    "valid_to": FOREVER,
    "split_bands": False,
    "destination": "",
}


@dataclass(frozen=True)
class Plan:
    """All price lists of a catalogue. `rows` are the rows that slots point to; everything else is for the kernel."""

    rows: pl.DataFrame
    tariffs: list[str]
    zone: str
    holidays: Ints
    slots: Ints
    first_slot: Ints
    count: Ints
    prefixes: Prefixes
    exacts: Ints
    exact_entries: Ints
    group_of: Ints
    group_first: Ints
    versions: Ints
    set_of: Ints
    weeks: Ints
    runs: Ints
    keeps_holidays: Ints
    entry_rows: Ints
    """A row of each entry, for its service and destination."""

    def bands(self, since: int, until: int) -> tuple[Ints, ...]:
        """What the kernel needs to know of time between two moments."""
        change_at, offset = offsets(self.zone, since, min(until, since + LONGEST_MS))
        return self.weeks, self.runs, self.keeps_holidays, self.holidays, change_at, offset


def compile_plan(reference: pl.DataFrame) -> Plan:
    """Compile the price lists in rows of `reference`. Raises ConfigurationError where they cannot be."""
    rows = _rows(reference)
    zones = rows["zone"].drop_nulls().unique().sort().to_list()
    if len(zones) > 1:
        raise ConfigurationError(f"price lists: are in several zones ({', '.join(zones)}); rate each with its own")
    tariffs = rows["tariff_id"].unique().sort().to_list()
    key = ("tariff_id", "service", "place", "version", "valid_from", "valid_to")
    tables = rows.select(key).unique().sort(key).with_row_index("table")
    if len(tables) > MOST_TABLES:
        raise ConfigurationError(f"price lists: {len(tables)} versions and services; at most {MOST_TABLES} at a time")
    rows = rows.join(tables, on=key, maintain_order="left").with_columns(pl.col("table").cast(pl.Int64))
    weeks, names = _weeks(rows, tariffs)
    entries = rows.select("table", "prefix", "exact").unique(maintain_order=True).with_row_index("entry")
    rows = rows.join(entries, on=["table", "prefix", "exact"], nulls_equal=True, maintain_order="left")
    slots, first_slot, count = _slots(rows, names, len(entries))
    group_of, group_first, versions = _groups(tables, tariffs)
    lists = entries.filter(pl.col("exact").is_null())
    at = lists["entry"].cast(pl.Int64).to_numpy()
    prefixes = compiled(lists["table"].to_numpy(), lists["prefix"], at, len(entries))
    exacts, exact_at = _exacts(entries)
    return Plan(
        rows=rows,
        tariffs=tariffs,
        zone=zones[0] if zones else "UTC",
        holidays=_holidays(reference),
        slots=slots,
        first_slot=first_slot,
        count=count,
        prefixes=prefixes,
        exacts=exacts,
        exact_entries=exact_at,
        group_of=group_of,
        group_first=group_first,
        versions=versions,
        set_of=np.array([tariffs.index(name) for name in tables["tariff_id"]], np.int64),
        weeks=weeks,
        runs=_runs(weeks),
        keeps_holidays=np.array([(week[HOLIDAY] >= 0).all() for week in weeks], np.bool_),
        entry_rows=rows.with_row_index("at").group_by("entry").agg(pl.min("at")).sort("entry")["at"].to_numpy(),
    )


def _rows(reference: pl.DataFrame) -> pl.DataFrame:
    """The rows of price lists, whole and in one order."""
    rows = shaped(reference.filter(pl.col("entity") == "tariff"), COLUMNS)
    rows = rows.with_columns(pl.col(name).fill_null(value) for name, value in DEFAULTS.items())
    rows = rows.with_columns(prefix=pl.when(pl.col("exact").is_null()).then(pl.col("prefix").fill_null("")))
    for wrong, said in (
        (~pl.col("service").is_in(SERVICES) | pl.col("service").is_null(), "has no service that is known"),
        (~pl.col("place").is_in(PLACES), "has no place that is known"),
        (~pl.col("rounding").is_in(list(ROUNDINGS)), "has no rounding that is known"),
        (~pl.coalesce("exact", "prefix").str.contains(rf"^\d{{0,{DIGITS}}}$"), "has more than digits as its prefix"),
        (pl.min_horizontal("per_units", "step_units", "round_micros") < 1, "has a unit, step or rounding below 1"),
        (
            pl.max_horizontal("per_units", "first_units", "step_units") > MOST_UNITS,
            "has units beyond two milliards",
        ),
        (pl.col("tariff_id").is_null(), "names no price list"),
    ):
        if len(found := rows.filter(wrong)):
            raise ConfigurationError(f"price lists: {found['id'][0]} {said}; see docs/companions.md")
    return rows.sort(
        "tariff_id", "service", "place", "version", "prefix", "exact", "band", "from_units", "id", nulls_last=False
    )


def _weeks(rows: pl.DataFrame, tariffs: list[str]) -> tuple[Ints, dict[str, dict[str, int]]]:
    """For each price list the band of each minute of each kind of day: 0 for the rest, −1 on holidays without bands."""
    names: dict[str, dict[str, int]] = {name: {} for name in tariffs}
    weeks = np.zeros((max(len(tariffs), 1), 8, 1440), np.int64)
    weeks[:, HOLIDAY] = -1
    bands = rows.filter(pl.col("band").is_not_null())
    stretches = bands.select("tariff_id", "band", "days", "from_minute", "until_minute").unique().sort(pl.all())
    for tariff, band, days, since, until in stretches.iter_rows():
        own = names[tariff]
        number = own.setdefault(band, len(own) + 1)
        for day in (days or " ".join(DAYS[:7])).split():
            week = weeks[tariffs.index(tariff), DAYS.index(day)]
            week[week < 0] = 0
            week[since or 0 : until or 1440] = number
    return weeks, names


@numba.njit(cache=True)
def _runs(weeks: Ints) -> Ints:
    """For how many minutes of the same day each band goes on, its own minute included."""
    runs = np.ones_like(weeks)
    for which in range(weeks.shape[0]):
        for day in range(weeks.shape[1]):
            for minute in range(weeks.shape[2] - 2, -1, -1):
                if weeks[which, day, minute] == weeks[which, day, minute + 1]:
                    runs[which, day, minute] = runs[which, day, minute + 1] + 1
    return runs


def _slots(rows: pl.DataFrame, names: dict[str, dict[str, int]], entries: int) -> tuple[Ints, Ints, Ints]:
    """Slots in order of entry, band and first unit; where those of each entry and band begin, and how many they are."""
    numbers = [names[tariff].get(band or "", 0) for tariff, band in rows.select("tariff_id", "band").iter_rows()]
    table = rows.with_row_index("at").with_columns(number=pl.Series(numbers, dtype=pl.Int64))
    table = table.unique(["entry", "number", "from_units"], keep="first", maintain_order=True)
    table = table.sort("entry", "number", "from_units").select(
        "from_units",
        "connect_micros",
        "rate_micros",
        "per_units",
        "first_units",
        "step_units",
        pl.col("rounding").replace_strict(ROUNDINGS, return_dtype=pl.Int64),
        "round_micros",
        "at",
        pl.col("split_bands").cast(pl.Int64),
        "entry",
        "number",
    )
    widest = max((len(each) for each in names.values()), default=0) + 1
    first, count = np.zeros((entries, widest), np.int64), np.zeros((entries, widest), np.int64)
    places = table.with_row_index("n").group_by("entry", "number").agg(pl.min("n"), pl.len().alias("many"))
    where = (places["entry"].to_numpy(), places["number"].to_numpy())
    first[where], count[where] = places["n"].to_numpy(), places["many"].to_numpy()
    return np.ascontiguousarray(table.drop("entry", "number").cast(pl.Int64).to_numpy()), first, count


def _groups(tables: pl.DataFrame, tariffs: list[str]) -> tuple[Ints, Ints, Ints]:
    """The versions of each price list, service and place, in order: from, until, table."""
    group_of = np.full((max(len(tariffs), 1), len(SERVICES), len(PLACES)), -1, np.int64)
    firsts: list[int] = [0]
    versions: list[tuple[int, ...]] = []
    for (tariff, service, place), rows in tables.sort("version").group_by(
        ["tariff_id", "service", "place"], maintain_order=True
    ):
        group_of[tariffs.index(str(tariff)), SERVICES.index(str(service)), PLACES.index(str(place))] = len(firsts) - 1
        versions.extend(rows.select("valid_from", "valid_to", "table").iter_rows())
        firsts.append(len(versions))
    return group_of, np.array(firsts, np.int64), np.array(versions, np.int64).reshape(-1, 3)


def _exacts(entries: pl.DataFrame) -> tuple[Ints, Ints]:
    whole = entries.filter(pl.col("exact").is_not_null())
    keys = (
        whole["table"].cast(pl.Int64).to_numpy() * np.int64(2 * PAD) + ("1" + whole["exact"]).cast(pl.Int64).to_numpy()
    )
    order = np.argsort(keys)
    return np.asarray(keys[order], np.int64), whole["entry"].cast(pl.Int64).to_numpy()[order]


def _holidays(reference: pl.DataFrame) -> Ints:
    if "list_name" not in reference.columns:
        return np.empty(0, np.int64)
    days = reference.filter((pl.col("entity") == "list") & (pl.col("list_name") == "holidays"))["id"]
    return np.sort(days.str.to_date("%Y-%m-%d").cast(pl.Int32).cast(pl.Int64).to_numpy())
