"""Orders taken, decomposed, activated and concluded; their events, the network's, and what the inventory keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bss.activation.kept import NETWORK
from bss.activation.network import carried_out
from bss.inventory.kept import ORDERS
from bss.inventory.snapshot import snapshot
from bss.ordering import kept
from bss.ordering.decompose import concluded, service_orders
from bss.ordering.items import advanced, placed, told
from bss_kit.database import Books
from bss_kit.periods import parse_period
from services.bss.catalogue import zone
from services.bss.database import opened
from services.bss.events import read_file, write_events, write_refused


@dataclass(frozen=True)
class OrdersTaken:
    """How many items were taken and refused, and how many were carried out by then."""

    taken: int
    refused: int
    completed: int
    failed: int


def take_orders(paths: Sequence[Path], where: str | Path, out: Path, *, until: int) -> OrdersTaken:
    """Take files of order items (rows of `orders`, acknowledged) and carry out what is due until a moment."""
    taken = refused = completed = failed = 0
    with opened(where) as database:
        for path in paths:
            read = read_file("orders", path)
            write_refused(out, path.name, read.refused)
            with database.books() as books:
                wanted = read.rows.rename({"event_time": "state_at"}).filter(pl.col("state") == "acknowledged")
                fine, wrong = placed(wanted, books.read(kept.ITEMS).select("order_item_id"))
                _write_wrong(out, path.stem, wrong)
                write_events(out, f"{path.stem}-taken", {"orders": told(fine)})
                books.add(kept.ITEMS, fine)
                books.add(kept.SERVICE_ORDERS, service_orders(fine))
            taken, refused = taken + len(fine), refused + len(wrong)
        with database.books() as books:
            completed, failed = carry_out(books, out, until)
    return OrdersTaken(taken, refused, completed, failed)


def carry_out(books: Books, out: Path, until: int) -> tuple[int, int]:
    """Carry out the service orders that are due, conclude their items; how many were completed and failed."""
    open_ = books.read(kept.SERVICE_ORDERS, kept.SERVICE_ORDERS.table.c.state == "acknowledged")
    ended, network, noticed = carried_out(open_, books.read(NETWORK), until)
    items = books.read(kept.ITEMS, kept.ITEMS.table.c.state.in_(["acknowledged", "in_progress"]))
    changes = concluded(items, ended)
    after, _ = advanced(items, changes)
    done = after.join(changes.select("order_item_id"), on="order_item_id", how="semi", maintain_order="left")
    rows = told(done)
    write_events(out, f"carried-out-{until}", {"orders": rows, "signalling": noticed})
    books.put(kept.SERVICE_ORDERS, ended)
    books.put(kept.ITEMS, done)
    books.put(NETWORK, network)
    finished = rows.filter(pl.col("state") == "completed")
    books.add(ORDERS, finished)
    return len(finished), len(rows) - len(finished)


def take_snapshot(where: str | Path, out: Path, period: str) -> int:
    """Read the network out at the end of a month: rows of `provisioned` and their batch; gives how many."""
    with opened(where) as database, database.books() as books:
        span = parse_period(period, zone(books))
        rows, batches = snapshot(books.read(NETWORK), span, f"snapshot-{period}", 3_600_000)
        write_events(out, f"snapshot-{period}", {"provisioned": rows, "batches": batches})
        return len(rows)


def _write_wrong(out: Path, name: str, wrong: pl.DataFrame) -> None:
    """Items that were refused, with the cause, as failed items: whoever ordered them must know."""
    if len(wrong):
        write_events(out, f"{name}-refused", {"orders": told(wrong.with_columns(state=pl.lit("failed")))})
