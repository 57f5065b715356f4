"""Payments pay invoices, once and to the micro; what is taken back opens them again; who does not pay is dunned."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.payment.allocation import RECEIVABLES, allocated, reversed_
from bss.payment.dunning import DAY_MS, DONE, STEPS, dun
from bss.payment.hops import through
from bss_kit.places import Places
from tollwatch.columns import schema

T = 1_772_323_200_000
EURO = 1_000_000
PAYMENTS = {
    **dict.fromkeys(("tenant", "payment_id", "account_id", "currency", "invoice_id"), pl.String),
    **dict.fromkeys(("amount_micros", "at"), pl.Int64),
}


def bills(*rows: tuple[str, str, int, int]) -> pl.DataFrame:
    """Invoices: id, account, days until due, euros."""
    made = [("main", i, a, "EUR", T, T + due * DAY_MS, e * EURO, e * EURO) for i, a, due, e in rows]
    return pl.DataFrame(made, schema=RECEIVABLES, orient="row")


def paid(*rows: tuple[str, str, int, str | None]) -> pl.DataFrame:
    """Payments: id, account, euros, invoice."""
    made = [("main", p, a, "EUR", i, e * EURO, T + n) for n, (p, a, e, i) in enumerate(rows)]
    return pl.DataFrame(made, schema=PAYMENTS, orient="row")


def test_a_payment_pays_what_is_due_first_and_the_rest_stays() -> None:
    """Over several invoices; of nobody else."""
    made, after = allocated(
        paid(("p1", "A", 25, None), ("p2", "B", 5, None)),
        bills(("i2", "A", 9, 20), ("i1", "A", 2, 10), ("i3", "C", 1, 7)),
    )
    assert made.select("payment_id", "invoice_id", "amount_micros").rows() == [
        ("p1", "i1", 10 * EURO),
        ("p1", "i2", 15 * EURO),
        ("p2", "", 5 * EURO),
    ]
    assert dict(after.select("invoice_id", "open_micros").rows()) == {"i1": 0, "i2": 5 * EURO, "i3": 7 * EURO}


def test_a_payment_that_names_its_invoice_pays_that_one() -> None:
    """And what is left of it the oldest; an invoice of another account is not paid."""
    made, _ = allocated(
        paid(("p1", "A", 15, "i2"), ("p2", "A", 1, "x3")), bills(("i1", "A", 2, 10), ("i2", "A", 9, 12))
    )
    assert made.select("payment_id", "invoice_id", "amount_micros").rows() == [
        ("p1", "i2", 12 * EURO),
        ("p1", "i1", 3 * EURO),
        ("p2", "i1", 1 * EURO),
    ]


def test_a_credit_invoice_pays_like_a_payment() -> None:
    """A corrected bill reduces what is owed."""
    made, after = allocated(paid().clear(), bills(("i1", "A", 2, 10), ("c1", "A", 2, -4)))
    assert made.select("payment_id", "invoice_id", "amount_micros").rows() == [("c1", "i1", 4 * EURO)]
    assert dict(after.select("invoice_id", "open_micros").rows()) == {"i1": 6 * EURO, "c1": 0}


def test_a_chargeback_opens_its_invoices_again() -> None:
    """The whole payment, over all it had paid; a second time nothing."""
    made, after = allocated(paid(("p1", "A", 25, None)), bills(("i1", "A", 2, 10), ("i2", "A", 9, 20)))
    back = pl.DataFrame({"tenant": ["main"], "payment_id": ["p1"], "at": [T + 9]})
    undone, again = reversed_(made, after, back)
    assert undone["amount_micros"].sum() == -25 * EURO
    assert dict(again.select("invoice_id", "open_micros").rows()) == {"i1": 10 * EURO, "i2": 20 * EURO}
    twice, still = reversed_(pl.concat([made, undone]), again, back)
    assert twice.is_empty()
    assert still.equals(again)


@settings(max_examples=60, deadline=None)
@given(
    owed=st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 9), st.integers(-5, 30)), max_size=10),
    given_=st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 30), st.integers(0, 12)), max_size=12),
    cut=st.integers(0, 12),
)
def test_every_cent_of_a_payment_is_somewhere_and_no_invoice_is_overpaid(owed: list, given_: list, cut: int) -> None:  # type: ignore[type-arg]
    """In one run or in two: paid = allocated + left over, open falls by what was allocated."""
    due = bills(*((f"i{n}", account, days, euros) for n, (account, days, euros) in enumerate(owed)))
    rows = paid(*((f"p{n:02}", account, euros, f"i{named}") for n, (account, euros, named) in enumerate(given_)))
    made, after = allocated(rows, due)
    credit = -due.filter(pl.col("open_micros") < 0)["open_micros"].sum()
    assert made["amount_micros"].sum() == rows["amount_micros"].sum() + credit
    assert (made["amount_micros"] > 0).all()
    assert after["open_micros"].min() is None or after.filter(pl.col("total_micros") > 0)["open_micros"].ge(0).all()
    onto = made.filter(pl.col("invoice_id") != "")["amount_micros"].sum()
    assert after["open_micros"].sum() == due.filter(pl.col("open_micros") > 0)["open_micros"].sum() - onto
    first, half = allocated(rows.head(cut), due)
    second, end = allocated(rows.slice(cut), half)
    assert end["open_micros"].sum() <= after["open_micros"].sum() + first["amount_micros"].sum()
    assert first["amount_micros"].sum() + second["amount_micros"].sum() == made["amount_micros"].sum()


def test_a_payment_is_seen_at_every_hop_and_a_declined_one_only_at_the_gateway() -> None:
    """A row that a hop loses is lost there alone."""
    rows = pl.DataFrame(
        {
            "event_id": ["p1", "p2"],
            "payment_id": ["p1", "p2"],
            "event_time": [T, T],
            "state": ["settled", "declined"],
            "amount_micros": [10 * EURO, 5 * EURO],
            "method": ["card", "card"],
        }
    )
    told = through(rows)
    assert told.select("payment_id", "hop").rows() == [
        ("p1", "gateway"),
        ("p2", "gateway"),
        ("p1", "ledger"),
        ("p1", "account"),
    ]
    assert told["fee_micros"].to_list() == [140_000, 70_000, None, None]
    assert {*told.columns} <= {*schema("payments")}
    lost = Places({"payment.account": [lambda rows: rows.clear()]})
    assert through(rows, lost)["hop"].to_list() == ["gateway", "gateway", "ledger"]


def test_each_step_of_dunning_happens_once_when_it_is_due_and_a_payment_ends_it() -> None:
    """Reminder, second reminder, bar; paid, the bar ends once; a cent is not dunned for."""
    due = bills(("i1", "A", 0, 10))
    small = bills(("i2", "B", 0, 1)).with_columns(open_micros=pl.lit(10_000, pl.Int64))
    both = pl.concat([due, small])
    done = pl.DataFrame(schema=DONE)
    seen: list[str] = []
    effects: list[tuple[str, str]] = []
    for day in range(25):
        made = dun(both, done, T + day * DAY_MS)
        done = made.done
        seen += made.told["step"].to_list()
        effects += made.effects.select("account_id", "verb").rows()
    assert seen == [name for name, days, _ in STEPS if days < 25]
    assert effects == [("A", "suspend")]
    settled = both.with_columns(open_micros=pl.lit(0, pl.Int64))
    for day in (25, 26):
        made = dun(settled, done, T + day * DAY_MS)
        done = made.done
        effects += made.effects.select("account_id", "verb").rows()
    assert effects == [("A", "suspend"), ("A", "resume")]
