"""Times of text and of numbers as milliseconds since the epoch, each row by itself: no value looks at its neighbours.

`iso` is ISO 8601: a date, or a date and a time with or without seconds, fractions and an offset (`Z`, `UTC`, `+02`,
`+0200`, `+02:00`), in the extended form, with `T` or a space, or the basic form with `T`. Nothing else is taken for it.
"""

import re
from collections.abc import Mapping as Names
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from tollwatch.rescue import UNFORESEEN

EPOCHS = {"epoch_s": 1000, "epoch_ms": 1, "epoch_us": None, "epoch_ns": None}
ISO = "iso"
EARLIEST_MS = 631_152_000_000
LATEST_MS = 4_102_444_800_000
"""1990 and 2100: what lies before or behind is a number in another unit, or a clock that is not set."""
OPEN_END = re.compile(r"^(until|due)$|^(period|valid)_")
DAY = r"(?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)"
BASIC = r"(?P<y>\d{4})(?P<mo>\d\d)(?P<d>\d\d)"
FRACTION = r"(?:[.,](?P<f>\d{1,9}))?"
OFFSET = r"\s*(?P<z>[Zz]|UTC|[+-]\d\d(?::?\d\d)?)?"
EXTENDED_ISO = rf"^{DAY}(?:[Tt ](?P<h>\d\d):(?P<mi>\d\d)(?::(?P<s>[0-5]\d){FRACTION})?{OFFSET})?$"
BASIC_ISO = rf"^{BASIC}[Tt](?P<h>\d\d)(?P<mi>\d\d)(?:(?P<s>[0-5]\d){FRACTION})?{OFFSET}$"
LETTERS = re.compile(r"%(\.?[369]?f|:{0,3}z|#z|[-_0]?[A-Za-z%])")
KNOWN = frozenset(
    "Y C y m d e H k I l M S p P b B h a A j T R D F z :z #z n t % Z f .f 3f 6f 9f .3f .6f .9f".split()  # noqa: SIM905
)
SAMPLE = datetime(2011, 11, 23, 22, 33, 44, tzinfo=UTC)
EXAMPLE = 'write for example "%d/%m/%Y %H:%M:%S", iso or epoch_s'
MINUTES = re.compile(r"^([+-])(\d\d):?(\d\d)?$")
PLAIN_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"
MOST_OFFSET = 15 * 60
MAX_EXACT = 2**53


def wrong_with(form: str, zones: Names[str, str]) -> str:
    """What is wrong with a time format; "" if nothing is.

    >>> wrong_with("%d/%m/%Y %H:%M", {})
    ''
    >>> wrong_with("%b %d %H:%M:%S", {})
    'no year, month and day can be read with it; write for example "%d/%m/%Y %H:%M:%S", iso or epoch_s'
    """
    if form in EPOCHS or form == ISO:
        return ""
    letters = [each.lstrip("-_0") for each in LETTERS.findall(form)]
    unknown = [each for each in letters if each not in KNOWN]
    wrong = ""
    if not letters:
        wrong = f"it is no time format; {EXAMPLE}"
    elif unknown:
        wrong = f"`%{unknown[0]}` has no effect when a time is read; see docs/mappings.md for the letters that have"
    elif "Z" in letters and not zones:
        wrong = (
            "`%Z` has no effect: abbreviations such as CST mean several zones; say which in `zones` of the mapping, "
            "for example zones: {CST: America/Chicago}"
        )
    elif {"I", "l"} & set(letters) and not {"p", "P"} & set(letters):
        wrong = "`%I` is one of twelve hours and needs `%p` behind it; write `%H` for one of twenty-four"
    elif not _has_a_day(form):
        wrong = f"no year, month and day can be read with it; {EXAMPLE}"
    return wrong


def _has_a_day(form: str) -> bool:
    try:
        shown = pl.Series([SAMPLE], dtype=pl.Datetime("ms", "UTC")).dt.strftime(form)
        read = _read(shown, form.replace("%Z", "UTC"))
    except UNFORESEEN:  # hours without minutes, and what else cannot be a form
        return False
    return read[0] is not None and read.dt.date()[0] == SAMPLE.date()


def zone_minutes(text: str) -> int | None:
    """The minutes of an offset; None for what is none.

    >>> zone_minutes("+0530"), zone_minutes("-03"), zone_minutes("Z"), zone_minutes("+25:00")
    (330, -180, 0, None)
    """
    if text in ("Z", "z", "UTC"):
        return 0
    found = MINUTES.match(text)
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    total = int(hours) * 60 + int(minutes or 0)
    if int(minutes or 0) > 59 or total > MOST_OFFSET:
        return None
    return -total if sign == "-" else total


LONGEST_ZONE = 64
"""Twice the longest name in the database of zones."""


def is_zone(text: str) -> bool:
    """Whether a text names a time zone, or an offset."""
    if len(text) > LONGEST_ZONE:  # looked up as a package of packages, one within another
        return False
    try:
        return zone_minutes(text) is not None or bool(ZoneInfo(text))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def milliseconds(source: pl.Series, forms: Sequence[str], zone: str | pl.Series, zones: Names[str, str]) -> pl.Series:
    """Milliseconds of each value, by the first of the formats that it has; null where it has none of them.

    `zone` is that of texts that name none, one for all or one for each row; `zones` says what abbreviations mean. A
    moment that the clocks of a zone have twice is the first of them, one that they skip is null.
    """
    if source.dtype.is_temporal():
        moments = source.cast(pl.Datetime("ms")) if source.dtype == pl.Date else source
        zoned = getattr(moments.dtype, "time_zone", None) is not None
        return moments.dt.epoch("ms") if zoned else _localised(moments, zone, zones)
    found = pl.Series([None] * len(source), dtype=pl.Int64)
    for form in forms or (ISO,):
        made = _by_form(source, form, zone, zones)
        found = pl.DataFrame({"a": found, "b": made}).select(pl.coalesce("a", "b"))["a"]
    return found


