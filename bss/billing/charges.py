"""What each product owes for a period: its fee for the days it had, at the price of the time.

A day belongs to the offering that a product has when the day ends; the day on which it is ceased counts. Part of a
period is `days ÷ days of the period × fee`, half to even to the millionth (rule `days`), the whole fee (`full`), or
nothing (`none`), as the offering says.
"""

import polars as pl

from bss_kit.frames import whole
from bss_kit.money import shares
from bss_kit.periods import local_days

FOREVER = 2**62
DUE = ("tenant", "product_id", "product_offering_id", "period_start")
_OFFERING = ("price_micros", "currency", "charging", "in_advance", "proration", "commitment_micros")


def versions(reference: pl.DataFrame, entity: str) -> pl.DataFrame:
    """The versions of one kind of thing, with `since` and `until` in place of null validity."""
    rows = whole(reference.filter(pl.col("entity") == entity), "reference")
    return rows.with_columns(since=pl.col("valid_from").fill_null(0), until=pl.col("valid_to").fill_null(FOREVER))


def pieces(spans: pl.DataFrame, reference: pl.DataFrame, period: tuple[int, int], zone: str) -> pl.DataFrame:
    """Stretches of a period in which a product has one offering at one price, with their days.

    Gives the columns of spans, those of the offering in force, `days` and `period_days`.
    """
    start, end = period
    offerings = versions(reference, "offering")
    offerings = offerings.select(*_OFFERING, "since", "until", product_offering_id="id")
    rows = spans.with_columns(pl.col("valid_to").fill_null(FOREVER))
    rows = rows.filter((pl.col("valid_from") < end) & (pl.col("valid_to") > start))
    rows = rows.join(offerings, on="product_offering_id", maintain_order="left").with_columns(
        begins=pl.max_horizontal("valid_from", "since", pl.lit(start)),
        stops=pl.min_horizontal("valid_to", "until", pl.lit(end)),
        is_ceased=pl.col("valid_to") <= pl.min_horizontal("until", pl.lit(end)),
    )
    rows = rows.filter(pl.col("begins") < pl.col("stops")).sort("tenant", "product_id", "begins", "since")
    rows = rows.unique(["tenant", "product_id", "begins"], keep="last", maintain_order=True)
    rows = _agreed(rows, reference)
    own = ("tenant", "product_id")
    follows = pl.col("begins").shift(-1).over(own)
    rows = rows.with_columns(last=pl.col("is_ceased") & follows.is_null())
    first = pl.Series(local_days(rows["begins"].to_numpy(), zone))
    behind = pl.Series(local_days((rows["stops"] - rows["last"].cast(pl.Int64)).to_numpy(), zone))
    every = int(local_days(pl.Series([end]).to_numpy(), zone)[0] - local_days(pl.Series([start]).to_numpy(), zone)[0])
    return rows.with_columns(
        days=(behind - first + rows["last"].cast(pl.Int64)).clip(lower_bound=0), period_days=pl.lit(every, pl.Int64)
    )


def _agreed(rows: pl.DataFrame, reference: pl.DataFrame) -> pl.DataFrame:
    """With the price that was agreed for just this product, where there is one."""
    agreed = versions(reference, "product").filter(pl.col("price_micros").is_not_null())
    own = agreed.select(product_id="id", agreed="price_micros", agreed_from="since", agreed_to="until")
    both = rows.join(own, on="product_id", how="left", maintain_order="left")
    fits = (pl.col("agreed_from") <= pl.col("begins")) & (pl.col("agreed_to") > pl.col("begins"))
    both = both.with_columns(price_micros=pl.when(fits).then("agreed").otherwise("price_micros"), fits=fits)
    both = both.sort("tenant", "product_id", "begins", "fits", descending=[False, False, False, True], nulls_last=True)
    return both.unique(["tenant", "product_id", "begins"], keep="first", maintain_order=True).select(*rows.columns)


def due(spans: pl.DataFrame, reference: pl.DataFrame, period: tuple[int, int], zone: str) -> pl.DataFrame:
    """What each product owes for a period, for each offering that it had: amount and days; nothing of prepaid ones."""
    rows = pieces(spans, reference, period, zone).filter(pl.col("charging").fill_null("offline") == "offline")
    rows = rows.with_columns(part=pl.Series(_shares(rows), dtype=pl.Int64))
    own = ("tenant", "product_id")
    is_last = pl.int_range(pl.len()).over(own) == pl.len().over(own) - 1
    is_whole = pl.col("days").sum().over(own) >= pl.col("period_days")
    proration = pl.col("proration").fill_null("days")
    amount = (
        pl.when(proration == "full")
        .then(pl.when(is_last & (pl.col("days").sum().over(own) > 0)).then("price_micros").otherwise(0))
        .when((proration == "none") & ~is_whole)
        .then(0)
        .otherwise("part")
    )
    rows = rows.with_columns(amount_micros=amount, period_start=pl.lit(period[0]), period_end=pl.lit(period[1]))
    return rows.group_by(*DUE, maintain_order=True).agg(
        pl.col("period_end", "account_id", "subscriber_id", "currency", "started_at", "channel", "period_days").first(),
        pl.col("in_advance").first(),
        pl.col("price_micros", "commitment_micros").last(),
        pl.col("amount_micros", "days").sum(),
    )


def _shares(rows: pl.DataFrame) -> pl.Series:
    price = rows["price_micros"].fill_null(0).to_numpy()
    days, every = rows["days"].to_numpy(), rows["period_days"].to_numpy()
    return pl.Series(shares(price, days, every), dtype=pl.Int64) if len(rows) else pl.Series([], dtype=pl.Int64)
