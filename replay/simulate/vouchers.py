"""Vouchers of the simulated operator: printed before the simulation, sold on the day, used once by a recharge."""

import polars as pl

from bss.charging.vouchers import VOUCHERS, moved, published
from bss_kit.frames import shaped
from bss_kit.places import Places
from replay.simulate.catalogue import HISTORY_DAYS
from replay.simulate.chance import DAY, HOUR, MINUTE
from replay.simulate.money import payments
from replay.simulate.population import World

SPARE = 16
"""Of so many vouchers one more is printed that nobody buys."""
BY_VOUCHER = (pl.col("method") == "voucher") & (pl.col("kind") == "recharge") & (pl.col("hop") == "gateway")


class Vouchers:
    """All vouchers, and the recharges of each day that use them."""

    def __init__(self, world: World, places: Places) -> None:
        self.places = places
        self.printed_at = world.start - HISTORY_DAYS * DAY + HOUR
        paid = [payments(world, day).filter(BY_VOUCHER) for day in range(world.start, world.end, DAY)]
        own = pl.concat(paid).select(serial=_serial(), face_value_micros="amount_micros", currency="currency")
        spare = own.gather_every(SPARE).with_columns(serial=pl.format("{}-spare", "serial"))
        rows = pl.concat([own, spare]).with_columns(
            tenant=pl.lit("main"), state=pl.lit("created"), state_at=pl.lit(self.printed_at, pl.Int64)
        )
        self.vouchers = shaped(rows, VOUCHERS)

    def printed(self) -> pl.DataFrame:
        """Rows of `vouchers` from before the simulation: created and activated."""
        created = published(self.vouchers)
        changes = self.vouchers.select("serial", to=pl.lit("activated"), at=pl.lit(self.printed_at + HOUR, pl.Int64))
        return pl.concat([created, self._moved(changes)])

    def paid(self, rows: pl.DataFrame, natural: pl.Expr) -> pl.DataFrame:
        """The gateway's payments, those by voucher with its serial number."""
        serial = pl.col("voucher_serial") if "voucher_serial" in rows.columns else pl.lit(None, pl.String)
        named = rows.with_columns(voucher_serial=pl.when(natural & BY_VOUCHER).then(_serial()).otherwise(serial))
        return self.places.at("charging.recharges", named)

    def used(self, told: pl.DataFrame, natural: pl.Expr) -> pl.DataFrame:
        """Rows of `vouchers` of a day: those that were sold, and used by recharges that reached the account."""
        by = (pl.col("method") == "voucher") & (pl.col("hop") == "gateway") & (pl.col("state") == "settled") & natural
        paid = told.filter(by & pl.col("voucher_serial").is_not_null()).sort("event_time")
        first = paid.unique("voucher_serial", keep="first", maintain_order=True)
        sold = first.select(serial="voucher_serial", to=pl.lit("sold"), at=pl.col("event_time") // DAY * DAY)
        used = paid.select(
            "account_id",
            "payment_id",
            serial="voucher_serial",
            to=pl.lit("used"),
            at=pl.col("event_time") + 2 * MINUTE,
        )
        return self._moved(pl.concat([sold, used], how="diagonal"))

    def _moved(self, changes: pl.DataFrame) -> pl.DataFrame:
        given = {"account_id": pl.String, "payment_id": pl.String}
        rows = changes.with_columns(
            pl.lit(None, kind).alias(name) for name, kind in given.items() if name not in changes.columns
        )
        self.vouchers, told, _ = moved(self.vouchers, rows, self.places)
        return told


def _serial() -> pl.Expr:
    return pl.format("V-{}", "payment_id")
