"""Payments against invoices: the one that is named, else the one that is due first; the rest stays the customer's."""

from typing import Any

import numba
import numpy as np
import polars as pl

from bss_kit.money import Ints

RECEIVABLES: dict[str, Any] = {
    "tenant": pl.String,
    "invoice_id": pl.String,
    "account_id": pl.String,
    "currency": pl.String,
    "issued": pl.Int64,
    "due": pl.Int64,
    "total_micros": pl.Int64,
    "open_micros": pl.Int64,
}
"""One invoice and what is unpaid of it. A credit invoice has a total below zero: it is paid to the customer."""
ALLOCATIONS: dict[str, Any] = {
    "tenant": pl.String,
    "payment_id": pl.String,
    "invoice_id": pl.String,
    "account_id": pl.String,
    "currency": pl.String,
    "amount_micros": pl.Int64,
    "at": pl.Int64,
}
"""What of a payment pays which invoice; `invoice_id` is empty for what is left over."""
PURSE = ("tenant", "account_id", "currency")


def allocated(payments: pl.DataFrame, receivables: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Allocations of payments, and the receivables afterwards.

    `payments` has tenant, payment_id, account_id, currency, amount_micros, at and perhaps invoice_id. They are taken in
    the order of their times; a payment pays no other account and no other currency. Credit invoices pay like payments.
    """
    credit = receivables.filter(pl.col("open_micros") < 0).select(
        "tenant", "account_id", "currency", payment_id="invoice_id", amount_micros=-pl.col("open_micros"), at="issued"
    )
    paid = pl.concat([payments, credit], how="diagonal").filter(pl.col("amount_micros") > 0)
    if "invoice_id" not in paid.columns:
        paid = paid.with_columns(invoice_id=pl.lit(None, pl.String))
    open_ = receivables.filter(pl.col("open_micros") > 0).sort(*PURSE, "due", "issued", "invoice_id")
    purses = pl.concat([paid.select(PURSE), open_.select(PURSE)]).unique().sort(PURSE).with_row_index("purse")
    paid = paid.join(purses, on=PURSE, maintain_order="left").sort("purse", "at", "payment_id")
    bills = open_.join(purses, on=PURSE, maintain_order="left").sort("purse", "due", "issued", "invoice_id")
    named = paid.join(
        bills.with_row_index("at_bill").select("tenant", "invoice_id", "at_bill", "purse"),
        on=["tenant", "invoice_id", "purse"],
        how="left",
        maintain_order="left",
    )["at_bill"]
    left = bills["open_micros"].to_numpy().copy()
    made = _allocate(
        paid["purse"].cast(pl.Int64).to_numpy(),
        paid["amount_micros"].to_numpy(),
        named.cast(pl.Int64).fill_null(-1).to_numpy(),
        bills["purse"].cast(pl.Int64).to_numpy(),
        left,
    )
    rows = pl.DataFrame(made, schema=["payment", "bill", "amount_micros"], orient="row")
    bill = pl.select(pl.when(rows["bill"] >= 0).then(rows["bill"])).to_series()
    allocations = pl.DataFrame(
        {
            **{name: paid[name].gather(rows["payment"]) for name in (*PURSE, "payment_id", "at")},
            "invoice_id": bills["invoice_id"].gather(bill).fill_null(""),
            "amount_micros": rows["amount_micros"],
        }
    ).select(*ALLOCATIONS)
    after = bills.with_columns(open_micros=pl.Series(left, dtype=pl.Int64)).select(*RECEIVABLES)
    used = credit.select("tenant", invoice_id="payment_id", open_=pl.lit(0, pl.Int64))
    others = receivables.filter(pl.col("open_micros") <= 0).join(used, on=["tenant", "invoice_id"], how="left")
    others = others.with_columns(open_micros=pl.coalesce("open_", "open_micros")).select(*RECEIVABLES)
    return allocations, pl.concat([after, others]).sort("tenant", "invoice_id")


@numba.njit(cache=True)
def _allocate(purse: Ints, amount: Ints, named: Ints, bill_purse: Ints, left: Ints) -> Ints:
    """Payment, invoice (−1: left over), amount: the named invoice first, then the oldest that is open."""
    made = np.empty((len(purse) * 2 + len(left) + len(purse), 3), np.int64)
    size, next_bill = 0, 0
    for at in range(len(purse)):
        rest = amount[at]
        while next_bill < len(left) and (
            bill_purse[next_bill] < purse[at] or (bill_purse[next_bill] == purse[at] and left[next_bill] == 0)
        ):
            next_bill += 1
        if named[at] >= 0 and left[named[at]] > 0:
            taken = min(rest, left[named[at]])
            made[size, 0], made[size, 1], made[size, 2] = at, named[at], taken
            size += 1
            left[named[at]] -= taken
            rest -= taken
        bill = next_bill
        while rest > 0 and bill < len(left) and bill_purse[bill] == purse[at]:
            taken = min(rest, left[bill])
            if taken > 0:
                made[size, 0], made[size, 1], made[size, 2] = at, bill, taken
                size += 1
                left[bill] -= taken
                rest -= taken
            bill += 1
        if rest > 0:
            made[size, 0], made[size, 1], made[size, 2] = at, -1, rest
            size += 1
    return made[:size].copy()


def reversed_(
    allocations: pl.DataFrame, receivables: pl.DataFrame, taken_back: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What refunds and chargebacks undo: negative allocations, and the receivables that are open again.

    `taken_back` has tenant, payment_id (the one that is taken back), reversal_id, at: the whole payment.
    """
    net = allocations.group_by("tenant", "payment_id", "invoice_id", "account_id", "currency", maintain_order=True).agg(
        pl.col("amount_micros").sum()
    )
    undone = net.join(taken_back, on=["tenant", "payment_id"]).filter(pl.col("amount_micros") > 0)
    rows = undone.with_columns(amount_micros=-pl.col("amount_micros")).select(*ALLOCATIONS)
    again = rows.group_by("tenant", "invoice_id").agg(back=pl.col("amount_micros").sum())
    after = receivables.join(again, on=["tenant", "invoice_id"], how="left", maintain_order="left").with_columns(
        open_micros=pl.col("open_micros") - pl.col("back").fill_null(0)
    )
    return rows, after.select(*RECEIVABLES)
