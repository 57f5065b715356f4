"""Interconnect: traffic that came from a partner or went to one, at the rate of its route and destination."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from bss_kit.frames import shaped, whole
from bss_kit.money import shares
from bss_kit.places import NOWHERE, Places
from bss_kit.prefixes import Prefixes, compiled

FOREVER = 2**62
NEEDED: dict[str, Any] = {
    **dict.fromkeys(("event_id", "service", "record_type", "called_number", "trunk_in", "trunk_out"), pl.String),
    **dict.fromkeys(("supplier_id", "reported_by", "roaming_direction", "currency", "content_provider_id"), pl.String),
    **dict.fromkeys(("event_time", "start_time", "duration_s", "cost_micros", "charge_micros"), pl.Int64),
    **dict.fromkeys(("uplink_bytes", "downlink_bytes"), pl.Int64),
}
SETTLED: dict[str, Any] = {
    **dict.fromkeys(("tenant", "statement_id", "partner_id", "direction", "kind", "route", "prefix"), pl.String),
    **dict.fromkeys(("destination", "unit", "currency", "order_item_id", "product_id", "batch_id", "line"), pl.String),
    **dict.fromkeys(("period_start", "period_end", "units", "rate_micros", "amount_micros"), pl.Int64),
}
"""One line of a statement; `line` makes it unique in its statement."""


@dataclass(frozen=True)
class Rates:
    """Rates by partner and direction: for each the longest prefix of the called number, in force at a time."""

    rows: pl.DataFrame
    tables: pl.DataFrame
    prefixes: Prefixes

    @classmethod
    def of(cls, reference: pl.DataFrame) -> "Rates":
        """Compile the `route_rate` rows of `reference`."""
        rows = whole(reference.filter(pl.col("entity") == "route_rate"), "reference").with_columns(
            pl.col("prefix").fill_null(""),
            pl.col("per_units").fill_null(60),
            pl.col("step_units").fill_null(1),
            since=pl.col("valid_from").fill_null(0),
            until=pl.col("valid_to").fill_null(FOREVER),
        )
        key = ["partner_id", "direction", "since", "until"]
        tables = rows.select(key).unique().sort(key).with_row_index("table")
        rows = rows.join(tables, on=key, maintain_order="left").with_row_index("entry")
        made = compiled(
            rows["table"].cast(pl.Int64).to_numpy(), rows["prefix"], rows["entry"].cast(pl.Int64).to_numpy(), len(rows)
        )
        return cls(rows, tables, made)

    def priced(self, traffic: pl.DataFrame) -> pl.DataFrame:
        """Traffic (partner_id, direction, called_number, moment, units) with rate, steps and amount.

        Where no rate is in force the amount is null: it is not settled until there is one.
        """
        own = traffic.with_row_index("at")
        both = own.join(self.tables, on=["partner_id", "direction"], how="left", maintain_order="left")
        fits = (pl.col("moment") >= pl.col("since")) & (pl.col("moment") < pl.col("until"))
        best = both.filter(fits).unique("at", keep="last", maintain_order=True).select("at", "table")
        table = own.join(best, on="at", how="left", maintain_order="left")["table"].cast(pl.Int64).fill_null(-1)
        entry = pl.Series(self.prefixes.find(table.to_numpy(), traffic["called_number"]))
        place = pl.select(pl.when(entry >= 0).then(entry)).to_series()
        rate = self.rows.select(
            "rate_micros", "per_units", "step_units", "destination", "route", rate_currency="currency", prefix="prefix"
        )
        found = pl.DataFrame({name: rate[name].gather(place) for name in rate.columns})
        rows = pl.concat([traffic, found.rename({"route": "rate_route"})], how="horizontal")
        step = pl.col("step_units").fill_null(1)
        rows = rows.with_columns(units=-(-pl.col("units") // step) * step)
        return rows.with_columns(amount_micros=pl.Series(_amounts(rows), dtype=pl.Int64, nan_to_null=False))


def _amounts(rows: pl.DataFrame) -> list[int | None]:
    known = rows["rate_micros"].is_not_null()
    amount = shares(
        rows["rate_micros"].fill_null(0).to_numpy(),
        rows["units"].fill_null(0).to_numpy(),
        np.maximum(rows["per_units"].fill_null(1).to_numpy(), 1),
    )
    return pl.select(pl.when(known).then(pl.Series(amount))).to_series().to_list()


def interconnect(usage: pl.DataFrame, rates: Rates, trunks: pl.DataFrame) -> pl.DataFrame:
    """Answered calls over partners' trunks, one row for each side that pays: in (they pay us), out (we pay them).

    `trunks` has trunk_id and partner_id. A transit call pays both ways. A call of our subscriber to another operator is
    paid out by its originating record, one that comes in by its terminating record.
    """
    rows = shaped(usage, NEEDED).filter((pl.col("service") == "voice") & (pl.col("duration_s") > 0))
    rows = rows.with_columns(moment=pl.coalesce("start_time", "event_time"), units=pl.col("duration_s"))
    sent = rows.filter(pl.col("record_type").is_in(["originating", "forwarded", "transit"]))
    came = rows.filter(pl.col("record_type").is_in(["terminating", "transit"]))
    out = sent.join(trunks, left_on="trunk_out", right_on="trunk_id", maintain_order="left").with_columns(
        direction=pl.lit("out"), route="trunk_out"
    )
    incoming = came.join(trunks, left_on="trunk_in", right_on="trunk_id", maintain_order="left").with_columns(
        direction=pl.lit("in"), route="trunk_in"
    )
    return rates.priced(pl.concat([out, incoming], how="diagonal"))


def statements(
    priced: pl.DataFrame, kind: str, period: tuple[int, int], name: str, places: Places = NOWHERE
) -> pl.DataFrame:
    """Lines of a period's statements: sums by partner, direction, route, destination and rate."""
    start, end = period
    rows = priced.filter((pl.col("moment") >= start) & (pl.col("moment") < end) & pl.col("amount_micros").is_not_null())
    rows = places.at(f"settlement.{kind}", rows)
    key = ("partner_id", "direction", "route", "prefix", "destination", "rate_micros", "rate_currency")
    sums = (
        rows.group_by(key, maintain_order=True).agg(pl.col("units", "amount_micros").sum(), pl.col("unit").first())
        if ("unit" in rows.columns)
        else rows.group_by(key, maintain_order=True).agg(pl.col("units", "amount_micros").sum(), unit=pl.lit("second"))
    )
    return shaped(
        sums.with_columns(
            tenant=pl.lit("main"),
            kind=pl.lit(kind),
            currency="rate_currency",
            period_start=pl.lit(start),
            period_end=pl.lit(end),
            statement_id=pl.format("{}-{}-{}-{}", pl.lit(kind), pl.lit(name), "partner_id", "direction"),
            batch_id=pl.format("{}-{}-{}-{}", pl.lit(kind), pl.lit(name), "partner_id", "direction"),
            line=pl.format(
                "{}-{}-{}",
                pl.col("route").fill_null(""),
                pl.col("prefix").fill_null(""),
                pl.col("rate_micros").fill_null(0),
            ),
        ),
        SETTLED,
    ).sort("statement_id", "line")


