"""Order to cash for five thousand customers over three months: nothing is lost between hops, everything balances.

Once straight on, once with all that happens: files twice and late, a bill run that is killed, two at once. Both end
with the same invoices to the millionth.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from bss.billing import kept as billing
from bss.inventory.kept import ORDERS
from bss.ledger.kept import JOURNAL
from bss.mediation import kept as mediation
from bss.payment import kept as payment
from bss.rating import kept as rating
from bss_kit.database import Kept
from bss_kit.periods import midnight
from services.bss.bill import run_bill
from services.bss.catalogue import publish_catalogue, take_reference
from services.bss.database import opened
from services.bss.mediate import FileDone, mediate_files, missing_files
from services.bss.order import take_orders, take_snapshot
from services.bss.pay import dun_accounts, take_payments
from services.bss.rate import rate_backlog, rate_files
from services.bss.settle import post
from tests.services.bss import operator
from tests.services.bss.operator import DAY, FEBRUARY, JANUARY, MARCH, ZONE, Files
from tollwatch.columns import schema

NOW = MARCH[1] + DAY
MONTHS = ("2026-01", "2026-02", "2026-03")


@dataclass
class Operated:
    """An operator after three months."""

    files: Files
    books: Path
    out: Path
    taken: list[FileDone]

    def read(self, kept: Kept) -> pl.DataFrame:
        """A table of its books."""
        with opened(self.books) as database, database.books() as books:
            return books.read(kept)

    def stream(self, name: str) -> pl.DataFrame:
        """All events of a stream that were written."""
        return pl.concat(
            pl.read_ndjson(path, schema=schema(name)) for path in sorted(self.out.glob(f"{name}-*.ndjson"))
        )


def begin(folder: Path) -> Operated:
    """A catalogue, people, and their orders."""
    files = operator.write(folder / "in")
    made = Operated(files, folder / "bss.sqlite", folder / "out", [])
    for path in files.catalogues:
        publish_catalogue(path, made.books, made.out, NOW)
    take_reference([files.reference], made.books, made.out)
    take_orders(files.orders, made.books, made.out, until=MARCH[1])
    return made


def use(made: Operated, paths: list[Path]) -> None:
    """Files through mediation, and what comes out of it through rating."""
    made.taken += mediate_files(paths, made.books, made.out)
    rated = [made.out / f"usage-{path.stem}.ndjson" for path in paths]
    list(rate_files([path for path in rated if path.exists()], made.books, made.out))


def pay(made: Operated, month: str) -> None:
    """Nine of ten pay what they owe, by card, and one of a hundred is charged back."""
    open_ = made.read(payment.RECEIVABLES).filter(pl.col("open_micros") > 0)
    pays = open_.filter(pl.col("account_id").hash(1) % 10 > 0)
    rows = pays.select(
        "account_id",
        "currency",
        event_id=pl.format("pay-{}-{}", pl.lit(month), "invoice_id"),
        payment_id=pl.format("pay-{}-{}", pl.lit(month), "invoice_id"),
        event_time=pl.col("due") - DAY,
        kind=pl.lit("payment"),
        state=pl.lit("settled"),
        method=pl.lit("card"),
        amount_micros="open_micros",
        source=pl.lit("gateway"),
    )
    back = rows.head(len(rows) // 100).with_columns(
        pl.col("event_time") + 2 * DAY,
        event_id="back-" + pl.col("event_id"),
        external_reference="payment_id",
        payment_id="back-" + pl.col("payment_id"),
        kind=pl.lit("chargeback"),
    )
    for name, table in (("pay", rows), ("back", back)):
        path = made.files.folder / f"{name}-{month}.ndjson"
        table.write_ndjson(path)
        take_payments([path, path], made.books, made.out)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Operated:
    """Everything in order."""
    made = begin(tmp_path_factory.mktemp("straight"))
    use(made, sorted([*made.files.usage, *made.files.late]))
    for month in MONTHS:
        run_bill(made.books, made.out, month, since="2026-01")
        pay(made, month)
    return made


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Operated:
    """The same with everything that happens."""
    made = begin(tmp_path_factory.mktemp("disturbed"))
    take_orders(made.files.orders, made.books, made.out, until=MARCH[1])  # the same orders again
    paths = sorted(made.files.usage)
    use(made, paths)
    use(made, paths[:4])  # the same files twice
    again = made.files.folder / "msc-1_9999.ndjson"
    pl.read_ndjson(paths[0]).with_columns(event_id="again-" + pl.col("event_id")).write_ndjson(again)
    use(made, [again])  # the same records in another file
    run_bill(made.books, made.out, "2026-01", since="2026-01")
    pay(made, "2026-01")
    assert killed(made, "2026-02") == 9
    both = [started(made, "2026-02") for _ in range(2)]
    assert [run.wait(timeout=300) for run in both] == [0, 0]
    pay(made, "2026-02")
    use(made, made.files.late)  # files of February, when it is billed
    for _ in range(2):
        run_bill(made.books, made.out, "2026-03", since="2026-01")
    pay(made, "2026-03")
    return made


CODE = """
import os, sys
from pathlib import Path
from services.bss import bill
bill.PART = 500
if sys.argv[4] == "kill":
    write = bill.write_events
    def dying(out, name, streams):
        write(out, name, streams)
        if name.endswith("0002"):
            os._exit(9)
    bill.write_events = dying
