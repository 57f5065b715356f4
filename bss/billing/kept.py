"""What billing keeps: bill runs by part, lines, invoices, credits to be billed."""

from typing import Any

import polars as pl

from bss.billing.lines import INVOICES as INVOICES_COLUMNS
from bss.billing.lines import LINES as LINES_COLUMNS
from bss_kit.database import Kept

PARTS_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("tenant", "batch_id"), pl.String),
    **dict.fromkeys(("part", "records", "invoices", "amount_micros"), pl.Int64),
}
CREDITS_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("credit_id", "account_id", "currency", "agent_id", "ticket_id", "approved_by"), pl.String),
    "amount_micros": pl.Int64,
    "billed_in": pl.String,
}
LINES = Kept("invoice_lines", LINES_COLUMNS, ("tenant", "line_id"), indexes=("account_id", "batch_id"))
INVOICES = Kept("invoices", INVOICES_COLUMNS, ("tenant", "invoice_id"), indexes=("account_id", "batch_id"))
PARTS = Kept("bill_run_parts", PARTS_COLUMNS, ("tenant", "batch_id", "part"))
CREDITS = Kept("billing_credits", CREDITS_COLUMNS, ("credit_id",), indexes=("account_id", "billed_in"))