def told(lines: pl.DataFrame, at: int) -> pl.DataFrame:
    """Rows of `settled`, at a moment; the partner's own statements come the same way."""
    return lines.with_columns(
        event_id=pl.format("{}-{}", "statement_id", "line"),
        event_time=pl.lit(at, pl.Int64),
        prefix=pl.when(pl.col("prefix") != "").then("prefix"),
        source=pl.lit("settlement"),
    ).drop("line")


def batches(lines: pl.DataFrame, period: tuple[int, int], at: int) -> pl.DataFrame:
    """Each statement as a batch that is closed, with its lines, units and amount."""
    return (
        lines.group_by("tenant", "statement_id", "currency", maintain_order=True)
        .agg(
            event_id=pl.format("{}-closed", pl.col("statement_id").first()),
            event_time=pl.lit(at, pl.Int64).first(),
            batch_id=pl.col("statement_id").first(),
            kind=pl.lit("statement").first(),
            scope=pl.lit("settled").first(),
            state=pl.lit("closed").first(),
            period_start=pl.lit(period[0], pl.Int64).first(),
            period_end=pl.lit(period[1], pl.Int64).first(),
            records=pl.len().cast(pl.Int64),
            units=pl.col("units").sum(),
            amount_micros=pl.col("amount_micros").sum(),
            source=pl.lit("settlement").first(),
        )
        .drop("statement_id")
    )