bill.run_bill(sys.argv[1], Path(sys.argv[2]), sys.argv[3], since="2026-01")
"""


def started(made: Operated, month: str, how: str = "go") -> "subprocess.Popen[bytes]":
    """A bill run in a process of its own, in parts of 500 accounts."""
    line = [sys.executable, "-c", CODE, f"sqlite:///{made.books}", str(made.out), month, how]
    return subprocess.Popen(line, cwd=Path(__file__).parents[3], env=os.environ | {"PYTHONPATH": "."})


def killed(made: Operated, month: str) -> int:
    """A bill run that dies when its third part is written but not kept."""
    return started(made, month, "kill").wait(timeout=300)


def lines(made: Operated) -> pl.DataFrame:
    """The invoice lines, as they are on the invoices."""
    return made.read(billing.LINES).sort("line_id")


def test_mediation_passes_on_what_it_took(straight: Operated) -> None:
    """Records in = out + merged; none in suspense, none twice; no file is missing."""
    counts = dict(straight.stream("counts").group_by("hop").agg(pl.sum("records")).rows())
    given = (straight.files.folder / "usage").iterdir()
    written = sum(len(pl.read_ndjson(path, schema=schema("usage"))) for path in given)
    assert counts["switch"] == written > 140_000
    assert counts["switch"] == counts["mediation"] + counts["merged"]
    assert counts["merged"] > 500  # second parts of long calls
    assert straight.read(mediation.HELD).is_empty()
    assert straight.read(mediation.PARTS).is_empty()
    assert missing_files(straight.books).is_empty()


def test_rating_prices_every_record_of_who_has_an_offering(straight: Operated) -> None:
    """One row for each; what is too early or too late for its subscriber waits, with that reason and no other."""
    usage, rated = straight.stream("usage"), straight.stream("rated")
    assert len(rated) == len(usage) == rated["refers_to"].n_unique()
    reasons = rated["rating_error"].drop_nulls().unique().to_list()
    assert reasons == ["subscriber has no offering at that time"]
    assert len(straight.read(rating.BACKLOG)) == rated["rating_error"].count() < len(rated) // 4
    assert rate_backlog(straight.books, straight.out, NOW).rated == 0


def test_what_is_rated_is_billed_to_the_millionth(straight: Operated) -> None:
    """By account and currency, and nothing is left over to bill."""
    rated = straight.stream("rated").filter(pl.col("rating_error").is_null())
    priced = rated.group_by("account_id", "currency").agg(pl.sum("charge_micros")).sort(pl.all())
    billed = lines(straight).filter(pl.col("kind") == "usage")
    assert billed["usage_count"].sum() == len(rated)
    sums = billed.group_by("account_id", "currency").agg(pl.sum("amount_micros")).sort(pl.all())
    both = priced.join(sums, on=["account_id", "currency"], how="full", coalesce=True).fill_null(0)
    assert (both["charge_micros"] == both["amount_micros"]).all()
    assert straight.read(rating.SUMS).filter(pl.col("billed_in") == "").is_empty()


def test_an_ordered_service_is_billed_for_just_its_days(straight: Operated) -> None:
    """Every product, by hand: its days of each month at the fee of its offering; none free, none for nothing."""
    orders = straight.read(ORDERS)
    fees = {"s": 9_990_000, "ch": 19_900_000}
    plain = orders.filter(
        pl.col("product_id").len().over("product_id")
        == pl.col("action").is_in(["add", "delete"]).sum().over("product_id")
    )
    owed: dict[str, int] = {}
    for product, rows in plain.sort("event_time").group_by("product_id"):
        first = rows.row(0, named=True)
        if first["product_offering_id"] in fees:
            ends = rows.row(1, named=True)["event_time"] if len(rows) > 1 else None
            owed[str(product[0])] = _by_hand(first["event_time"], ends, fees[first["product_offering_id"]])
    recurring = lines(straight).filter(
        pl.col("kind").is_in(["recurring", "credit"]) & pl.col("product_id").is_not_null()
    )
    billed = dict(recurring.group_by("product_id").agg(pl.sum("amount_micros")).rows())
    assert len(owed) > 2_000
    assert {product: billed.get(product, 0) for product in owed} == owed


def _by_hand(begins: int, ends: int | None, fee: int) -> int:
    total = 0
    for month in (1, 2, 3):
        first, behind = date(2026, month, 1), date(2026, month + 1, 1)
        days = [
            day
            for n in range((behind - first).days)
            if midnight(day := date(2026, month, 1 + n), ZONE) < (ends or 2**60)
            and midnight(day, ZONE) + (23 if (month, n) == (3, 28) else 24) * 3_600_000 > begins
        ]
        total += round(Fraction(fee * len(days), (behind - first).days))
    return total


def test_invoices_are_the_sums_of_their_lines_and_can_be_paid(straight: Operated) -> None:
    """In two currencies; and a price that changed in mid-month, a promotion and a commitment are among them."""
    every = lines(straight)
    sums = every.group_by("invoice_id").agg(pl.sum("amount_micros"))
    heads = straight.read(billing.INVOICES).join(sums, on="invoice_id")
    assert len(heads) == every["invoice_id"].n_unique()
    assert (heads["total_micros"] == heads["amount_micros"]).all()
    assert (heads["total_micros"] % 10_000 == 0).all()
    assert set(heads["currency"]) == {"EUR", "CHF"}
    assert {"welcome", "commitment", "rounding"} <= set(every["product_offering_id"].drop_nulls())


def test_payments_allocations_and_the_ledger_balance(straight: Operated) -> None:
    """Receivables on the ledger = what is open less what is left over; every month balances."""
    open_ = straight.read(payment.RECEIVABLES)
    allocations = straight.read(payment.ALLOCATIONS)
    onto = allocations.filter(pl.col("invoice_id") != "")
    assert open_["open_micros"].sum() == open_["total_micros"].sum() - onto["amount_micros"].sum()
    journal = straight.read(JOURNAL)
    assert journal.group_by("entry_id").agg(pl.sum("amount_micros"))["amount_micros"].eq(0).all()
    receivable = journal.filter(pl.col("account_code") == "1200")["amount_micros"].sum()
    over = allocations.filter(pl.col("invoice_id") == "")["amount_micros"].sum()
    assert receivable == open_["open_micros"].sum() - over
    for month in ("2026-02", "2026-03", "2026-04"):
        assert post(straight.books, straight.out, month)["amount_micros"].sum() == 0
    posted = straight.stream("postings")
    assert posted["amount_micros"].sum() == 0


def test_what_happens_on_the_way_changes_no_invoice(straight: Operated, disturbed: Operated) -> None:
    """Files twice, records twice, a run that is killed, two at once: the same lines to the millionth.

    Only February's late usage is on March's invoices, as it must be.
    """
    ours, theirs = lines(straight), lines(disturbed)
    fees = pl.col("kind").is_in(["recurring", "credit", "discount"]) & (pl.col("product_offering_id") != "rounding")
    columns = [name for name in ours.columns if name != "batch_id"]
    assert theirs.filter(fees).select(columns).equals(ours.filter(fees).select(columns))
    for rows in (ours, theirs):
        assert rows["line_id"].n_unique() == len(rows)
    counted = [_sums(rows, "usage_count", "units") for rows in (ours, theirs)]
    assert counted[0].equals(counted[1])
    bundled = straight.read(ORDERS).filter(pl.col("product_offering_id") == "m")["account_id"].to_list()
    charged = [
        _sums(rows.filter(~pl.col("account_id").is_in(bundled)), "amount_micros") for rows in (ours, theirs)
    ]  # who has an allowance may have used it up in another order
    assert charged[0].equals(charged[1])
    assert len(charged[0]) > 1_000
    assert sum(done.copy_of is not None for done in disturbed.taken) == 4
    assert sum(done.duplicates for done in disturbed.taken) > 2_000


def _sums(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    usage = rows.filter(pl.col("kind") == "usage")
    return usage.group_by("account_id", "currency").agg(pl.sum(columns)).sort("account_id", "currency")


def test_a_killed_run_left_no_event_twice(disturbed: Operated) -> None:
    """Every line was written to a file once, and no other."""
    told = disturbed.stream("billed")
    kept = lines(disturbed)
    assert sorted(told["line_id"]) == kept["line_id"].to_list()
    heads = disturbed.stream("invoices")
    assert heads["invoice_id"].n_unique() == len(heads)


def test_who_does_not_pay_is_barred_in_the_network_and_the_snapshot_says_so(straight: Operated) -> None:
    """A tenth owes January; twenty days behind its due date their services are suspended."""
    steps, touched = dun_accounts(straight.books, straight.out, FEBRUARY[0] + 36 * DAY)
    assert steps > 500
    assert touched > 300
    taken = take_snapshot(straight.books, straight.out, "2026-03")
    rows = straight.stream("provisioned")
    assert len(rows) == taken
    suspended = rows.filter(pl.col("state") == "suspended")
    assert 300 < len(suspended) <= touched
    assert dun_accounts(straight.books, straight.out, FEBRUARY[0] + 36 * DAY) == (0, 0)
    assert JANUARY[0] < FEBRUARY[0]
