"""A voucher used twice: the second recharge is credited, and no second voucher was ever paid for."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few recharges with a voucher of somebody else that has been used before."""
    few = Few(context, context.few, each=1, share=False)
    before: list[dict[str, Any]] = []

    def again(rows: pl.DataFrame, office: Any) -> Made:
        own = office.is_natural("event_id") & (pl.col("kind") == "recharge") & (pl.col("state") == "settled")
        paid = rows.filter(own & pl.col("voucher_serial").is_not_null()).sort("event_time")
        new: dict[str, str] = {}
        truths = []
        for used in before[-20:]:
            same = paid.filter(
                (pl.col("amount_micros") == used["amount_micros"]) & (pl.col("account_id") != used["account_id"])
            )
            some = few.of(same) if not new else same.head(0)
            for row in some.iter_rows(named=True):
                new[row["event_id"]] = used["voucher_serial"]
                truths.append(_truth(row))
        before.extend(row for row in paid.iter_rows(named=True) if row["event_id"] not in new)
        serial = pl.col("event_id").replace_strict(new, default=None, return_dtype=pl.String)
        return rows.with_columns(voucher_serial=pl.coalesce(serial, "voucher_serial")), truths

    return Planted(faults={"charging.recharges": [again]})


def _truth(row: dict[str, Any]) -> Truth:
    return leakage(
        "voucher_reuse",
        ("payment", row["payment_id"]),
        (row["event_time"], row["event_time"]),
        row["amount_micros"],
        account_id=row["account_id"],
        subscriber_id=row["subscriber_id"],
    )
