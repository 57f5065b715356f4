"""What a model of orders sees: how it was ordered, and what account, card, document and dealer have ordered before."""

import polars as pl

from models.contract import Scorer

NEVER_S = 60.0 * 86_400.0
"""Who opened no account within the window of `opened_s` opened it at least so long ago."""


def _counted(name: str) -> pl.Expr:
    return pl.col(name).fill_null(0.0).clip(0.0).log1p()


def _said(expr: pl.Expr) -> pl.Expr:
    return expr.fill_null(value=False).cast(pl.Float64)


def _inputs() -> dict[str, pl.Expr]:
    hour = pl.from_epoch("event_time", time_unit="ms").dt.hour()
    return {
        "online": _said(pl.col("channel").is_in(["web", "app"])),
        "night": _said(hour <= 4),
        "device": _said(pl.col("action") == "device_sale"),
        "port_in": _said(pl.col("action") == "port_in"),
        "orders": _counted("account_orders_1d"),
        "devices": _counted("account_devices_1d"),
        "opened": (pl.col("opened_s").fill_null(NEVER_S).clip(0.0) / 3_600.0).log1p(),
        "card_accounts": _counted("card_accounts_30d"),
        "document_accounts": _counted("document_accounts_30d"),
        "dealer_orders": _counted("dealer_orders_30d"),
    }


class OrderView(Scorer):
    """The inputs of models over orders: what is said of it, and logarithms of counts; hours are UTC."""

    inputs = tuple(_inputs())

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The inputs, row by row; what is absent counts as nothing."""
        return rows.select(**_inputs()).select(pl.col(self.inputs).cast(pl.Float64))
