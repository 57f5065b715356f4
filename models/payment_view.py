"""What a model of card payments sees of each: windows of the card and of the terminal, and what follows from them."""

import polars as pl

from models.contract import Scorer

DAYS = (1, 7, 30)
MOST_TIMES = 10.0


def _ratio(top: str, bottom: str) -> pl.Expr:
    return pl.when(pl.col(bottom) > 0).then(pl.col(top) / pl.col(bottom)).otherwise(0.0).fill_null(0.0)


def _windows() -> dict[str, pl.Expr]:
    exprs: dict[str, pl.Expr] = {}
    for days in DAYS:
        exprs[f"card_count_{days}d"] = pl.col(f"card_count_{days}d").fill_null(0.0)
        exprs[f"card_mean_{days}d"] = _ratio(f"card_micros_{days}d", f"card_count_{days}d") / 1e6
    for days in DAYS:
        exprs[f"terminal_count_{days}d"] = pl.col(f"terminal_count_{days}d").fill_null(0.0)
        exprs[f"terminal_fraud_share_{days}d"] = _ratio(f"terminal_frauds_{days}d", f"terminal_count_{days}d")
    return exprs


def _own() -> dict[str, pl.Expr]:
    """Functions of the payment itself; hours and days are UTC."""
    time = pl.from_epoch("event_time", time_unit="ms")
    return {
        "amount": pl.col("amount_micros").fill_null(0) / 1e6,
        "weekend": (time.dt.weekday() >= 6).cast(pl.Float64),
        "night": (time.dt.hour() <= 6).cast(pl.Float64),
    }


def _derived() -> dict[str, pl.Expr]:
    """What a straight line cannot see by itself: unusual for this card, a bad terminal in any window."""
    usual = pl.col("card_mean_30d").clip(1.0)
    shares = [f"terminal_fraud_share_{days}d" for days in DAYS]
    return {
        "amount_to_usual": (pl.col("amount") / usual).clip(0.0, MOST_TIMES),
        "day_to_usual": (pl.col("card_mean_1d") / usual).clip(0.0, MOST_TIMES),
        "week_to_usual": (pl.col("card_mean_7d") / usual).clip(0.0, MOST_TIMES),
        "amount_squared": (pl.col("amount") / 100.0) ** 2,
        "terminal_fraud_share": pl.max_horizontal(shares).clip(0.0, 1.0),
    }


class PaymentView(Scorer):
    """The inputs that champion and challengers of payment risk share: the handbook's fifteen, and five derived ones."""

    inputs = (*_own(), *_windows(), *_derived())

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The inputs, row by row; division by zero and absence count as nothing."""
        table = rows.select(**_own(), **_windows()).with_columns(**_derived())
        return table.select(pl.col(self.inputs).cast(pl.Float64))
