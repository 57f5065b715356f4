"""A credit that nobody may give: beyond the agent's limit, without a ticket, straight into the bill."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


CREDIT_MICROS = 80_000_000


def plant(context: ScenarioContext) -> Planted:
    """A few accounts of each month."""

    def credited(lines: pl.DataFrame, office: Any) -> Made:
        fees = lines.filter((pl.col("kind") == "recurring") & office.may_be_wrong("unauthorised_credit"))
        some = Few(context, context.few, each=context.few, share=False).of(fees, "line_id")
        given = some.with_columns(
            kind=pl.lit("credit"),
            amount_micros=pl.lit(-CREDIT_MICROS, pl.Int64),
            line_id=pl.col("line_id") + "-goodwill",
            agent_id=pl.lit("agent-00"),
            product_id=pl.lit(None, pl.String),
            product_offering_id=pl.lit(None, pl.String),
        )
        truths = [
            leakage(
                "unauthorised_credit",
                ("account", row["account_id"]),
                (row["period_start"], row["period_end"]),
                CREDIT_MICROS,
                account_id=row["account_id"],
                subscriber_id=row["subscriber_id"],
            )
            for row in some.iter_rows(named=True)
        ]
        return pl.concat([lines, given], how="diagonal"), truths

    return Planted(faults={"billing.lines": [credited]})
