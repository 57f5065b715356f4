"""Lines and invoices, as billing keeps and publishes them."""

from typing import Any

import polars as pl

from bss_kit import frames

LINES: dict[str, Any] = {
    "tenant": pl.String,
    "line_id": pl.String,
    "invoice_id": pl.String,
    "account_id": pl.String,
    "subscriber_id": pl.String,
    "product_id": pl.String,
    "kind": pl.String,
    "product_offering_id": pl.String,
    "period_start": pl.Int64,
    "period_end": pl.Int64,
    "usage_count": pl.Int64,
    "units": pl.Int64,
    "amount_micros": pl.Int64,
    "currency": pl.String,
    "account_code": pl.String,
    "tax_id": pl.String,
    "agent_id": pl.String,
    "ticket_id": pl.String,
    "approved_by": pl.String,
    "corrects_line_id": pl.String,
    "batch_id": pl.String,
}
INVOICES: dict[str, Any] = {
    "tenant": pl.String,
    "invoice_id": pl.String,
    "account_id": pl.String,
    "currency": pl.String,
    "issued": pl.Int64,
    "due": pl.Int64,
    "period_start": pl.Int64,
    "period_end": pl.Int64,
    "total_micros": pl.Int64,
    "tax_micros": pl.Int64,
    "open_micros": pl.Int64,
    "state": pl.String,
    "batch_id": pl.String,
}
CODES = {"usage": "4000", "recurring": "4100", "one_off": "4200", "discount": "4300", "credit": "4400", "tax": "2200"}
"""Accounts of the general ledger for each kind of line: revenues, reductions of revenue, tax owed to the state."""


def shaped(rows: pl.DataFrame, batch_id: str) -> pl.DataFrame:
    """Lines with all columns, in the order of their ids."""
    code = pl.col("kind").replace_strict(CODES, return_dtype=pl.String)
    return frames.shaped(rows.with_columns(account_code=code, batch_id=pl.lit(batch_id)), LINES).sort(
        "invoice_id", "line_id"
    )


def told_lines(lines: pl.DataFrame, first: int, lasts_ms: int) -> pl.DataFrame:
    """Rows of `billed`, written one after another within a stretch of time."""
    spread = first + pl.int_range(pl.len()) * lasts_ms // pl.max_horizontal(pl.len(), 1)
    return lines.with_columns(event_id=pl.format("line-{}", "line_id"), event_time=spread, source=pl.lit("billing"))


def told_invoices(invoices: pl.DataFrame) -> pl.DataFrame:
    """Rows of `invoices`, when they were issued."""
    return invoices.with_columns(
        event_id=pl.format("{}-{}", "invoice_id", "state"), event_time="issued", source=pl.lit("billing")
    )