def _by_form(source: pl.Series, form: str, zone: str | pl.Series, zones: Names[str, str]) -> pl.Series:
    if form in EPOCHS:
        return _ticks(source, form)
    text = source.cast(pl.String).str.strip_chars()
    if form == ISO:
        return _iso(text, zone, zones)
    if "%Z" in form:
        return _abbreviated(text, form, zones)
    moments = _read(text, form)
    return moments.dt.epoch("ms") if moments.dtype.time_zone else _localised(moments, zone, zones)  # type: ignore[attr-defined]


def _ticks(source: pl.Series, form: str) -> pl.Series:
    """Whole milliseconds; fractions of one are cut off, a number too large for 64 bits is null."""
    factor = EPOCHS[form]
    if source.dtype.is_float():
        scaled = source * (factor or (0.001 if form == "epoch_us" else 0.000_001))
        return (
            scaled.to_frame("t")
            .select(pl.when(pl.col("t").abs() < MAX_EXACT).then((pl.col("t") + 0.001).floor()))["t"]
            .cast(pl.Int64, strict=False)
        )
    if source.dtype == pl.String:
        source = source.to_frame("t").select(pl.when(pl.col("t").str.contains(PLAIN_NUMBER)).then("t"))["t"]
    exact = source.cast(pl.Decimal(38, 9), strict=False)
    if factor:
        return (exact * factor).cast(pl.Int64, strict=False)
    return exact.cast(pl.Int64, strict=False) // (1_000 if form == "epoch_us" else 1_000_000)


def _read(text: pl.Series, form: str) -> pl.Series:
    """Moments by strftime's letters, of texts that are whole; with a zone where the format has an offset."""
    dated = re.search(r"%[-_0]?[HkIlTR]", form)
    if not dated:
        return text.str.to_date(form, strict=False, exact=True).cast(pl.Datetime("ms"))
    zone = "UTC" if re.search(r"%(:{0,3}|#)z", form) else None
    return text.str.to_datetime(form, time_unit="ms", time_zone=zone, strict=False, exact=True)


def _abbreviated(text: pl.Series, form: str, zones: Names[str, str]) -> pl.Series:
    found = pl.Series([None] * len(text), dtype=pl.Int64)
    for short, zone in zones.items():
        made = _localised(_read(text, form.replace("%Z", short.replace("%", "%%"))), zone, {})
        found = pl.DataFrame({"a": found, "b": made}).select(pl.coalesce("a", "b"))["a"]
    return found


def _iso(text: pl.Series, zone: str | pl.Series, zones: Names[str, str]) -> pl.Series:
    parts = pl.DataFrame({"t": text}).select(
        e=pl.col("t").str.extract_groups(EXTENDED_ISO), b=pl.col("t").str.extract_groups(BASIC_ISO)
    )
    rows = parts.select(
        pl.coalesce(pl.col("e").struct.field(name), pl.col("b").struct.field(name)).alias(name)
        for name in ("y", "mo", "d", "h", "mi", "s", "f", "z")
    )
    clock = [pl.col(name).fill_null("00") for name in ("h", "mi", "s")]
    whole = rows.select(
        pl.concat_str([pl.col("y"), pl.col("mo"), pl.col("d"), *clock]).alias("t"),
        ms=pl.col("f").str.pad_end(3, "0").str.slice(0, 3).cast(pl.Int64).fill_null(0),
    )
    moments = whole["t"].str.to_datetime("%Y%m%d%H%M%S", time_unit="ms", strict=False, exact=True)
    texts = rows["z"]
    minutes = {each: zone_minutes(each) for each in texts.drop_nulls().unique().to_list()}
    offsets = texts.replace_strict(minutes, default=None, return_dtype=pl.Int64)
    exact = moments.dt.epoch("ms") - offsets * 60_000
    local = pl.DataFrame({"t": _localised(moments, zone, zones), "z": texts}).select(
        pl.when(pl.col("z").is_null()).then("t").alias("t")
    )["t"]
    return pl.DataFrame({"a": exact, "b": local}).select(pl.coalesce("a", "b"))["a"] + whole["ms"]


def _localised(moments: pl.Series, zone: str | pl.Series, zones: Names[str, str]) -> pl.Series:
    """Milliseconds of clock times in a zone, or in that of each row."""
    if isinstance(zone, str):
        minutes = zone_minutes(zone)
        if minutes is not None:
            return moments.dt.epoch("ms") - minutes * 60_000
        return moments.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms")
    found = pl.Series([None] * len(moments), dtype=pl.Int64)
    for text in zone.drop_nulls().unique().sort().to_list():
        named = zones.get(text, text)
        if is_zone(named):
            found = found.zip_with(~(zone == text).fill_null(value=False), _localised(moments, named, {}))
    return found


def implausible(name: str, times: pl.Series) -> pl.Series:
    """Which times cannot be meant: before 1990, or, but for ends of force, after 2100."""
    wrong = times < EARLIEST_MS
    return wrong if OPEN_END.search(name) else wrong | (times > LATEST_MS)
