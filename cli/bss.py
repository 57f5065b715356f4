"""Companions: mediate, rate, bill, take payments, settle and post an operator's own files."""

from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import App, Parameter

from cli._companions import moment, rows_of, show, where
from cli._run import Forms
from services.bss import bill as bills
from services.bss import catalogue as catalogues
from services.bss import charge as charges
from services.bss import mediate as mediation
from services.bss import order as orders
from services.bss import pay as payments
from services.bss import rate as ratings
from services.bss import settle as settlements
from services.bss.database import DEFAULT

app = App(name="bss", help="Companions: mediate, rate, bill, take payments, settle and post an operator's own files.")
OUT = Path("bss-events")
AS_THEY_ARE = Forms()
Files = Annotated[tuple[Path, ...], Parameter(consume_multiple=True)]
Database = Annotated[str, Parameter(help="The companions' books: a file, or a URL of PostgreSQL.")]
INPUT = 3


@app.command
def check(catalogue: Path, *, at: str | None = None) -> int | None:
    """Name what is wrong with a catalogue: gaps, overlaps, negative and expired prices, each with its row.

    Try: tollwatch bss check catalogue.yaml

    Parameters
    ----------
    catalogue
        The YAML file; its price lists stand beside it.
    at
        The moment at which it is looked at (ISO 8601). Default: now.
    """
    found = catalogues.check_catalogue(catalogue, moment(at))
    show(rows_of(found), f"{catalogue.name}: {len(found)} problems")
    return INPUT if len(found) else None


@app.command
def catalogue(catalogue: Path, *, database: Database = str(DEFAULT), out: Path = OUT, at: str | None = None) -> None:
    """Take a catalogue into the books, and write its rows of `reference`.

    Try: tollwatch bss catalogue catalogue.yaml

    Parameters
    ----------
    catalogue
        The YAML file; its price lists stand beside it.
    out
        The directory into which events are written.
    at
        The moment at which it must be without problems (ISO 8601). Default: now.
    """
    written = catalogues.publish_catalogue(catalogue, where(database), out, moment(at))
    show([written], f"{catalogue.name} is in force")


@app.command
def reference(*files: Path, database: Database = str(DEFAULT), out: Path = OUT) -> None:
    """Take rows of `reference` into the books: accounts, subscribers, trunks, contracts, rates of routes.

    Try: tollwatch bss reference people.ndjson

    Parameters
    ----------
    files
        NDJSON, CSV or Parquet with the fields of `reference`.
    out
        The directory for what could not be read.
    """
    show([{"taken": catalogues.take_reference(files, where(database), out)}], "reference")


@app.command
def order(*files: Path, database: Database = str(DEFAULT), out: Path = OUT, at: str | None = None) -> None:
    """Take orders, carry out what is due in the network, conclude them.

    Try: tollwatch bss order orders.ndjson --at 2026-03-31

    Parameters
    ----------
    files
        Rows of `orders` in state acknowledged. An item that is known is not taken again.
    out
        The directory into which events are written.
    at
        Carry out what is due until this moment (ISO 8601). Default: now.
    """
    show([orders.take_orders(files, where(database), out, until=moment(at))], "orders")


@app.command
def mediate(
    *paths: Path,
    forms: Annotated[Forms, Parameter(name="*", consume_multiple=True)] = AS_THEY_ARE,
    database: Database = str(DEFAULT),
    out: Path = OUT,
    source: str | None = None,
    modulus: int | None = None,
    aggregate_s: int = 0,
) -> int | None:
    """Take files of network elements: copies, gaps, partial records, suspense, both sides of calls, counts.

    Try: tollwatch bss mediate switch-files/ --format asterisk

    Parameters
    ----------
    paths
        Directories, whose files are taken in the order of their names, or files.
    out
        The directory into which events are written.
    source
        The network element that wrote them. Default: as the records say, or the name of the directory.
    modulus
        File numbers begin anew after so many.
    aggregate_s
        Make one record of a subscriber's data records within so many seconds.
    """
    files = [each for path in paths for each in (mediation.files_in(path) if path.is_dir() else [path])]
    done = list(
        mediation.mediate_files(
            files,
            where(database),
            out,
            mappings=forms.mappings(),
            source=source,
            modulus=modulus,
            aggregate_s=aggregate_s,
        )
    )
    show(done, f"{len(done)} files")
    missing = mediation.missing_files(where(database), modulus)
    if len(missing):
        show(rows_of(missing), "files that are missing, by their numbers")
    return INPUT if any(file.refused for file in done) else None


@app.command
def suspense(
    *,
    database: Database = str(DEFAULT),
    out: Path = OUT,
    reason: str | None = None,
    release: bool = False,
    discard: str | None = None,
    at: str | None = None,
) -> None:
    """Show what mediation holds back; try it again, or throw it away for a reason.

    Try: tollwatch bss suspense --reason "subscriber is not known" --release

    Parameters
    ----------
    out
        The directory into which events are written.
    reason
        Only what is held for this reason.
    release
        Try it again; what is still wrong stays.
    discard
        Throw it away; why.
    at
        The event time at which that happens (ISO 8601). Default: now.
    """
    books = where(database)
    if release or discard is not None:
        gone, left = mediation.let_go(books, out, reason=reason, at=moment(at), throw_away=discard)
        show([{"let go": gone, "still held": left}], "suspense")
        return
    held = mediation.suspended(books)
    some = held if reason is None else held.filter(pl.col("reason") == reason)
    show(rows_of(some.group_by("reason", maintain_order=True).len("records")), f"{len(some)} records in suspense")


