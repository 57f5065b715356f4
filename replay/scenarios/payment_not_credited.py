"""A payment that the gateway and the ledger have, and the account never gets."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few payments of several days; the customer has paid for nothing."""
    few = Few(context, 2 * context.few, each=2, share=False)

    def not_credited(rows: pl.DataFrame, office: Any) -> Made:
        gateway = pl.col("event_id").str.strip_suffix("-account")
        own = rows.with_columns(gateway_id=gateway).filter(
            office.is_natural("gateway_id") & (pl.col("state") == "settled")
        )
        some = few.of(own)
        return rows.join(some.select("event_id"), on="event_id", how="anti", maintain_order="left"), [
            leakage(
                "payment_not_credited",
                ("payment", row["payment_id"]),
                (row["event_time"], row["event_time"]),
                -row["amount_micros"],
                account_id=row["account_id"],
                subscriber_id=row["subscriber_id"],
            )
            for row in some.iter_rows(named=True)
        ]

    return Planted(faults={"payment.account": [not_credited]})
