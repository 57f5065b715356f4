"""List, show and replay what could not be taken."""

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from cli._listing import Format, Listing, write
from services.findings import hidden
from services.quarantine import (
    QuarantineFilter,
    Record,
    ReplayFile,
    is_live,
    list_records,
    mark_written,
    record_of,
    settle,
    write_records,
)
from services.stores import DATA
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError
from tollwatch.safe_text import printable

app = App(name="quarantine", help="List, show and replay what could not be taken.")
SHOWN = ("quarantine_id", "stream", "partition", "line", "reason", "replayed", "text")
TEXT_SHOWN = 60


@app.command(name="list")
def list_(
    *,
    data: Path | None = None,
    format: Format = "table",  # noqa: A002  (the word people type)
    stream: tuple[str, ...] = (),
    reason: str = "",
    all_: bool = False,
    output: Path | None = None,
    identifiers: bool = False,
    machine: bool = False,
) -> None:
    """List what waits in quarantine, in the order of stream, partition and position.

    In ndjson, csv and parquet `raw` is the record's bytes in base64, `text` the same for the eye.

    Try: tollwatch quarantine list --data data --stream usage --reason "not JSON"

    Parameters
    ----------
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    stream
        Only those of these streams.
    reason
        Only those whose reason has these words.
    all_
        Those too that have been replayed.
    output
        A file to write to instead of standard output; parquet needs one.
    identifiers
        The records whole, not masked; the audit keeps that you asked.
    machine
        CSV for programs: nothing is guarded against spreadsheets.
    """
    wanted = QuarantineFilter(streams=stream, reason=reason, replayed_too=all_)
    found = list_records(data, wanted, identifiers=identifiers)
    if format == "table":
        found = [msgspec.structs.replace(record, text=record.text[:TEXT_SHOWN]) for record in found]
    documents = [msgspec.json.encode(record, order="sorted") for record in found]
    if not identifiers:
        documents = [hidden(document) for document in documents]
    write(Listing("record", documents, Record.__struct_fields__, SHOWN, machine=machine), format, output)


@app.command
def show(id_: str, /, *, data: Path | None = None) -> None:
    """Print the bytes of one record as they came; what it is and why it was refused goes to standard error.

    Try: tollwatch quarantine show 3f2a --data data

    Parameters
    ----------
    id_
        Its id, or the beginning of it.
    data
        The data directory.
    """
    record = record_of(id_, data)
    place = f"{record.stream}, {record.partition}, line {record.line or record.position + 1}"
    print(printable(f"{record.quarantine_id}: {place}: {record.reason}"), file=sys.stderr)
    sys.stdout.buffer.write(printable(record.text).encode() if sys.stdout.isatty() else record.raw)
    sys.stdout.flush()


@app.command
def replay(
    *,
    data: Path | None = None,
    to: Path | None = None,
    stream: tuple[str, ...] = (),
    reason: str = "",
    again: bool = False,
    run: bool = False,
    mapping: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    config: Path | None = None,
) -> None:
    """Write the raw records out, a file per stream, and mark them as replayed; with --run, run them at once.

    The same records always give a file of the same name, which a run on the same data directory reads once: stopped
    anywhere, nothing is lost and nothing is doubled. With --run only what is taken is marked: what is refused again
    stays as it was, and a run that fails changes nothing. A record of which only the beginning was kept stays too.

    Try: tollwatch quarantine replay --data data --reason "not JSON" --to fixed

    Parameters
    ----------
    data
        The data directory.
    to
        The folder to write to; default `replay` in the data directory.
    stream
        Only those of these streams.
    reason
        Only those whose reason has these words.
    again
        Those too that have been replayed before.
    run
        Run the line over the written files.
    mapping
        The mappings with which the records were refused, for that run.
    config
        A settings file for that run.
    """
    wanted = QuarantineFilter(streams=stream, reason=reason, replayed_too=again)
    settings = load_settings(config)
    if (live := is_live(data, settings)) and run:
        raise ConfigurationError("--run is for a data directory; write the records out and `tollwatch publish` them")
    written, left = write_records(data, wanted, settings, to, b"".join(each.read_bytes() for each in mapping))
    how = "tollwatch publish {files}" if live else f"tollwatch run {{files}} --data {data or DATA}"
    _tell(written, left, ran=run, how=how)
    if run:
        _run(written, data or DATA, settings, mapping)
    else:
        mark_written(data, settings, written)


def _tell(written: list[ReplayFile], left: int, *, ran: bool, how: str) -> None:
    for file in written:
        print(f"{file.path}: {file.records:,} record{'' if file.records == 1 else 's'}")
    if left:
        stay = "record stays" if left == 1 else "records stay"
        print(f"{left:,} {stay} in quarantine: not kept whole, or more than a line; see `tollwatch quarantine show`")
    lines = [file for file in written if file.path.suffix == ".ndjson"]
    if not written:
        print("nothing waits to be replayed")
    elif lines and not ran:
        files = " ".join(f"--{file.stream.replace('_', '-')} {file.path}" for file in lines)
        print(f"Put right what was wrong with them, then: {how.format(files=files)}")
    if len(lines) < len(written):
        print("Files that end in .txt are no JSON: make records of them by hand, or get the source again.")


def _run(written: list[ReplayFile], data: Path, settings: Settings, mapping: tuple[Path, ...]) -> None:
    """Run the files, and mark what was taken; what fails leaves everything as it was."""
    from cli._run import run_files, show  # noqa: PLC0415
    from streams.read import open_sources  # noqa: PLC0415  (the line is large)
    from streams.reading.mapping import load_mapping  # noqa: PLC0415

    lines = [file for file in written if file.path.suffix == ".ndjson"]
    if lines:
        # Whatever the file was, its records are JSON in its own words now, and all of them are records.
        changes = {"files": None, "format": None, "skip_top": 0, "skip_bottom": 0, "replayed": True}
        how = [msgspec.structs.replace(load_mapping(each), **changes) for each in mapping]
        sources = open_sources({file.stream: [file.path] for file in lines}, how)
        show(run_files(sources, data, settings, as_of_ms=time.time_ns() // 1_000_000), json=False, out=sys.stdout)
        if reasons := settle(data, settings, lines):
            stay = "1 record is" if len(reasons) == 1 else f"{len(reasons):,} records are"
            print(printable(f"{stay} refused again and stay{'s' * (len(reasons) == 1)} in quarantine: {reasons[0]}"))
