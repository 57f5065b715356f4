"""What payment keeps: receivables, payments that were taken, what paid what, steps of dunning."""

from typing import Any

import polars as pl

from bss.payment.allocation import ALLOCATIONS as ALLOCATIONS_COLUMNS
from bss.payment.allocation import RECEIVABLES as RECEIVABLES_COLUMNS
from bss.payment.dunning import DONE
from bss_kit.database import Kept

PAYMENTS_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("tenant", "payment_id", "state", "kind", "account_id", "currency"), pl.String),
    **dict.fromkeys(("amount_micros", "at"), pl.Int64),
}
RECEIVABLES = Kept("receivables", RECEIVABLES_COLUMNS, ("tenant", "invoice_id"), indexes=("account_id",))
ALLOCATIONS = Kept("allocations", ALLOCATIONS_COLUMNS, ("tenant", "payment_id", "invoice_id", "at"))
PAYMENTS = Kept("payments", PAYMENTS_COLUMNS, ("tenant", "payment_id", "state"), indexes=("account_id",))
DUNNING = Kept("dunning", DONE, ("tenant", "invoice_id", "step"), indexes=("account_id",))
