"""Payments taken, allocated and booked; refunds and chargebacks undone; dunning with what it does to services."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bss.activation.kept import NETWORK
from bss.billing.kept import INVOICES
from bss.inventory.kept import ORDERS
from bss.ledger.journal import of_payments
from bss.ledger.kept import JOURNAL
from bss.ordering.decompose import SERVICE_ORDERS as SERVICE_ORDERS_COLUMNS
from bss.ordering.kept import SERVICE_ORDERS
from bss.payment import kept
from bss.payment.allocation import allocated, reversed_
from bss.payment.dunning import dun
from bss.payment.hops import through
from bss_kit.database import Books
from bss_kit.spans import spans
from services.bss.catalogue import zone
from services.bss.database import opened
from services.bss.events import read_file, write_events, write_refused
from services.bss.order import carry_out

BACK = ("refund", "chargeback")


@dataclass(frozen=True)
class PaymentsTaken:
    """How many were new, what they paid, and what is left over."""

    taken: int
    repeated: int
    allocated_micros: int
    left_over_micros: int


def take_payments(paths: Sequence[Path], where: str | Path, out: Path) -> PaymentsTaken:
    """Take files of payments as the gateway has them; each payment, in each state, counts once."""
    new = repeated = onto = over = 0
    with opened(where) as database:
        for path in paths:
            read = read_file("payments", path)
            write_refused(out, path.name, read.refused)
            with database.books() as books:
                rows = read.rows.unique(["payment_id", "state"], keep="first", maintain_order=True)
                known = books.read(kept.PAYMENTS).select("payment_id", "state")
                fresh = rows.join(known, on=["payment_id", "state"], how="anti", maintain_order="left")
                told = through(fresh)
                made = _allocate(books, fresh)
                booked = told.filter(pl.col("hop") == "ledger")
                books.add(JOURNAL, of_payments(booked, zone(books)))
                books.add(kept.PAYMENTS, fresh.with_columns(at=pl.col("event_time")))
                write_events(out, f"{path.stem}-hops", {"payments": told})
            new, repeated = new + len(fresh), repeated + len(read.rows) - len(fresh)
            named = pl.col("invoice_id") != ""
            onto += int(made.filter(named)["amount_micros"].sum())
            over += int(made.filter(~named)["amount_micros"].sum())
    return PaymentsTaken(new, repeated, onto, over)


def _allocate(books: Books, fresh: pl.DataFrame) -> pl.DataFrame:
    """Allocate what pays invoices, undo what is taken back; gives the allocations."""
    settled = fresh.filter((pl.col("state") == "settled") & pl.col("amount_micros").is_not_null())
    pays = settled.filter(pl.col("kind") == "payment").with_columns(
        pl.col("tenant").fill_null("main"), at=pl.col("event_time")
    )
    made, open_ = allocated(
        pays.select("tenant", "payment_id", "account_id", "currency", "invoice_id", "amount_micros", "at"),
        books.read(kept.RECEIVABLES),
    )
    back = settled.filter(pl.col("kind").is_in(BACK) & pl.col("external_reference").is_not_null())
    taken = back.select(pl.col("tenant").fill_null("main"), payment_id="external_reference", at="event_time")
    undone, open_ = reversed_(pl.concat([books.read(kept.ALLOCATIONS), made]), open_, taken)
    books.put(kept.RECEIVABLES, open_)
    books.add(kept.ALLOCATIONS, pl.concat([made, undone]))
    paid = open_.filter(pl.col("open_micros") <= 0).select("tenant", "invoice_id", open_="open_micros")
    heads = books.read(INVOICES, INVOICES.table.c.state == "issued").join(paid, on=["tenant", "invoice_id"])
    books.put(INVOICES, heads.with_columns(state=pl.lit("paid"), open_micros=pl.col("open_")).drop("open_"))
    return pl.concat([made, undone])


def dun_accounts(where: str | Path, out: Path, at: int) -> tuple[int, int]:
    """Carry out the steps of dunning that are due; how many steps, how many services were touched."""
    with opened(where) as database, database.books() as books:
        made = dun(books.read(kept.RECEIVABLES), books.read(kept.DUNNING), at)
        orders = _orders(books, made.effects)
        write_events(out, f"dunning-{at}", {"dunning": made.told})
        books.put(kept.DUNNING, made.done)
        books.add(SERVICE_ORDERS, orders)
        carry_out(books, out, at)
        return len(made.told), len(orders)


def _orders(books: Books, effects: pl.DataFrame) -> pl.DataFrame:
    """Service orders for all services of accounts that are barred, resumed or ended."""
    held = spans(books.read(ORDERS, ORDERS.table.c.account_id.in_(effects["account_id"].to_list())))
    last = held.filter(pl.col("valid_to").is_null()).select("tenant", "account_id", "product_id", "subscriber_id")
    network = books.read(NETWORK).select("tenant", "product_id", "imsi", "msisdn", "service_specification")
    rows = effects.join(last, on=["tenant", "account_id"], maintain_order="left").join(
        network, on=["tenant", "product_id"], maintain_order="left"
    )
    made = rows.with_columns(
        service_order_id=pl.format("so-{}-{}-{}", "verb", "product_id", "at"),
        order_item_id=pl.lit(""),
        state=pl.lit("acknowledged"),
        state_at="at",
        due_at="at",
        cause=pl.lit(None, pl.String),
    )
    return made.select(*SERVICE_ORDERS_COLUMNS)
