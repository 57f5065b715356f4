"""Partners' statements of a period, from usage, rated usage and orders; and the general ledger of a period."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from bss.inventory.kept import ORDERS
from bss.ledger.journal import balance, of_statements, posted
from bss.ledger.kept import JOURNAL
from bss.settlement.kept import STATEMENTS
from bss.settlement.partners import commission_lines, commissions, content_shares, roaming, tap_out
from bss.settlement.routes import Rates, batches, interconnect, statements, told
from bss_kit.frames import shaped
from bss_kit.periods import parse_period
from services.bss.catalogue import reference, zone
from services.bss.database import opened
from services.bss.events import read_file, write_events
from tollwatch.columns import schema
from tollwatch.errors import InputError


def settle(
    where: str | Path, out: Path, period: str, *, usage: Sequence[Path] = (), rated: Sequence[Path] = ()
) -> pl.DataFrame:
    """Make the statements of a month; run again, its lines are the same. Gives them.

    Visitors' calls that have no record of TAP are written as such (`usage`), for their operators.
    """
    records = _together("usage", usage)
    priced = _together("rated", rated)
    with opened(where) as database, database.books() as books:
        zone_ = zone(books)
        span = parse_period(period, zone_)
        known = reference(books, "route_rate", "contract", "trunk")
        trunks = known.filter(pl.col("entity") == "trunk").select("partner_id", trunk_id="id")
        rates = Rates.of(known)
        sent = tap_out(records, rates)
        roamed = pl.concat([records, shaped(sent, records.schema)])
        lines = pl.concat(
            [
                statements(interconnect(records, rates, trunks), "interconnect", span, period),
                statements(roaming(roamed), "roaming", span, period),
                statements(content_shares(priced, records, known, span[1]), "content", span, period),
                commission_lines(commissions(books.read(ORDERS), known), span, period).select(*STATEMENTS.columns),
            ],
            how="diagonal_relaxed",
        )
        heads = batches(lines, span, span[1])
        write_events(out, f"settlement-{period}", {"settled": told(lines, span[1]), "batches": heads, "usage": sent})
        books.put(STATEMENTS, lines)
        books.add(JOURNAL, of_statements(lines, span[1], zone_))
        return lines


def _together(stream: str, paths: Sequence[Path]) -> pl.DataFrame:
    parts = [read_file(stream, path).rows for path in paths]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema(stream))


def post(where: str | Path, out: Path, period: str) -> pl.DataFrame:
    """Post a month's journal to the general ledger; gives its trial balance. Raises InputError where it is off."""
    with opened(where) as database, database.books() as books:
        rows = books.read(JOURNAL, JOURNAL.table.c.period == period)
        made = balance(rows)
        sums = made.group_by("currency").agg(pl.col("amount_micros").sum())
        if (off := sums.filter(pl.col("amount_micros") != 0)).height:
            raise InputError(f"period {period} does not balance: {off.rows()}; look for entries with one side")
        write_events(out, f"ledger-{period}", {"postings": posted(rows)})
        return made
