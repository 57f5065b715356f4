"""A payment on its way: seen by the gateway, booked in the ledger, credited to the account; one row for each hop."""

import polars as pl

from bss_kit.places import NOWHERE, Places

HOPS = ("gateway", "ledger", "account")
BOOKED_MS, CREDITED_MS = 60_000, 120_000
FEE_PPM = 14_000
"""What the provider keeps of a card payment, in millionths."""


def through(payments: pl.DataFrame, places: Places = NOWHERE) -> pl.DataFrame:
    """Rows of `payments` at every hop, from rows of the gateway; what was declined or failed goes no further."""
    fee = pl.when(pl.col("method") == "card").then(pl.col("amount_micros").abs() * FEE_PPM // 1_000_000)
    gateway = payments.with_columns(hop=pl.lit("gateway"), fee_micros=fee)
    settled = gateway.filter(pl.col("state").is_in(["settled", "reversed"]))
    ledger = places.at("payment.ledger", _at(settled, "ledger", BOOKED_MS))
    account = places.at("payment.account", _at(settled, "account", CREDITED_MS))
    return pl.concat([gateway, ledger, account], how="diagonal")


def _at(rows: pl.DataFrame, hop: str, later_ms: int) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("event_time") + later_ms,
        hop=pl.lit(hop),
        source=pl.lit(hop),
        event_id=pl.format("{}-{}", "event_id", pl.lit(hop)),
        fee_micros=pl.lit(None, pl.Int64),
    )
