"""What partners and the simulated operator owe each other: traffic by trunk, roaming, content, commissions."""

import polars as pl

from bss.ledger.journal import of_statements, posted
from bss.settlement.kept import STATEMENTS
from bss.settlement.partners import commission_lines, commissions, content_shares, roaming, tap_out
from bss.settlement.routes import Rates, batches, interconnect, statements, told
from bss_kit.places import Places
from replay.simulate.catalogue import ZONE
from replay.simulate.chance import DAY, HOUR
from replay.simulate.population import CURRENCY
from replay.simulate.services import month_name
from replay.simulate.trunks import carried

Streams = dict[str, pl.DataFrame]
SUMMED = ("partner_id", "direction", "route", "prefix", "destination", "rate_micros", "rate_currency", "unit")
CONTENT = ("event_id", "service", "content_provider_id")
SOLD = ("refers_to", "currency", "charge_micros", "event_time")


class Partners:
    """Counts traffic as it is mediated, and settles it month by month."""

    def __init__(self, reference: pl.DataFrame, orders: pl.DataFrame, places: Places) -> None:
        self.reference, self.orders, self.places = reference, orders, places
        self.rates = Rates.of(reference)
        trunks = reference.filter(pl.col("entity") == "trunk")
        self.trunks = trunks.select("partner_id", trunk_id="id")
        self.traffic: list[pl.DataFrame] = []
        self.roamed: list[pl.DataFrame] = []
        self.content: list[pl.DataFrame] = []
        self.sold: list[pl.DataFrame] = []

    def routed(self, rows: pl.DataFrame, natural: pl.Expr) -> pl.DataFrame:
        """Records with the trunk they leave by; of travellers with what the visited network charges (TAP in)."""
        trunk = pl.col("trunk_out") if "trunk_out" in rows.columns else pl.lit(None, pl.String)
        own = rows.with_columns(trunk_out=pl.coalesce(trunk, carried(natural)))
        away = natural & (pl.col("source") == "tap") & (pl.col("service") == "voice") & (pl.col("duration_s") > 0)
        mine = own.filter(away & pl.col("serving_network").is_not_null())
        cost = self.rates.priced(
            mine.select(
                "event_id",
                "called_number",
                partner_id="serving_network",
                direction=pl.lit("out"),
                moment="start_time",
                units="duration_s",
            )
        ).select("event_id", tap_cost="amount_micros")
        for name, kind in (("cost_micros", pl.Int64), ("reported_by", pl.String), ("file_format", pl.String)):
            if name not in own.columns:
                own = own.with_columns(pl.lit(None, kind).alias(name))
        if "roaming_direction" not in own.columns:
            own = own.with_columns(roaming_direction=pl.lit(None, pl.String))
        tap = pl.col("tap_cost").is_not_null()
        return (
            own.join(cost, on="event_id", how="left", maintain_order="left")
            .with_columns(
                cost_micros=pl.coalesce("tap_cost", "cost_micros"),
                currency=pl.when(tap).then(pl.coalesce("currency", pl.lit(CURRENCY))).otherwise("currency"),
                reported_by=pl.when(tap).then("serving_network").otherwise("reported_by"),
                file_format=pl.when(natural & (pl.col("source") == "tap")).then(pl.lit("tap")).otherwise("file_format"),
                roaming_direction=pl.when(tap).then(pl.lit("in")).otherwise("roaming_direction"),
            )
            .drop("tap_cost")
        )

    def count(self, usage: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
        """Count mediated records for settlement; gives the records that are sent to visitors' operators (TAP out)."""
        if usage.is_empty():
            return usage
        sent = tap_out(usage, self.rates, self.places)
        sold = pl.DataFrame(schema={"event_id": pl.String, "sold_micros": pl.Int64})
        if len(rated):
            sold = rated.select(event_id="refers_to", sold_micros="charge_micros").unique("event_id", keep="first")
        priced = interconnect(usage, self.rates, self.trunks).with_columns(unit=pl.lit("second"))
        self.traffic.append(_daily(priced.join(sold, on="event_id", how="left", maintain_order="left")))
        both = pl.concat([usage, sent], how="diagonal_relaxed") if len(sent) else usage
        self.roamed.append(_daily(roaming(both).with_columns(sold_micros=pl.lit(0, pl.Int64))))
        bought = usage.filter(pl.col("service") == "content")
        if "content_provider_id" in bought.columns and len(bought) and len(rated):
            bought = bought.filter(pl.col("content_provider_id").is_not_null()).select(*CONTENT)
            self.content.append(bought)
            self.sold.append(rated.select(*SOLD).filter(pl.col("refers_to").is_in(bought["event_id"].implode())))
        return sent

    def statements(self, period: tuple[int, int], at: int) -> Streams:
        """The statements of a period: rows of `settled`, their batches, and what is booked."""
        start, end = period
        name = month_name(end)
        sold = [rows.filter(pl.col("event_time").is_between(start, end - 1)) for rows in self.sold]
        lines = []
        for kind, rows in (("interconnect", self.traffic), ("roaming", self.roamed)):
            if rows:
                lines.append(statements(pl.concat(rows), kind, period, name, self.places))
        if sold:
            shares = content_shares(pl.concat(sold), pl.concat(self.content), self.reference, end)
            lines.append(statements(shares, "content", period, name, self.places))
        dealers = commissions(self.orders, self.reference)
        lines.append(commission_lines(dealers, period, name, self.places).select(*STATEMENTS.columns))
        every = pl.concat(lines, how="diagonal_relaxed")
        booked = posted(of_statements(every, at, ZONE), self.places)
        return {
            "settled": told(every, at),
            "batches": batches(every, period, at + HOUR),
            "postings": booked.drop("booked_at"),
        }


def _daily(priced: pl.DataFrame) -> pl.DataFrame:
    """Priced traffic by partner, route, destination, rate and day."""
    rows = priced.filter(pl.col("amount_micros").is_not_null())
    return rows.group_by(*SUMMED, moment=pl.col("moment") // DAY * DAY, maintain_order=True).agg(
        pl.col("units", "amount_micros").sum(),
        pl.col("sold_micros").fill_null(0).sum(),
        calls=pl.len().cast(pl.Int64),
    )
