"""A small operator for the tests of controls: its months, snapshots and bill runs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.make import Row

HOUR, DAY = 3_600_000, 86_400_000
PRICE = 31_000_000


def at(month: int, day: int = 1, hour: int = 0) -> int:
    """A moment of 2026 in milliseconds."""
    return int(datetime(2026, month, day, hour, tzinfo=UTC).timestamp() * 1000)


def row(stream: str, event_id: str, event_time: int, **fields: Any) -> Row:
    """Any row."""
    return {"_stream": stream, "event_id": event_id, "event_time": event_time, **fields}


def offering(name: str = "basic", price: int = PRICE, *, since: int | None = None, currency: str = "EUR") -> Row:
    """A price per month."""
    known = at(1) - 30 * DAY if since is None else since
    return row(
        "reference",
        f"offering-{name}-{known}-{price}",
        at(1) - 30 * DAY,
        entity="offering",
        id=name,
        valid_from=known,
        price_micros=price,
        currency=currency,
    )


def account(name: str = "a1", **fields: Any) -> Row:
    """An account of the class postpaid."""
    when = at(1) - 30 * DAY
    return row("reference", f"account-{name}", when, entity="account", id=name, account_class="postpaid") | fields


def order(product: str, action: str, when: int, **fields: Any) -> Row:
    """A completed order item."""
    return (
        row(
            "orders",
            f"{product}-{action}-{when}",
            when,
            order_id=f"o-{product}",
            order_item_id=f"o-{product}-{action}",
            product_id=product,
            action=action,
            state="completed",
            account_id="a1",
            product_offering_id="basic",
        )
        | fields
    )


def seen(product: str, month: int, *, since: int, state: str = "active", **fields: Any) -> Row:
    """A service in the snapshot taken at the end of a month."""
    return (
        row(
            "provisioned",
            f"seen-{product}-{month}",
            at(month + 1),
            product_id=product,
            subscriber_id=f"s-{product}",
            state=state,
            since=since,
            batch_id=f"snapshot-{month}",
        )
        | fields
    )


def line(product: str, month: int, amount: int = PRICE, **fields: Any) -> Row:
    """A recurring line of the bill run of a month."""
    facts = {
        "account_id": "a1",
        "kind": "recurring",
        "product_offering_id": "basic",
        "currency": "EUR",
        "period_start": at(month),
        "period_end": at(month + 1),
        "batch_id": f"run-{month}",
    }
    return (
        row(
            "billed",
            f"line-{product}-{month}-{amount}",
            at(month + 1) + DAY,
            invoice_id=f"i-{month}",
            line_id=f"l-{product}-{month}",
            product_id=product,
            amount_micros=amount,
            **facts,
        )
        | fields
    )


def closing(stream: str, month: int, records: int | None, when: int | None = None, **fields: Any) -> Row:
    """The closing event of a month's snapshot (three hours after the month) or bill run (two days after)."""
    kind, name, late = ("snapshot", "snapshot", 3 * HOUR) if stream == "provisioned" else ("bill_run", "run", 2 * DAY)
    return (
        row(
            "batches",
            f"closing-{name}-{month}",
            at(month + 1) + late if when is None else when,
            kind=kind,
            batch_id=f"{name}-{month}",
            scope=stream,
            state="closed",
            period_start=at(month),
            period_end=at(month + 1),
            records=records,
        )
        | fields
    )


def month(rows: Sequence[Row], number: int = 1) -> list[Row]:
    """These rows with an offering, an account and the closing events of one month, records counted."""
    count = {name: sum(each.get("batch_id") == f"{name}-{number}" for each in rows) for name in ("snapshot", "run")}
    closings = [closing("provisioned", number, count["snapshot"]), closing("billed", number, count["run"])]
    return [offering(), account(), *rows, *closings]
