"""Prepaid balances: recharges put on them, online usage taken off, each request once; vouchers; snapshots."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bss.charging import kept
from bss.charging.balances import REQUESTS, charge, snapshot
from bss.charging.vouchers import VOUCHERS, moved
from bss_kit.database import Books
from bss_kit.frames import shaped
from services.bss.database import opened
from services.bss.events import read_file, write_events, write_refused


@dataclass(frozen=True)
class ChargesDone:
    """How many requests were done, refused, and had been made before; what was put on balances and taken off."""

    done: int
    refused: int
    repeated: int
    on_micros: int
    off_micros: int


def charge_files(
    where: str | Path, out: Path, *, payments: Sequence[Path] = (), rated: Sequence[Path] = ()
) -> ChargesDone:
    """Put settled recharges of the account's hop on balances, and take online usage off, in the order of time."""
    parts = []
    for stream, paths in (("payments", payments), ("rated", rated)):
        for path in paths:
            read = read_file(stream, path)
            write_refused(out, path.name, read.refused)
            parts.append(_recharges(read.rows) if stream == "payments" else _usage(read.rows))
    asked = pl.concat(parts) if parts else pl.DataFrame(schema=REQUESTS)
    with opened(where) as database, database.books() as books:
        names = asked["account_id"].drop_nulls().unique().to_list()
        known = books.read_in(kept.REQUESTS, "account_id", names).select("tenant", "request_id")
        made = charge(asked, _balances(books, names), books.read(kept.HOLDS), known)
        books.put(kept.BALANCES, made.balances)
        books.replace(kept.HOLDS, made.holds)
        books.add(kept.REQUESTS, made.requests)
    done = made.requests.filter(pl.col("outcome") == "done")
    on = done.filter(pl.col("kind") == "top_up")["amount_micros"].sum()
    off = done.filter(pl.col("kind") == "charge")["amount_micros"].sum()
    return ChargesDone(len(done), len(made.requests) - len(done), made.repeated, int(on), int(off))


def _recharges(rows: pl.DataFrame) -> pl.DataFrame:
    paid = rows.filter((pl.col("hop") == "account") & (pl.col("kind") == "recharge") & (pl.col("state") == "settled"))
    return shaped(
        paid.with_columns(request_id=pl.format("recharge-{}", "payment_id"), kind=pl.lit("top_up"), at="event_time"),
        REQUESTS,
    )


def _usage(rows: pl.DataFrame) -> pl.DataFrame:
    used = rows.filter((pl.col("charging") == "online") & (pl.col("charge_micros") > 0))
    return shaped(
        used.with_columns(
            request_id=pl.format("usage-{}", "refers_to"),
            kind=pl.lit("charge"),
            amount_micros="charge_micros",
            at="event_time",
        ),
        REQUESTS,
    )


def _balances(books: Books, names: Sequence[str]) -> pl.DataFrame:
    """Balances as charging knows them: a bucket that never ends has no end."""
    rows = books.read_in(kept.BALANCES, "account_id", names) if names else books.read(kept.BALANCES)
    return rows.with_columns(expires_at=pl.when(pl.col("expires_at") != 0).then("expires_at"))


def take_balances(where: str | Path, out: Path, at: int) -> int:
    """Write what is on all balances at a moment: rows of `balances` and their batch; gives how many."""
    name = f"balances-{at}"
    with opened(where) as database, database.books() as books:
        rows = snapshot(_balances(books, ()), at, name)
        batch = pl.DataFrame({"event_id": [f"{name}-closed"], "event_time": [at], "records": [len(rows)]}).with_columns(
            batch_id=pl.lit(name),
            kind=pl.lit("snapshot"),
            scope=pl.lit("balances"),
            state=pl.lit("closed"),
            period_start=pl.lit(at),
            period_end=pl.lit(at + 1),
            source=pl.lit("charging"),
        )
        write_events(out, name, {"balances": rows, "batches": batch})
    return len(rows)


def move_vouchers(paths: Sequence[Path], where: str | Path, out: Path) -> tuple[int, int]:
    """Take rows of `vouchers`: new serials as they are, others into the state that they ask for; moved, refused."""
    changed = refused = 0
    with opened(where) as database:
        for path in paths:
            read = read_file("vouchers", path)
            write_refused(out, path.name, read.refused)
            with database.books() as books:
                known = books.read(kept.VOUCHERS)
                rows = read.rows.with_columns(pl.col("tenant").fill_null("main"))
                fresh = rows.filter(pl.col("state") == "created").join(known, on="serial", how="anti")
                known = pl.concat([known, shaped(fresh.with_columns(state_at="event_time"), VOUCHERS)])
                asked = rows.filter(pl.col("state") != "created").select(
                    "serial", "account_id", "payment_id", to="state", at="event_time"
                )
                after, told, wrong = moved(known, asked)
                write_events(out, f"{path.stem}-moved", {"vouchers": told})
                books.put(kept.VOUCHERS, after)
            changed, refused = changed + len(told), refused + len(wrong)
    return changed, refused
