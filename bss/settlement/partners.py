"""Roaming, content and dealers: statements that are not by prefix."""

import polars as pl

from bss.settlement.routes import NEEDED, Rates
from bss_kit.frames import shaped, whole
from bss_kit.money import MICROS, shares
from bss_kit.places import NOWHERE, Places

FOREVER = 2**62
DAY_MS = 86_400_000


def roaming(usage: pl.DataFrame) -> pl.DataFrame:
    """Roaming records as lines to sum: TAP in is what a visited network charges us, TAP out what visitors cost.

    The price stands in the record (`cost_micros` of TAP in, `charge_micros` of TAP out); the partner is `reported_by`.
    """
    rows = shaped(usage, NEEDED).filter(pl.col("roaming_direction").is_not_null() & pl.col("reported_by").is_not_null())
    abroad = pl.col("roaming_direction") == "in"
    return rows.select(
        "service",
        partner_id="reported_by",
        direction=pl.when(abroad).then(pl.lit("out")).otherwise(pl.lit("in")),
        route="service",
        prefix=pl.lit(None, pl.String),
        destination="service",
        rate_micros=pl.lit(None, pl.Int64),
        rate_currency="currency",
        moment="event_time",
        units=pl.when(pl.col("service") == "voice")
        .then("duration_s")
        .when(pl.col("service") == "data")
        .then(pl.sum_horizontal("uplink_bytes", "downlink_bytes"))
        .otherwise(1),
        unit=pl.when(pl.col("service") == "voice")
        .then(pl.lit("second"))
        .when(pl.col("service") == "data")
        .then(pl.lit("byte"))
        .otherwise(pl.lit("event")),
        amount_micros=pl.when(abroad).then("cost_micros").otherwise("charge_micros"),
    )


def tap_out(usage: pl.DataFrame, rates: Rates, places: Places = NOWHERE) -> pl.DataFrame:
    """Visitors' calls as TAP records for their operators, at the rate that is agreed with each for what it pays us.

    A visitor's record has `roaming_direction` out and `file_format` cdr, and names the operator in `reported_by`. One
    for which no rate is in force is not sent: it shows as usage that no record of TAP answers. Nor is one whose
    `call_reference` a record of TAP has already.
    """
    if not {"roaming_direction", "file_format", "reported_by", "call_reference"} <= set(usage.columns):
        return usage.head(0)
    visits = usage.filter(
        (pl.col("roaming_direction") == "out") & (pl.col("file_format") == "cdr") & (pl.col("service") == "voice")
    )
    sent_before = usage.filter((pl.col("roaming_direction") == "out") & (pl.col("file_format") == "tap"))
    visits = visits.filter((pl.col("duration_s") > 0) & pl.col("reported_by").is_not_null())
    visits = visits.join(
        sent_before.drop_nulls("call_reference"), on="call_reference", how="anti", maintain_order="left"
    )
    priced = rates.priced(
        visits.select(
            "event_id",
            "called_number",
            partner_id="reported_by",
            direction=pl.lit("in"),
            moment=pl.coalesce("start_time", "event_time"),
            units="duration_s",
        )
    ).select("event_id", "amount_micros", "rate_currency")
    sent = visits.join(priced, on="event_id", maintain_order="left").filter(pl.col("amount_micros").is_not_null())
    rows = sent.with_columns(
        event_id=pl.format("{}-tap", "event_id"),
        source=pl.lit("tap_out"),
        file_format=pl.lit("tap"),
        charge_micros="amount_micros",
        currency="rate_currency",
    )
    return places.at("settlement.tap_out", rows.drop("amount_micros", "rate_currency"))


def contracts(reference: pl.DataFrame) -> pl.DataFrame:
    """Contracts with their validity as numbers."""
    rows = whole(reference.filter(pl.col("entity") == "contract"), "reference")
    return rows.with_columns(
        since=pl.col("valid_from").fill_null(0),
        until=pl.col("valid_to").fill_null(FOREVER),
        from_units=pl.col("from_units").fill_null(0),
    )


