"""A catalogue checked, and published: rows of `reference` into the books and a file for other systems."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from bss.catalog.checks import problems
from bss.catalog.kept import REFERENCE
from bss.catalog.published import load
from bss.rating.plan import compile_plan
from bss_kit.database import Books
from bss_kit.frames import whole
from services.bss.database import opened
from services.bss.events import read_file, write_events, write_refused
from tollwatch.errors import InputError


def check_catalogue(path: Path, now: int) -> pl.DataFrame:
    """What is wrong with a catalogue, one row for each thing; empty where nothing is."""
    rows = load(path)
    compile_plan(rows)
    return problems(rows, now)


def publish_catalogue(path: Path, where: str | Path, out: Path, now: int) -> dict[str, int]:
    """Take a catalogue into the books and write its rows of `reference`. Raises InputError where it has problems."""
    wrong = check_catalogue(path, now)
    if len(wrong):
        first = wrong.row(0, named=True)
        raise InputError(
            f"{path}: {len(wrong)} problems, the first: {first['entity']} {first['id']} {first['problem']}; "
            "`tollwatch bss check` lists them all"
        )
    rows = load(path)
    with opened(where) as database, database.books() as books:
        written = write_events(out, f"catalogue-{path.stem}", {"reference": rows})
        books.put(REFERENCE, whole(rows, "reference"))
    return written


def take_reference(paths: Sequence[Path], where: str | Path, out: Path) -> int:
    """Take rows of `reference` (accounts, subscribers, trunks, contracts, …) into the books; gives how many."""
    taken = 0
    with opened(where) as database:
        for path in paths:
            read = read_file("reference", path)
            write_refused(out, path.name, read.refused)
            with database.books() as books:
                books.put(REFERENCE, read.rows)
            taken += len(read.rows)
    return taken


def reference(books: Books, *entities: str) -> pl.DataFrame:
    """The rows of `reference` in the books, of some kinds or all."""
    wanted = [REFERENCE.table.c.entity.in_(entities)] if entities else []
    rows = books.read(REFERENCE, *wanted)
    never = pl.col("valid_from") == 0
    return rows.with_columns(valid_from=pl.when(never).then(None).otherwise("valid_from"))


def accounts(books: Books) -> pl.DataFrame:
    """Accounts with their class and cycle, as they are known last."""
    wanted = ("id", "valid_from", "account_class", "bill_cycle", "currency")
    rows = books.read(REFERENCE, REFERENCE.table.c.entity == "account", columns=wanted).sort("id", "valid_from")
    return rows.unique("id", keep="last", maintain_order=True).drop("valid_from").rename({"id": "account_id"})


def subscribers(books: Books) -> pl.DataFrame:
    """Whose number and SIM is whose, and when."""
    wanted = ("id", "account_id", "msisdn", "imsi", "valid_from", "valid_to")
    rows = books.read(REFERENCE, REFERENCE.table.c.entity == "subscriber", columns=wanted)
    return rows.rename({"id": "subscriber_id"})


def zone(books: Books) -> str:
    """The zone of the catalogue; UTC where it says none."""
    rows = books.read(REFERENCE, REFERENCE.table.c.entity == "offering", columns=("zone",))
    zones = rows["zone"].drop_nulls()
    return str(zones[0]) if len(zones) else "UTC"