@app.command
def rate(
    *files: Path,
    forms: Annotated[Forms, Parameter(name="*", consume_multiple=True)] = AS_THEY_ARE,
    database: Database = str(DEFAULT),
    out: Path = OUT,
    home: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    backlog: bool = False,
    at: str | None = None,
) -> None:
    """Price usage by the catalogue and the orders in the books; with --backlog what could not be priced before.

    Try: tollwatch bss rate bss-events/usage-*.ndjson --home 268-01

    Parameters
    ----------
    files
        Files of usage, as mediation writes them. A file that was rated is not rated again.
    out
        The directory into which events are written.
    home
        Our own networks (MCC-MNC); all others are abroad.
    backlog
        Rate again what could not be priced.
    at
        With --backlog: the moment that names this attempt (ISO 8601). Default: now.
    """
    done = list(ratings.rate_files(files, where(database), out, mappings=forms.mappings(), home=home))
    if backlog:
        done.append(ratings.rate_backlog(where(database), out, moment(at), home=home))
    show(done, "rated")


@app.command
def charge(*, payments: Files = (), rated: Files = (), database: Database = str(DEFAULT), out: Path = OUT) -> None:
    """Put recharges on prepaid balances and take online usage off; each once.

    Try: tollwatch bss charge --payments bss-events/payments-*.ndjson --rated bss-events/rated-*.ndjson

    Parameters
    ----------
    payments
        Payments at every hop, as `pay` writes them.
    rated
        Rated usage.
    out
        The directory for what could not be read.
    """
    show([charges.charge_files(where(database), out, payments=payments, rated=rated)], "balances")


@app.command
def balances(*, database: Database = str(DEFAULT), out: Path = OUT, at: str | None = None) -> None:
    """Write what is on all prepaid balances, with the batch that counts them.

    Try: tollwatch bss balances --at 2026-04-01

    Parameters
    ----------
    out
        The directory into which events are written.
    at
        The moment that names the snapshot (ISO 8601). Default: now.
    """
    show([{"balances": charges.take_balances(where(database), out, moment(at))}], "balances")


@app.command
def vouchers(*files: Path, database: Database = str(DEFAULT), out: Path = OUT) -> None:
    """Take vouchers: created, activated, sold, used once, expired, blocked.

    Try: tollwatch bss vouchers vouchers.ndjson

    Parameters
    ----------
    files
        Rows of `vouchers`; a use names its account and payment.
    out
        The directory into which events are written.
    """
    done, refused = charges.move_vouchers(files, where(database), out)
    show([{"moved": done, "refused": refused}], "vouchers")


@app.command
def bill(
    *, period: str, database: Database = str(DEFAULT), out: Path = OUT, cycle_day: int = 1, since: str | None = None
) -> None:
    """Bill the accounts of a cycle for a period. Run again, what is billed stays as it is.

    Try: tollwatch bss bill --period 2026-03

    Parameters
    ----------
    period
        The month in which the period begins.
    out
        The directory into which events are written.
    cycle_day
        The day of the month on which the cycle begins (1 to 28).
    since
        The first month that these books bill; others have billed what came before. Default: the first that was run.
    """
    show([bills.run_bill(where(database), out, period, day=cycle_day, since=since)], "bill run")


@app.command
def pay(*files: Path, database: Database = str(DEFAULT), out: Path = OUT) -> None:
    """Take payments, refunds and chargebacks as the gateway has them, allocate and book them; each once.

    Try: tollwatch bss pay payments.ndjson

    Parameters
    ----------
    files
        Rows of `payments`. A refund or chargeback names its payment in `external_reference`.
    out
        The directory into which events are written.
    """
    show([payments.take_payments(files, where(database), out)], "payments")


@app.command
def dun(*, database: Database = str(DEFAULT), out: Path = OUT, at: str | None = None) -> None:
    """Carry out the steps of dunning that are due: remind, bar, resume who has paid, end.

    Try: tollwatch bss dun --at 2026-04-20

    Parameters
    ----------
    out
        The directory into which events are written.
    at
        The moment (ISO 8601). Default: now.
    """
    steps, services = payments.dun_accounts(where(database), out, moment(at))
    show([{"steps": steps, "services touched": services}], "dunning")


@app.command
def snapshot(*, period: str, database: Database = str(DEFAULT), out: Path = OUT) -> None:
    """Read the network out at the end of a month: rows of `provisioned`, and the batch that counts them.

    Try: tollwatch bss snapshot --period 2026-03

    Parameters
    ----------
    period
        The month.
    out
        The directory into which events are written.
    """
    show([{"services": orders.take_snapshot(where(database), out, period)}], "snapshot")


@app.command
def settle(
    *, period: str, usage: Files = (), rated: Files = (), database: Database = str(DEFAULT), out: Path = OUT
) -> None:
    """Make partners' statements of a month: interconnect, roaming, content, commissions.

    Try: tollwatch bss settle --period 2026-03 --usage bss-events/usage-*.ndjson --rated bss-events/rated-*.ndjson

    Parameters
    ----------
    period
        The month.
    usage
        The month's usage, as mediation wrote it.
    rated
        The same, rated.
    out
        The directory into which events are written.
    """
    lines = settlements.settle(where(database), out, period, usage=usage, rated=rated)
    sums = lines.group_by("kind", "direction", "partner_id", "currency", maintain_order=True)
    show(rows_of(sums.agg(pl.len().alias("lines"), pl.col("amount_micros").sum())), f"statements of {period}")


@app.command
def post(*, period: str, database: Database = str(DEFAULT), out: Path = OUT) -> None:
    """Post a month's journal to the general ledger, and show its trial balance.

    Try: tollwatch bss post --period 2026-04

    Parameters
    ----------
    period
        The month.
    out
        The directory into which events are written.
    """
    show(rows_of(settlements.post(where(database), out, period)), f"trial balance of {period}")
