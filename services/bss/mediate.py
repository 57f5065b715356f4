"""Files of network elements through mediation, one transaction each: killed and run again, none is lost or doubled."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bss.mediation import kept
from bss.mediation.duplicates import WINDOW_MS
from bss.mediation.mediate import Mediated, State, discard, mediate, release
from bss.mediation.register import File, gaps
from bss_kit.database import Books
from services.bss.catalogue import subscribers
from services.bss.database import opened
from services.bss.events import Read, read_file, write_events, write_refused
from streams.reading.mapping import Mapping
from tollwatch.errors import InputError

NUMBER = re.compile(r"(\d+)(?=\D*$)")
"""A file's sequence number, unless another pattern is given: the last digits of its name."""


@dataclass(frozen=True)
class FileDone:
    """What became of a file."""

    name: str
    records: int
    passed: int = 0
    suspended: int = 0
    duplicates: int = 0
    refused: int = 0
    copy_of: str | None = None


def mediate_files(
    paths: Iterable[Path],
    where: str | Path,
    out: Path,
    *,
    mappings: Sequence[Mapping] = (),
    source: str | None = None,
    modulus: int | None = None,
    aggregate_s: int = 0,
) -> Iterable[FileDone]:
    """Take files in the order of their names; each as its source's, or of the source that stands in its records."""
    with opened(where) as database:
        with database.books() as books:
            whose = subscribers(books)
        for path in paths:
            read = read_file("usage", path, mappings)
            file = _file(read, source, modulus)
            with database.books() as books:
                state = _state(books, read.rows)
                done = mediate(file, read.rows, state, whose, aggregate_s=aggregate_s)
                if done.copy_of is None:
                    _write(out, path.stem, done)
                    write_refused(out, path.name, read.refused)
                    _keep(books, state, done.state)
            held = done.suspense.filter(pl.col("state") == "suspended") if len(done.suspense) else done.suspense
            yield FileDone(
                path.name, len(read.rows), len(done.usage), len(held), done.duplicates, len(read.refused), done.copy_of
            )


def files_in(folder: Path) -> list[Path]:
    """The files of a directory in the order of their names. Raises InputError where it is none."""
    if not folder.is_dir():
        raise InputError(f"{folder}: is no directory; name one with files, or the files themselves")
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _file(read: Read, source: str | None, modulus: int | None) -> File:
    """The file as mediation knows it."""
    sources = read.rows["source"].drop_nulls().unique()
    name = source or (str(sources[0]) if len(sources) == 1 else read.path.parent.name)
    number = NUMBER.search(read.path.name.split(".")[0])
    return File(name, read.path.name, read.sha256, int(number.group(1)) if number else None, modulus)


def _state(books: Books, rows: pl.DataFrame) -> State:
    """What mediation needs to know for these records: of what was seen only the time that they cover."""
    seen = kept.SEEN.table.c.event_time
    first, last = rows["event_time"].min(), rows["event_time"].max()
    known = (
        books.read(kept.SEEN, seen >= first, seen <= last, seen > last - WINDOW_MS)
        if isinstance(first, int) and isinstance(last, int)
        else kept.SEEN.empty()
    )
    return State(
        files=books.read(kept.FILES),
        seen=known,
        held=kept.HELD.empty(),
        parts=books.read(kept.PARTS),
        legs=books.read(kept.LEGS),
    )


def _keep(books: Books, before: State, after: State) -> None:
    books.add(kept.FILES, after.files)
    books.add(kept.SEEN, after.seen.slice(len(before.seen)))
    books.put(kept.HELD, after.held)
    books.replace(kept.PARTS, after.parts)
    books.replace(kept.LEGS, after.legs)


def _write(out: Path, name: str, done: Mediated) -> None:
    write_events(
        out,
        name,
        {"usage": done.usage, "suspense": done.suspense, "batches": done.batches, "counts": done.counts},
    )


def missing_files(where: str | Path, modulus: int | None = None) -> pl.DataFrame:
    """Gaps in the numbers of each source's files."""
    with opened(where) as database, database.books() as books:
        return gaps(books.read(kept.FILES), modulus)


def suspended(where: str | Path) -> pl.DataFrame:
    """What is in suspense: id, reason, since."""
    with opened(where) as database, database.books() as books:
        return books.read(kept.HELD).drop("record")


def let_go(
    where: str | Path, out: Path, *, reason: str | None, at: int, throw_away: str | None = None
) -> tuple[int, int]:
    """Try what is in suspense for a reason (or all) again, or throw it away: how many went, how many stay."""
    with opened(where) as database, database.books() as books:
        held = books.read(kept.HELD)
        chosen = held if reason is None else held.filter(pl.col("reason") == reason)
        ids = chosen["event_id"].to_list()
        state = State(held=held, legs=books.read(kept.LEGS))
        if throw_away is not None:
            after, told = discard(state, ids, throw_away, at)
            usage = pl.DataFrame()
        else:
            after, usage, told = release(state, ids, subscribers(books), at)
        write_events(out, f"released-{at}", {"usage": usage, "suspense": told})
        books.replace(kept.HELD, after.held)
        books.replace(kept.LEGS, after.legs)
        return len(held) - len(after.held), len(after.held)
