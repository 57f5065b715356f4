"""What a model of subscribers sees: the profile of one hour so far, and how unusual it is for this subscriber."""

import polars as pl

from models.contract import Scorer

HOURS_OF_WEEK = 168.0
MOST_TIMES = 5.0


def _counted(name: str) -> pl.Expr:
    """The logarithm of a count: a hundred more mean much to ten, and little to ten thousand."""
    return pl.col(name).fill_null(0.0).clip(0.0).log1p()


def _share(top: str, bottom: pl.Expr) -> pl.Expr:
    return pl.when(bottom > 0).then(pl.col(top) / bottom).otherwise(0.0).fill_null(0.0).clip(0.0, 1.0)


def _inputs() -> dict[str, pl.Expr]:
    attempts = pl.col("calls_1h").fill_null(0.0) + pl.col("messages_1h").fill_null(0.0)
    usual = pl.col("events_7d").fill_null(0.0) / HOURS_OF_WEEK
    time = pl.from_epoch("event_time", time_unit="ms")
    return {
        "calls": _counted("calls_1h"),
        "messages": _counted("messages_1h"),
        "seconds": _counted("seconds_1h"),
        "kilobytes": (pl.col("bytes_1h").fill_null(0.0).clip(0.0) / 1e3).log1p(),
        "charged": (pl.col("charged_micros_1h").fill_null(0.0).clip(0.0) / 1e6).log1p(),
        "others": _counted("others_1h"),
        "cells": _counted("cells_1h"),
        "unanswered_share": _share("unanswered_1h", pl.col("calls_1h").fill_null(0.0)),
        "others_share": _share("others_1h", attempts),
        "seconds_a_call": (pl.col("seconds_1h").fill_null(0.0) / attempts.clip(1.0)).clip(0.0).log1p(),
        "to_usual": ((pl.col("events_1h").fill_null(0.0) + 1.0) / (usual + 1.0)).log().clip(-MOST_TIMES, MOST_TIMES),
        "night": (time.dt.hour() <= 4).cast(pl.Float64),
    }


class HourView(Scorer):
    """The inputs of models over subscribers' hours; counts and amounts as logarithms, hours in UTC."""

    inputs = tuple(_inputs())

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The inputs, row by row; what is absent counts as nothing."""
        return rows.select(**_inputs()).select(pl.col(self.inputs).cast(pl.Float64))
