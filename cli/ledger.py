"""The ledger of loss: prove it, list it, write it, and note what was done about a finding."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter
from rich.table import Table

from cli._listing import Format, Listing, print_table, write
from services.ledger.listing import FIELDS, entries_of, positions_of
from services.ledger.notes import note_act, post
from services.ledger.verify import SIDES, verify
from services.stores import DATA
from tollwatch.config import load_settings

app = App(name="ledger", help="The ledger of loss: prove it, list it, write it, note what was done about a finding.")
SHOWN = ("finding_id", "name", "state", "side", "net_micros", "recovered_micros", "written_off_micros", "owner")
ENTRY_FIELDS = ("at_ms", "finding_id", "side", "debit", "credit", "own_micros", "because", "by")
Kind = Literal["rebill", "refund", "dispute", "collect", "correct", "bar", "limit", "notify"]
State = Literal["requested", "done", "failed", "cancelled"]


@app.command(name="verify")
def verify_(*, data: Path | None = None, config: Path | None = None) -> None:
    """Book everything anew, and prove that debits equal credits, no cent counts twice, and the store says the same.

    Exits with 1 where anything does not hold.

    Try: tollwatch ledger verify --data data

    Parameters
    ----------
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    found = verify(data, data or DATA, load_settings(config))
    table = Table("account", "loss", "overcharge", title=f"{found.findings:,} findings, {found.entries:,} entries")
    for account in dict.fromkeys(account for _, account in sorted(found.accounts)):
        sums = (found.accounts.get((side, account), 0) / 1_000_000 for side in SIDES)
        table.add_row(account, *(f"{each:,.2f}" for each in sums))
    print_table(table)
    for sentence in found.faults:
        print(sentence)
    if found.faults:
        sys.exit(1)
    print("the ledger holds: every debit has its credit, and no cent counts twice")


@app.command(name="list")
def list_(
    *,
    data: Path | None = None,
    finding: str | None = None,
    format: Format = "table",  # noqa: A002  (the word people type)
    output: Path | None = None,
    identifiers: bool = False,
    config: Path | None = None,
) -> None:
    """Print what stands of each finding; of one, its entries.

    Try: tollwatch ledger list --data data --finding 3f2a9c0d11aa22bb

    Parameters
    ----------
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    finding
        The id of an alert or a leakage: its entries, in order.
    format
        table, ndjson, csv or parquet.
    output
        A file to write to instead of standard output; parquet needs one.
    identifiers
        Subjects and accounts in full, not masked; the audit keeps that you asked.
    config
        A settings file.
    """
    settings = load_settings(config)
    if finding is not None:
        entries = [msgspec.json.encode(each, order="sorted") for each in entries_of(finding, data, settings)]
        write(Listing("entry", entries, ENTRY_FIELDS, ENTRY_FIELDS), format, output)
        return
    documents = positions_of(data, settings, identifiers=identifiers)
    write(Listing("position", documents, FIELDS, SHOWN), format, output)


@app.command(name="post")
def post_(*, data: Path | None = None, config: Path | None = None) -> None:
    """Book everything anew, and write what stands otherwise than it is stored; runs and consoles do so by themselves.

    Try: tollwatch ledger post --data data

    Parameters
    ----------
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    print(f"{post(data, data or DATA, load_settings(config)):,} positions were written")


@app.command
def act(
    ids: Annotated[tuple[str, ...], Parameter(consume_multiple=True)],
    /,
    *,
    kind: Kind,
    state: State = "done",
    amount: str | None = None,
    note: str,
    data: Path = DATA,
    config: Path | None = None,
) -> None:
    """Note what was done about findings: `rebill`, `refund`, `dispute`, `collect` recover, `correct` prevents.

    A write-off needs two people: one proposes it in the console, another confirms it.

    Try: tollwatch ledger act 3f2a9c0d11aa22bb --kind rebill --state done --note "bill run 7" --data data

    Parameters
    ----------
    ids
        The ids of alerts or leakages.
    kind
        What was done.
    state
        requested, done, failed or cancelled.
    amount
        What it comes to, in the finding's currency; default: all that is open.
    note
        Why, or where it can be looked up.
    data
        The data directory.
    config
        A settings file.
    """
    person = note_act(ids, (kind, state, amount, note), data, load_settings(config))
    print(f"noted: {kind} {state} of {len(ids)}, says {person}")
