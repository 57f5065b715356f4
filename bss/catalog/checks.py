"""What is wrong with a catalogue: gaps, overlaps, negative and expired prices, each with its row."""

import polars as pl

from bss_kit.frames import whole

FOREVER = 2**62
VERSIONED = ("offering", "price", "allowance", "promotion", "tax")
PROBLEM = {"entity": pl.String, "id": pl.String, "valid_from": pl.Int64, "valid_to": pl.Int64, "problem": pl.String}


def problems(reference: pl.DataFrame, now: int) -> pl.DataFrame:
    """One row for each thing that is wrong with a catalogue's rows of `reference`, as it stands at `now` (ms)."""
    rows = whole(reference, "reference").with_columns(
        pl.col("valid_to").fill_null(FOREVER), pl.col("valid_from").fill_null(0)
    )
    found = [
        _amounts(rows),
        _empty(rows),
        _validity(rows, now),
        _versions(rows),
        _price_lists(rows),
        _bands(rows),
        _references(rows),
    ]
    table = pl.concat([each.select(*PROBLEM) for each in found])
    return table.with_columns(pl.col("valid_to").replace(FOREVER, None)).unique(maintain_order=True)


def _said(rows: pl.DataFrame, problem: str | pl.Expr) -> pl.DataFrame:
    return rows.with_columns(problem=pl.lit(problem) if isinstance(problem, str) else problem)


def _amounts(rows: pl.DataFrame) -> pl.DataFrame:
    priced = rows.filter(pl.col("entity").is_in([*VERSIONED, "tariff"]))
    return pl.concat(
        _said(priced.filter(pl.col(name) < 0), f"{name} is negative")
        for name in ("price_micros", "rate_micros", "connect_micros", "share_ppm")
    )


def _empty(rows: pl.DataFrame) -> pl.DataFrame:
    return _said(rows.filter(pl.col("valid_to") <= pl.col("valid_from")), "ends before it begins")


def _validity(rows: pl.DataFrame, now: int) -> pl.DataFrame:
    """Whose last version has ended, although something in force still refers to it."""
    ended = rows.group_by("entity", pl.coalesce("tariff_id", "id").alias("id")).agg(
        pl.max("valid_to"), pl.min("valid_from")
    )
    ended = ended.filter(pl.col("valid_to") <= now)
    used = rows.filter((pl.col("entity") == "offering") & (pl.col("valid_to") > now))
    lists = ended.filter(pl.col("entity") == "tariff").join(used.select(id="tariff_id").unique(), on="id", how="semi")
    return _said(lists, "has expired, and an offering in force still refers to it")


def _versions(rows: pl.DataFrame) -> pl.DataFrame:
    """Gaps and overlaps between the versions of one thing."""
    own = rows.filter(pl.col("entity").is_in(VERSIONED))
    return _neighbours(own, ["entity", "id"])


def _price_lists(rows: pl.DataFrame) -> pl.DataFrame:
    """Gaps and overlaps between versions of a price list, and two rows for the same thing in one."""
    lists = rows.filter(pl.col("entity") == "tariff")
    key = ["tariff_id", "version", "service", "place", "prefix", "exact", "band", "from_minute", "from_units"]
    twice = lists.filter(pl.len().over([*key, "valid_from"]) > 1)
    stretches = lists.group_by("tariff_id", "version", "service", "place").agg(pl.min("valid_from"), pl.max("valid_to"))
    named = stretches.with_columns(entity=pl.lit("tariff"), id=pl.format("{} {} {}", "tariff_id", "service", "place"))
    apart = lists.filter(
        (pl.n_unique("valid_from").over("tariff_id", "version", "service", "place") > 1)
        | (pl.n_unique("valid_to").over("tariff_id", "version", "service", "place") > 1)
    )
    return pl.concat(
        [
            _said(twice, "stands twice in its price list").select(*PROBLEM),
            _neighbours(named, ["entity", "id"]),
            _said(apart, "has another validity than other rows of its version").select(*PROBLEM),
        ]
    )


def _neighbours(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    pairs = rows.sort(*key, "valid_from", "valid_to").with_columns(before=pl.col("valid_to").shift(1).over(key))
    overlap = _said(pairs.filter(pl.col("before") > pl.col("valid_from")), "overlaps the version before it")
    gap = _said(pairs.filter(pl.col("before") < pl.col("valid_from")), "leaves a gap behind the version before it")
    return pl.concat([overlap.select(*PROBLEM), gap.select(*PROBLEM)])


def _bands(rows: pl.DataFrame) -> pl.DataFrame:
    """A destination that is priced in some band, but not in the rest of the week; and slots that do not begin at 0."""
    lists = rows.filter(pl.col("entity") == "tariff")
    key = ["tariff_id", "version", "service", "place", "prefix", "exact"]
    alone = lists.filter(pl.col("band").is_null().sum().over(key) == 0)
    late = lists.filter(pl.min("from_units").over([*key, "band"]) > 0)
    return pl.concat(
        [
            _said(alone, "has a price in bands only; give it a row without a band for all other times").select(
                *PROBLEM
            ),
            _said(late, "has no price for its first units").select(*PROBLEM),
        ]
    )


def _references(rows: pl.DataFrame) -> pl.DataFrame:
    """Names of what is not there."""
    offerings = rows.filter(pl.col("entity") == "offering")
    lists = rows.filter(pl.col("entity") == "tariff").select("tariff_id").unique()
    lost = offerings.filter(pl.col("tariff_id").is_not_null()).join(lists, on="tariff_id", how="anti")
    parts = rows.filter(pl.col("entity").is_in(["price", "allowance", "promotion"]))
    orphans = parts.join(offerings.select(product_offering_id="id").unique(), on="product_offering_id", how="anti")
    return pl.concat(
        [
            _said(lost, pl.format("refers to the price list {}, which is not there", "tariff_id")).select(*PROBLEM),
            _said(orphans, pl.format("belongs to the offering {}, which is not there", "product_offering_id")).select(
                *PROBLEM
            ),
        ]
    )