def content_shares(rated: pl.DataFrame, usage: pl.DataFrame, reference: pl.DataFrame, end: int) -> pl.DataFrame:
    """What content providers get of what their customers were charged, by tiers of the number of purchases.

    The share of the tier that the period's number reaches holds for all of it. Rows to sum as a statement.
    """
    who = usage.filter((pl.col("service") == "content") & pl.col("content_provider_id").is_not_null())
    sold = rated.join(who.select(refers_to="event_id", partner_id="content_provider_id"), on="refers_to")
    sums = (
        sold.filter(pl.col("charge_micros").is_not_null())
        .group_by("partner_id", "currency", maintain_order=True)
        .agg(units=pl.len().cast(pl.Int64), sold=pl.col("charge_micros").sum(), moment=pl.col("event_time").max())
    )
    tiers = contracts(reference).filter(
        pl.col("share_ppm").is_not_null() & (pl.col("since") < end) & (pl.col("until") >= end)
    )
    both = sums.join(tiers.select("partner_id", "share_ppm", "from_units"), on="partner_id", maintain_order="left")
    both = both.filter(pl.col("units") >= pl.col("from_units")).sort("partner_id", "currency", "from_units")
    best = both.unique(["partner_id", "currency"], keep="last", maintain_order=True)
    amount = shares(best["sold"].to_numpy(), best["share_ppm"].to_numpy(), MICROS)
    return best.select(
        "partner_id",
        "units",
        "moment",
        direction=pl.lit("out"),
        route=pl.lit("content"),
        prefix=pl.lit(None, pl.String),
        destination=pl.format("{} ppm", "share_ppm"),
        rate_micros=pl.lit(None, pl.Int64),
        rate_currency="currency",
        unit=pl.lit("event"),
        amount_micros=pl.Series(amount, dtype=pl.Int64),
    )


def commissions(orders: pl.DataFrame, reference: pl.DataFrame) -> pl.DataFrame:
    """What dealers get for products that began, and give back for those that ended too soon.

    One row for each: a clawback has the id of the item that was paid for and a negative amount.
    """
    rows = whole(orders, "orders").filter(pl.col("state") == "completed")
    begun = rows.filter(pl.col("action").is_in(["add", "port_in"]) & pl.col("dealer_id").is_not_null())
    deals = contracts(reference).filter(pl.col("price_micros").is_not_null())
    deals = deals.select("partner_id", "since", "until", "clawback_days", "currency", rate_micros="price_micros")
    paid = begun.join(deals, left_on="dealer_id", right_on="partner_id", maintain_order="left")
    paid = paid.filter((pl.col("event_time") >= pl.col("since")) & (pl.col("event_time") < pl.col("until")))
    paid = paid.unique("order_item_id", keep="last", maintain_order=True)
    ended = rows.filter(pl.col("action").is_in(["delete", "port_out"])).select("product_id", ended="event_time")
    back = paid.join(ended, on="product_id", maintain_order="left").filter(
        (pl.col("ended") >= pl.col("event_time"))
        & (pl.col("ended") < pl.col("event_time") + pl.col("clawback_days").fill_null(0) * DAY_MS)
    )
    back = back.unique("order_item_id", keep="first", maintain_order=True)
    common = {
        "partner_id": pl.col("dealer_id"),
        "direction": pl.lit("out"),
        "prefix": pl.lit(None, pl.String),
        "rate_currency": pl.col("currency"),
        "unit": pl.lit("event"),
        "units": pl.lit(1, pl.Int64),
    }
    own = ("order_item_id", "product_id", "rate_micros")
    first = paid.select(*own, route=pl.lit("activation"), moment="event_time", amount_micros="rate_micros", **common)
    second = back.select(*own, route=pl.lit("clawback"), moment="ended", amount_micros=-pl.col("rate_micros"), **common)
    return pl.concat([first, second]).with_columns(destination="route")


def commission_lines(rows: pl.DataFrame, period: tuple[int, int], name: str, places: Places = NOWHERE) -> pl.DataFrame:
    """Lines of dealers' statements for a period: one for each activation or clawback in it."""
    start, end = period
    inside = rows.filter((pl.col("moment") >= start) & (pl.col("moment") < end))
    inside = places.at("settlement.commission", inside)
    statement = pl.format("commission-{}-{}-out", pl.lit(name), "partner_id")
    return inside.with_columns(
        tenant=pl.lit("main"),
        kind=pl.lit("commission"),
        currency="rate_currency",
        period_start=pl.lit(start),
        period_end=pl.lit(end),
        statement_id=statement,
        batch_id=statement,
        line=pl.format("{}-{}", "route", "order_item_id"),
    )
