"""A bill run, part by part: each part of the accounts is one transaction, so that a run that was killed goes on."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bss.billing import kept
from bss.billing.bill import Bill, Known, Run, batches, bill
from bss.billing.lines import told_invoices, told_lines
from bss.inventory.kept import ORDERS
from bss.ledger.journal import of_invoices
from bss.ledger.kept import JOURNAL
from bss.payment.allocation import RECEIVABLES as RECEIVABLES_COLUMNS
from bss.payment.kept import RECEIVABLES
from bss.rating.kept import SUMS
from bss_kit.database import Books, CompanionDatabase
from bss_kit.periods import parse_period, period_name
from bss_kit.spans import spans
from services.bss.catalogue import accounts, reference, zone
from services.bss.database import opened
from services.bss.events import write_events

PART = 2_000
"""How many accounts are billed in one transaction."""
HOURS_BEHIND = 6
LASTS_MS = 4 * 3_600_000


@dataclass(frozen=True)
class RunDone:
    """What a bill run made; `parts_before` of its parts had been billed by an earlier or another run."""

    name: str
    accounts: int
    lines: int
    invoices: int
    amount_micros: int
    parts: int
    parts_before: int


def run_bill(where: str | Path, out: Path, period: str, *, day: int = 1, since: str | None = None) -> RunDone:
    """Bill a cycle's period, 2026-03. Run again, or twice at once, every part is billed once.

    `since` is the first month that these books bill; what came before others have billed.
    """
    with opened(where) as database:
        with database.books() as books:
            where_ = zone(books)
            start, end = parse_period(period, where_, day)
            first = parse_period(since or period, where_, day)[0] if since or not _has_billed(books) else 0
            run = Run(start, end, end + HOURS_BEHIND * 3_600_000, where_, day, since=first)
            known = accounts(books)
        mine = known.filter(pl.col("bill_cycle").fill_null("1") == str(day)).sort("account_id")
        parts = list(_parts(mine))
        before = sum(_bill_part(database, out, run, number, part) for number, part in enumerate(parts))
        return _close(database, out, run, count=len(mine), parts=len(parts), before=before)


def _parts(mine: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Accounts by part: an account is always in the same one, also when others come."""
    if mine.is_empty():
        return
    count = max(1, len(mine) // PART)
    part = [zlib.crc32(name.encode()) % count for name in mine["account_id"]]
    rows = mine.with_columns(part=pl.Series(part, dtype=pl.Int64))
    for number in range(count):
        yield rows.filter(pl.col("part") == number).drop("part")


def _has_billed(books: Books) -> bool:
    return books.has_rows(kept.PARTS)


def _bill_part(database: CompanionDatabase, out: Path, run: Run, number: int, mine: pl.DataFrame) -> bool:
    """Bill some accounts, if nobody has; says whether somebody had."""
    with database.books() as books:
        table = kept.PARTS.table.c
        if len(books.read(kept.PARTS, table.batch_id == run.name, table.part == number)):
            return True
        names = mine["account_id"].to_list()
        usage = books.read(
            SUMS, SUMS.table.c.account_id.in_(names), SUMS.table.c.billed_in == "", SUMS.table.c.day < run.end
        )
        credit = books.read(
            kept.CREDITS, kept.CREDITS.table.c.account_id.in_(names), kept.CREDITS.table.c.billed_in == ""
        )
        made = bill(
            run,
            Known(
                spans(books.read(ORDERS, ORDERS.table.c.account_id.in_(names))),
                reference(books, "offering", "price", "promotion", "tax", "product"),
                mine,
                usage,
                credit,
                books.read(kept.LINES, kept.LINES.table.c.account_id.in_(names)),
            ),
        )
        _keep(books, run, number, made)
        books.put(SUMS, usage.with_columns(billed_in=pl.lit(run.name)))
        books.put(kept.CREDITS, credit.with_columns(billed_in=pl.lit(run.name)))
        name = f"{run.name}-{number:04}"
        lines = told_lines(made.lines, run.issued, LASTS_MS)
        write_events(out, name, {"billed": lines, "invoices": told_invoices(made.invoices)})
    return False


def _keep(books: Books, run: Run, number: int, made: Bill) -> None:
    books.add(kept.LINES, made.lines)
    books.add(kept.INVOICES, made.invoices)
    books.add(RECEIVABLES, made.invoices.select(*RECEIVABLES_COLUMNS))
    books.add(JOURNAL, of_invoices(made.lines, run.issued, run.zone))
    total = int(made.lines["amount_micros"].sum())
    row = (run.tenant, run.name, number, len(made.lines), len(made.invoices), total)
    books.add(kept.PARTS, pl.DataFrame([row], schema=kept.PARTS_COLUMNS, orient="row"))


def _close(database: CompanionDatabase, out: Path, run: Run, *, count: int, parts: int, before: int) -> RunDone:
    """Write the run's batch, when all of its parts are billed."""
    with database.books() as books:
        rows = books.read(kept.PARTS, kept.PARTS.table.c.batch_id == run.name)
        records = int(rows["records"].sum())
        write_events(out, f"{run.name}-batch", {"batches": batches(run, records, LASTS_MS)})
        return RunDone(
            period_name(run.start, run.zone),
            count,
            records,
            int(rows["invoices"].sum()),
            int(rows["amount_micros"].sum()),
            parts,
            before,
        )
