"""Whose a product is and what it costs: account, offering and price as known at a place of the log."""

from collections.abc import Mapping

import polars as pl

from detectors.pairing.services import seen_by

NEVER = -(2**62)


def owners(cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Per case: account, offering, the account's class and bill cycle.

    Orders are asked first, then earlier and present lines, then what the network itself says.
    """
    orders = seen_by(cases, kept["orders"], "event_time").select(
        "case", "unit_start", "_seq", "account_id", offering="product_offering_id", at="event_time", rank=pl.lit(0)
    )
    lines = seen_by(cases, kept["billed"], "period_start").select(
        "case", "unit_start", "_seq", "account_id", offering="product_offering_id", at="period_start", rank=pl.lit(1)
    )
    services = seen_by(cases, kept["provisioned"], "since").with_columns(id="subscriber_id")
    belongs = _in_force(services, kept["reference"], "subscriber").select("case", "_seq", "account_id")
    network = services.join(belongs, on=["case", "_seq"], how="left").select(
        "case", "unit_start", "_seq", "account_id", offering="service_specification", at="since", rank=pl.lit(2)
    )
    rows = pl.concat([orders, lines, network])
    found = cases.join(_nearest(rows, "account_id"), on="case", how="left").join(
        _nearest(rows, "offering"), on="case", how="left"
    )
    accounts = found.with_columns(id="account_id").drop("account_id")
    classes = _in_force(accounts, kept["reference"], "account").select("case", "account_class", "bill_cycle")
    return found.join(classes, on="case", how="left")


def _nearest(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    """The value in force when the period began, or the first one after."""
    after = pl.col("at") > pl.col("unit_start")
    near = pl.when(after).then(pl.col("at")).otherwise(-pl.col("at"))
    rows = rows.drop_nulls(value).with_columns(after=after, near=near)
    ordered = rows.sort("case", "rank", "after", "near", "_seq", descending=[False, False, False, False, True])
    return ordered.group_by("case", maintain_order=True).first().select("case", value)


def _in_force(wanted: pl.DataFrame, reference: pl.DataFrame, entity: str) -> pl.DataFrame:
    """The version of an entity (column `id`) in force at the period's start, or the first one after it.

    Versions read later replace earlier ones that begin at the same moment.
    """
    by = [name for name in ("case", "_seq") if name in wanted.columns]
    keys = wanted.select(*by, "id", "unit_start", *(["as_of"] if "as_of" in wanted.columns else []))
    versions = reference.filter(pl.col("entity") == entity).drop("entity").rename({"_seq": "read"})
    since = pl.col("valid_from").fill_null(NEVER)
    rows = keys.join(versions, on="id").with_columns(since=since).filter(pl.col("read") <= pl.col("as_of"))
    rows = rows.sort(*by, "since", "read").group_by(*by, "since", maintain_order=True).last()
    after = pl.col("since") > pl.col("unit_start")
    over = ~after & (pl.col("valid_to").fill_null(2**62) <= pl.col("unit_start"))
    near = pl.when(after).then(pl.col("since")).otherwise(-pl.col("since"))
    rows = rows.with_columns(after=after, near=near).filter(~over)
    return rows.sort(*by, "after", "near").group_by(*by, maintain_order=True).first()


def prices(cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Per case: `price_micros` a month and `currency` of the offering, where it is known."""
    wanted = cases.with_columns(id="offering").select("case", "id", "unit_start", "as_of")
    found = _in_force(wanted, kept["reference"], "offering").filter(pl.col("price_micros").is_not_null())
    return found.select("case", "price_micros", "currency")


def share(price: str, part: str, whole: str) -> pl.Expr:
    """Price × part ÷ whole in whole micros, half to even; 128 bits in between, so that nothing overflows."""
    divisor = pl.col(whole).cast(pl.Int128)
    product = pl.col(price).cast(pl.Int128) * pl.col(part).cast(pl.Int128)
    quotient = product // divisor
    twice = (product - quotient * divisor) * 2
    up = (twice > divisor) | ((twice == divisor) & (quotient % 2 != 0))
    return (quotient + up.cast(pl.Int128)).cast(pl.Int64)
