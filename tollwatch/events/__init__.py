"""The events that enter Tollwatch, one frozen struct per stream.

The types are the schema: decoding, validation, columns, JSON Schema and `docs/events.md` all come from them.
"""

from tollwatch.events.assurance import (
    Action,
    Batch,
    Count,
    PlannedTest,
    Reference,
    Suspense,
    Verdict,
)
from tollwatch.events.common import Event
from tollwatch.events.customers import (
    Balance,
    Billed,
    Care,
    Dunning,
    Invoice,
    Order,
    Payment,
    Posting,
    Rated,
    Settled,
    Voucher,
)
from tollwatch.events.network import DeviceSighting, Outcome, Provisioned, Signalling, Usage

STREAMS: dict[str, type[Event]] = {
    "usage": Usage,
    "signalling": Signalling,
    "outcomes": Outcome,
    "device_sightings": DeviceSighting,
    "provisioned": Provisioned,
    "orders": Order,
    "payments": Payment,
    "care": Care,
    "rated": Rated,
    "billed": Billed,
    "invoices": Invoice,
    "dunning": Dunning,
    "balances": Balance,
    "vouchers": Voucher,
    "postings": Posting,
    "settled": Settled,
    "batches": Batch,
    "counts": Count,
    "suspense": Suspense,
    "planned_tests": PlannedTest,
    "reference": Reference,
    "verdicts": Verdict,
    "actions": Action,
}

STREAM_OF: dict[type[Event], str] = {kind: name for name, kind in STREAMS.items()}

__all__ = [
    "STREAMS",
    "STREAM_OF",
    "Action",
    "Balance",
    "Batch",
    "Billed",
    "Care",
    "Count",
    "DeviceSighting",
    "Dunning",
    "Event",
    "Invoice",
    "Order",
    "Outcome",
    "Payment",
    "PlannedTest",
    "Posting",
    "Provisioned",
    "Rated",
    "Reference",
    "Settled",
    "Signalling",
    "Suspense",
    "Usage",
    "Verdict",
    "Voucher",
]
