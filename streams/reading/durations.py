"""Durations as systems write them, as whole seconds; a fraction of a second is cut off."""

from typing import Literal

import polars as pl

DurationForm = Literal["clock", "minutes_seconds", "seconds", "milliseconds", "minutes"]
CLOCK = r"^(?:(?P<d>[0-9]{1,5})[.])?(?P<h>[0-9]{1,5}):(?P<m>[0-5][0-9]):(?P<s>[0-5][0-9])(?:[.,][0-9]+)?$"
MINUTES_SECONDS = r"^(?P<m>[0-9]{1,7}):(?P<s>[0-5][0-9])(?:[.,][0-9]+)?$"
NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
SHOWN = {
    "clock": "HH:MM:SS or d.HH:MM:SS",
    "minutes_seconds": "mm:ss",
    "seconds": "a number of seconds",
    "milliseconds": "a number of milliseconds",
    "minutes": "a number of minutes",
}
UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def seconds(source: pl.Series, form: DurationForm) -> pl.Series:
    """Whole seconds of each value; null where it is not of the form.

    >>> seconds(pl.Series(["00:08:10", "1.02:03:04", "0m10s"]), "clock").to_list()
    [490, 93784, None]
    """
    text = source.cast(pl.String).str.strip_chars()
    if form in ("clock", "minutes_seconds"):
        return _parts(text, CLOCK if form == "clock" else MINUTES_SECONDS)
    plain = text.to_frame("t").select(pl.when(pl.col("t").str.contains(NUMBER)).then("t"))["t"]
    exact = plain.cast(pl.Decimal(38, 9), strict=False)
    if form == "milliseconds":
        whole = exact.cast(pl.Int64, strict=False)
        return whole.to_frame("t").select(pl.col("t").abs() // 1000 * pl.col("t").sign())["t"]
    return (exact * 60 if form == "minutes" else exact).cast(pl.Int64, strict=False)


def _parts(text: pl.Series, pattern: str) -> pl.Series:
    groups = text.to_frame("t").select(g=pl.col("t").str.extract_groups(pattern))["g"].struct.unnest()
    there = groups["s"].is_not_null()
    total = sum(
        (groups[name].cast(pl.Int64).fill_null(0) * unit for name, unit in UNITS.items() if name in groups.columns),
        start=pl.Series([0] * len(text), dtype=pl.Int64),
    )
    return pl.DataFrame({"t": total, "n": there}).select(pl.when("n").then("t").alias("t"))["t"]
