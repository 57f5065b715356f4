"""What the controls carry of each stream."""

from collections.abc import Sequence

import polars as pl

from detectors.pairing.declared import Control
from tollwatch.columns import schema
from tollwatch.errors import RuleError
from tollwatch.frames import KeySpace

CARRIED: dict[str, tuple[str, ...]] = {
    "provisioned": ("subscriber_id", "product_id", "service_specification", "state", "since", "batch_id"),
    "orders": (
        "order_id",
        "order_item_id",
        "product_id",
        "action",
        "state",
        "account_id",
        "subscriber_id",
        "product_offering_id",
    ),
    "billed": (
        "invoice_id",
        "line_id",
        "account_id",
        "subscriber_id",
        "product_id",
        "kind",
        "product_offering_id",
        "period_start",
        "period_end",
        "amount_micros",
        "currency",
        "batch_id",
    ),
    "batches": ("batch_id", "kind", "scope", "state", "period_start", "period_end", "records"),
    "reference": (
        "entity",
        "id",
        "valid_from",
        "valid_to",
        "account_class",
        "account_id",
        "price_micros",
        "currency",
        "bill_cycle",
    ),
}
SIDES = ("provisioned", "billed")


def columns(stream: str) -> tuple[str, ...]:
    """The columns carried of a stream, in the stream's own order."""
    wanted = {"event_id", "event_time", *CARRIED[stream]}
    return tuple(name for name in schema(stream) if name in wanted)


def kept_schema(stream: str) -> dict[str, pl.DataType]:
    """The table that is kept of a stream: what is carried, the id's hash and the row's place in the log."""
    return {name: schema(stream)[name] for name in columns(stream)} | {"_id": pl.UInt64(), "_seq": pl.Int64()}


def assurance_key_space(controls: Sequence[Control]) -> KeySpace:
    """The key space of the controls: one shard, to which everything they read is sent whole.

    Raises RuleError for a control that reads a stream which cannot be paired yet.
    """
    for control in controls:
        for side in (control.left, control.right):
            if side.stream not in SIDES:
                raise RuleError.unknown_word(
                    side.stream, list(SIDES), where=f"control `{control.name()}`", what="side of a pair"
                )
    carried = {stream: columns(stream) for stream in sorted(CARRIED)}
    return KeySpace(name="assurance", by={}, columns=carried, broadcast=tuple(carried), shards=1)
