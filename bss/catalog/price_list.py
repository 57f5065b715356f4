"""Price lists of usage: a CSV file of prefixes with their rates, as rows of `reference`."""

from pathlib import Path

import polars as pl

from bss.catalog.written import Band, Written
from bss_kit.money import MICROS
from tollwatch.errors import ConfigurationError, InputError

NEEDED = ("tariff", "service", "rate")
TEXTS = {
    "version": "1",
    "place": "home",
    "prefix": None,
    "exact": None,
    "destination": None,
    "band": None,
    "rounding": "half_even",
    "split": "no",
    "valid_from": None,
    "valid_to": None,
}
NUMBERS = {"from_units": 0, "per": 1, "first": 0, "step": 1}
AMOUNTS = {"connect": "0", "rate": "0", "round_to": "0.000001"}
WORDS = {
    "service": ("voice", "sms", "mms", "data", "content"),
    "place": ("home", "roaming", "roaming_in"),
    "rounding": ("half_even", "up", "down"),
    "split": ("yes", "no"),
}


def read_price_list(path: Path, written: Written) -> pl.DataFrame:
    """The rows of a price list, as `reference` has them. Raises ConfigurationError naming the first wrong row."""
    try:
        given = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path}: cannot be read as CSV ({' '.join(str(error).split())[:120]})") from error
    rows = _typed(_whole(given, path).with_row_index("row", offset=2), path, written)
    return _with_bands(rows, written, path).drop("row")


def _whole(given: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Every column there, what is not said at its default."""
    known = {*NEEDED, *TEXTS, *NUMBERS, *AMOUNTS}
    if missing := [name for name in NEEDED if name not in given.columns]:
        raise ConfigurationError(f"{path}: has no column {', '.join(missing)}; docs/companions.md shows a price list")
    if foreign := [name for name in given.columns if name not in known]:
        raise ConfigurationError(f"{path}: column {foreign[0]} is not known; there are {', '.join(sorted(known))}")
    defaults = TEXTS | {name: str(value) for name, value in NUMBERS.items()} | AMOUNTS
    return given.with_columns(
        (pl.coalesce(name, pl.lit(default, pl.String)) if name in given.columns else pl.lit(default, pl.String)).alias(
            name
        )
        for name, default in defaults.items()
    )


def _typed(rows: pl.DataFrame, path: Path, written: Written) -> pl.DataFrame:
    amount = r"^-?\d{1,9}(\.\d{1,6})?$"
    for names, pattern, said in (
        (AMOUNTS, amount, "no amount of at most six decimals"),
        (NUMBERS, r"^\d{1,15}$", "no whole number"),
        (("version",), r"^\d{1,9}$", "no whole number"),
        (("prefix", "exact"), r"^\d{1,15}$", "no digits"),
    ):
        for name in names:
            _refuse(rows, path, name, pl.col(name).is_not_null() & ~pl.col(name).str.contains(pattern), said)
    for name, words in WORDS.items():
        _refuse(rows, path, name, ~pl.col(name).is_in(words), f"none of {', '.join(words)}")
    _refuse(rows, path, "per", pl.col("per").cast(pl.Int64) == 0, "no number of units that a rate could pay for")
    _refuse(rows, path, "step", pl.col("step").cast(pl.Int64) == 0, "no step")
    moments = {text: written.moment(text) for text in {*rows["valid_from"].unique(), *rows["valid_to"].unique()}}
    known = {text: moment for text, moment in moments.items() if moment is not None}
    return rows.with_columns(
        *(pl.col(name).cast(pl.Int64) for name in (*NUMBERS, "version")),
        *((pl.col(name).str.to_decimal(scale=6) * MICROS).cast(pl.Int64).alias(name) for name in AMOUNTS),
        *(pl.col(n).replace_strict(known, default=None, return_dtype=pl.Int64) for n in ("valid_from", "valid_to")),
    ).with_columns(pl.col("valid_from").fill_null(written.moment(written.valid_from)))


def _refuse(rows: pl.DataFrame, path: Path, name: str, wrong: pl.Expr, said: str) -> None:
    found = rows.filter(wrong)
    if len(found):
        first = found.row(0, named=True)
        raise ConfigurationError(f"{path}: row {first['row']}: {name}: `{first[name]}` is {said}")


def _with_bands(rows: pl.DataFrame, written: Written, path: Path) -> pl.DataFrame:
    """A row for each stretch of its band."""
    known = sorted({band.band for band in written.bands})
    _refuse(rows, path, "band", pl.col("band").is_not_null() & ~pl.col("band").is_in(known), f"none of {known}")
    stretches = pl.DataFrame(
        [_stretch(band) for band in written.bands],
        schema={"band": pl.String, "days": pl.String, "from_minute": pl.Int64, "until_minute": pl.Int64},
        orient="row",
    )
    return rows.join(stretches, on="band", how="left", maintain_order="left").select(
        "version",
        "service",
        "place",
        "prefix",
        "exact",
        "destination",
        "band",
        "days",
        "from_minute",
        "until_minute",
        "from_units",
        "rounding",
        "valid_from",
        "valid_to",
        "row",
        entity=pl.lit("tariff"),
        id=pl.format(
            "{}.{}.{}.{}.{}.{}.{}.{}",
            "tariff",
            "version",
            "service",
            "place",
            pl.coalesce("exact", "prefix", pl.lit("")),
            pl.col("band").fill_null(""),
            pl.col("from_minute").fill_null(0),
            "from_units",
        ),
        tariff_id="tariff",
        currency=pl.lit(written.currency),
        zone=pl.lit(written.zone),
        connect_micros="connect",
        rate_micros="rate",
        per_units="per",
        first_units="first",
        step_units="step",
        round_micros="round_to",
        split_bands=pl.col("split") == "yes",
    )


def _stretch(band: Band) -> tuple[str, str, int, int]:
    since, until = band.minutes()
    if since >= until:
        raise ConfigurationError(f"band {band.band}: ends before it begins; write two stretches around midnight")
    return band.band, " ".join(band.days), since, until
