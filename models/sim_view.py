"""What a model of SIMs sees: how a day of calls differs from a person's."""

import polars as pl

from models.contract import Scorer


def _share(top: str, of: pl.Expr) -> pl.Expr:
    return pl.when(of > 0).then(pl.col(top) / of).otherwise(0.0).fill_null(0.0).clip(0.0, 1.0)


def _inputs() -> dict[str, pl.Expr]:
    calls = pl.col("calls").fill_null(0.0)
    return {
        "calls": calls.clip(0.0).log1p(),
        "cells": pl.col("cells").fill_null(0.0).clip(0.0).log1p(),
        "targets_share": _share("targets", calls),
        "received_share": _share("received", calls + pl.col("received").fill_null(0.0)),
        "other_share": _share("other", calls + pl.col("other").fill_null(0.0)),
        "unanswered_share": _share("unanswered", calls),
        "seconds_a_call": (pl.col("seconds").fill_null(0.0) / calls.clip(1.0)).clip(0.0).log1p(),
    }


class SimView(Scorer):
    """The inputs of models over a SIM's day: shares, and logarithms of counts."""

    inputs = tuple(_inputs())

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The inputs, row by row; what is absent counts as nothing."""
        return rows.select(**_inputs()).select(pl.col(self.inputs).cast(pl.Float64))
