"""Files of usage rated, one transaction each; and what could not be priced rated again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bss.inventory.kept import ORDERS
from bss.rating import kept
from bss.rating.allowances import grant
from bss.rating.plan import Plan, compile_plan
from bss.rating.rate import Contracts, Rating, rate
from bss_kit.database import Books
from bss_kit.periods import period_of
from bss_kit.spans import spans
from services.bss.catalogue import reference, zone
from services.bss.database import opened
from services.bss.events import read_file, write_events, write_refused
from streams.reading.mapping import Mapping
from tollwatch.columns import schema
from tollwatch.errors import InputError

USAGE = schema("usage")
DAY_MS = 86_400_000


@dataclass(frozen=True)
class BatchRated:
    """What became of a batch. `is_known`: it had been rated before, and nothing was done."""

    name: str
    records: int
    rated: int = 0
    failed: int = 0
    charge_micros: int = 0
    is_known: bool = False


def rate_files(
    paths: Iterable[Path], where: str | Path, out: Path, *, mappings: Sequence[Mapping] = (), home: Sequence[str] = ()
) -> Iterable[BatchRated]:
    """Rate files of usage by the catalogue and the orders in the books. Each file, by its content, is rated once."""
    with opened(where) as database:
        with database.books() as books:
            catalogue = _catalogue(books)
        for path in paths:
            read = read_file("usage", path, mappings)
            with database.books() as books:
                if len(books.read(kept.BATCHES, kept.BATCHES.table.c.batch_id == read.sha256)):
                    yield BatchRated(path.name, len(read.rows), is_known=True)
                    continue
                done = _rate(books, read.rows, catalogue, home)
                write_events(out, path.stem, {"rated": done.rated})
                write_refused(out, path.name, read.refused)
                _keep(books, read.sha256, read.rows, done)
            yield _told(path.name, read.rows, done)


def rate_backlog(where: str | Path, out: Path, at: int, *, home: Sequence[str] = ()) -> BatchRated:
    """Rate again what could not be priced; what still cannot stays."""
    with opened(where) as database, database.books() as books:
        waiting = books.read(kept.BACKLOG)
        rows = waiting.select(record=pl.col("record").str.json_decode(pl.Struct(USAGE))).unnest("record")
        done = _rate(books, rows, _catalogue(books), home)
        fine = done.rated.filter(pl.col("rating_error").is_null())
        name = f"backlog-{at}"
        write_events(out, name, {"rated": fine.with_columns(event_id=pl.col("event_id") + "-again")})
        ids = fine["refers_to"].to_list()
        books.remove(kept.BACKLOG, kept.BACKLOG.table.c.event_id.in_(ids))
        _keep(books, name, rows, Rating(fine, done.buckets, 0))
        return _told(name, rows, done)


@dataclass(frozen=True)
class _Catalogue:
    """What is read once for all files."""

    rows: pl.DataFrame
    plan: Plan
    zone: str


def _catalogue(books: Books) -> _Catalogue:
    """The catalogue, compiled. Raises InputError where nobody has an offering."""
    if not books.has_rows(ORDERS):
        raise InputError("the books know no completed order: nobody has an offering; take orders in first")
    rows = reference(books, "offering", "tariff", "allowance", "list")
    return _Catalogue(rows, compile_plan(rows), zone(books))


def _rate(books: Books, rows: pl.DataFrame, catalogue: _Catalogue, home: Sequence[str]) -> Rating:
    """Rate records with allowances granted for every period they lie in."""
    whose = rows["subscriber_id"].drop_nulls().unique().to_list()
    held = spans(books.read_in(ORDERS, "subscriber_id", whose))
    buckets = books.read_in(kept.BUCKETS, "subscriber_id", whose)
    contracts = Contracts.of(held, catalogue.rows, catalogue.plan)
    granted = _granted(buckets, rows, held, catalogue)
    return rate(rows, catalogue.plan, contracts, granted, home=frozenset(home))


def _granted(buckets: pl.DataFrame, rows: pl.DataFrame, held: pl.DataFrame, catalogue: _Catalogue) -> pl.DataFrame:
    """The buckets with those of every period in which a record begins."""
    moment = pl.coalesce("start_time", "event_time")
    days = rows.select(day=moment // DAY_MS)["day"].drop_nulls().unique().sort()
    moments = (day * DAY_MS + shift for day in days for shift in (0, DAY_MS - 1))
    for period in dict.fromkeys(period_of(moment, catalogue.zone) for moment in moments):
        buckets = grant(buckets, held, catalogue.rows, period)
    return buckets


def _keep(books: Books, batch: str, rows: pl.DataFrame, done: Rating) -> None:
    books.put(kept.BUCKETS, done.buckets)
    priced = done.rated.filter(pl.col("rating_error").is_null())
    books.add(kept.SUMS, sums(priced.filter(pl.col("charging") == "offline"), batch))
    failed = done.backlog.select("rating_error", event_id="refers_to")
    waiting = rows.select(*USAGE).with_columns(record=pl.struct(USAGE.keys()).struct.json_encode())
    books.put(kept.BACKLOG, failed.join(waiting.select("event_id", "record"), on="event_id"))
    books.add(
        kept.BATCHES,
        pl.DataFrame(
            [(batch, len(rows), int(priced["charge_micros"].sum()))], schema=kept.BATCHES_COLUMNS, orient="row"
        ),
    )


def sums(rated: pl.DataFrame, batch: str) -> pl.DataFrame:
    """Rated usage by invoice line and day."""
    key = ("account_id", "subscriber_id", "currency", "unit", "destination")
    day = pl.col("usage_time") // DAY_MS * DAY_MS
    made = rated.with_columns(pl.col(name).fill_null("") for name in key).group_by(
        *key, day.alias("day"), maintain_order=True
    )
    return made.agg(
        usage_count=pl.len().cast(pl.Int64),
        units=pl.col("units").sum(),
        amount_micros=pl.col("charge_micros").sum(),
        batch_id=pl.lit(batch).first(),
        billed_in=pl.lit("").first(),
    ).select(*kept.SUMS_COLUMNS)


def _told(name: str, rows: pl.DataFrame, done: Rating) -> BatchRated:
    failed = len(done.backlog)
    return BatchRated(
        name, len(rows), len(done.rated) - failed, failed, int(done.rated["charge_micros"].fill_null(0).sum())
    )
