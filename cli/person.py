"""Give out, or erase, what is stored of a person; let go of what is too old."""

import time
from pathlib import Path

from cyclopts import App

from services.people import erase_person, export_person, forget
from tollwatch.config import load_settings
from tollwatch.times import parse_moment

app = App(name="person", help="Give out, or erase, what is stored of a person; let go of what is too old.")


@app.command
def export(*identifiers: str, to: Path, data: Path | None = None, config: Path | None = None) -> None:
    """Write everything that is stored of somebody: events, findings, evidence, quarantine, verdicts, lists.

    Try: tollwatch person export 447100000123 A0000374 --to person.ndjson --data data

    Parameters
    ----------
    identifiers
        Numbers, accounts, SIMs, devices, card fingerprints that are the person's.
    to
        The file to write: NDJSON, `kind` says where each row stood. Only you can read it.
    data
        The data directory.
    config
        A settings file.
    """
    counts = export_person(identifiers, to, data, load_settings(config))
    print(f"{to}: {sum(counts.values()):,} rows" + "".join(f"\n  {n:,} {kind}" for kind, n in sorted(counts.items())))


@app.command
def erase(*identifiers: str, reason: str, data: Path | None = None, config: Path | None = None) -> None:
    """Replace somebody's identifiers by names that say nothing, everywhere, and for good.

    Events and findings stay under those names, for bills, taxes and proofs must be kept for the law. A data directory's
    snapshots are rewritten; what lies on Kafka, and in the snapshots of workers, goes with its retention and windows.

    Try: tollwatch person erase 447100000123 --reason "request 2026-17" --data data

    Parameters
    ----------
    identifiers
        Numbers, accounts, SIMs, devices, card fingerprints that are the person's.
    reason
        Why; it stands in the audit.
    data
        The data directory.
    config
        A settings file.
    """
    erased = erase_person(identifiers, data, load_settings(config), reason=reason)
    print(f"{sum(erased.rows.values()):,} rows now say {', '.join(erased.names)}")
    print("kept under these names: what bills, taxes and proofs of fraud rest on")


@app.command(name="forget")
def forget_(*, data: Path | None = None, as_of: str | None = None, config: Path | None = None) -> None:
    """Delete what is older than `[retention]` in the settings allows, by event time. Run it every day.

    Try: tollwatch person forget --data data

    Parameters
    ----------
    data
        The data directory.
    as_of
        From when the days are counted back (ISO 8601); default: now.
    config
        A settings file.
    """
    moment = parse_moment(as_of) if as_of else time.time_ns() // 1_000_000
    deleted = forget(data, load_settings(config), as_of_ms=moment)
    for table, number in sorted(deleted.items()):
        print(f"{table}: {number:,} rows deleted")
    print(f"{sum(deleted.values()):,} rows deleted")
