"""Double entry: every entry adds up to nothing, and so does every period."""

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.billing.lines import LINES
from bss.ledger import journal
from bss.ledger.journal import (
    DEFERRED,
    RECEIVABLE,
    balance,
    of_invoices,
    of_online_usage,
    of_payments,
    of_statements,
    posted,
)
from bss_kit.periods import midnight, parse_period
from tollwatch.columns import schema

ZONE = "Europe/Lisbon"
MARCH = parse_period("2026-03", ZONE)
APRIL = parse_period("2026-04", ZONE)


def line(number: int, amount: int, start: int, end: int, kind: str = "recurring") -> tuple[object, ...]:
    """An invoice line."""
    row: dict[str, object] = dict.fromkeys(LINES)
    row |= {"tenant": "main", "line_id": f"l{number}", "invoice_id": "I1", "account_id": "A", "kind": kind}
    row |= {
        "period_start": start,
        "period_end": end,
        "amount_micros": amount,
        "currency": "EUR",
        "account_code": "2200" if kind == "tax" else "4100",
    }
    return tuple(row.values())


def lines(*rows: tuple[object, ...]) -> pl.DataFrame:
    """Invoice lines."""
    return pl.DataFrame(list(rows), schema=LINES, orient="row")


def test_a_fee_is_revenue_of_the_months_that_it_is_for() -> None:
    """Billed on 15 March for a month: 17 days of March, 14 of April; on 1 April the deferred part becomes revenue."""
    start, end = parse_period("2026-03", ZONE, 15)
    made = of_invoices(lines(line(1, 31_000_000, start, end)), start, ZONE)
    found = {(p, c): a for _, p, _, c, a in balance(made).rows()}
    assert found == {
        ("2026-03", RECEIVABLE): 31_000_000,
        ("2026-03", "4100"): -17_000_000,
        ("2026-03", DEFERRED): -14_000_000,
        ("2026-04", DEFERRED): 14_000_000,
        ("2026-04", "4100"): -14_000_000,
    }


def test_a_fee_billed_afterwards_is_revenue_at_once() -> None:
    """Nothing is deferred; usage and tax neither, whatever their period."""
    made = of_invoices(lines(line(1, 10, *MARCH), line(2, 3, MARCH[0], APRIL[1] + 10**9, "tax")), APRIL[0] + 5, ZONE)
    assert set(made["period"]) == {"2026-04"}
    assert DEFERRED not in set(made["account_code"])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(10**9), 10**9),
            st.integers(0, 400),
            st.integers(1, 400),
            st.sampled_from(["recurring", "usage", "credit"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_entry_and_every_period_adds_up_to_nothing(rows: list[tuple[int, int, int, str]]) -> None:
    """Whatever is billed for whatever stretch, and what is deferred comes out again to the last millionth."""
    first = MARCH[0]
    made = of_invoices(
        lines(
            *(
                line(n, amount, first + since * 86_400_000, first + (since + lasts) * 86_400_000, kind)
                for n, (amount, since, lasts, kind) in enumerate(rows)
            )
        ),
        first + 10**9,
        ZONE,
    )
    assert made.group_by("entry_id", "currency").agg(pl.sum("amount_micros"))["amount_micros"].eq(0).all()
    assert made.group_by("period").agg(pl.sum("amount_micros"))["amount_micros"].eq(0).all()
    assert made.filter(pl.col("account_code") == DEFERRED)["amount_micros"].sum() == 0
    assert made.filter(pl.col("account_code") == RECEIVABLE)["amount_micros"].sum() == sum(a for a, *_ in rows)


def test_payments_usage_and_statements_are_booked_where_they_belong() -> None:
    """A recharge is owed to the customer until it is used; what ends unused is ours."""
    at = MARCH[0] + 5
    kinds = ["payment", "recharge", "refund", "expiry", "fee", "bonus"]
    payments = pl.DataFrame({"kind": kinds, "payment_id": kinds, "state": "settled"}).with_columns(
        tenant=pl.lit("main"), currency=pl.lit("EUR"), amount_micros=pl.lit(10, pl.Int64), event_time=pl.lit(at)
    )
    rated = pl.DataFrame({"event_time": [at, at], "charging": ["online", "offline"], "charge_micros": [4, 5]})
    settled = pl.DataFrame({"kind": ["interconnect", "roaming"], "direction": ["out", "in"], "amount_micros": [7, 8]})
    settled = settled.with_columns(
        tenant=pl.lit("main"), currency=pl.lit("EUR"), statement_id=pl.lit("s"), batch_id=pl.lit("s"), line=pl.lit("1")
    )
    made = pl.concat(
        [
            of_payments(payments, ZONE),
            of_online_usage(rated.with_columns(currency=pl.lit("EUR")), ZONE),
            of_statements(settled, at, ZONE),
        ]
    )
    found = dict(balance(made).select("account_code", "amount_micros").rows())
    assert found[journal.PREPAID] == -10 - 10 + 10 + 4
    assert found[journal.ONLINE_USAGE] == -4
    assert found[journal.CASH] == 10 + 10 - 10 - 10
    assert (found[journal.INTERCONNECT_COST], found[journal.OWED_TO_PARTNERS]) == (7, -7)
    assert (found[journal.PARTNERS_OWE], found[journal.PARTNERS_PAID]) == (8, -8)
    assert sum(found.values()) == 0


def test_the_general_ledger_has_what_the_journal_has_by_period_and_code() -> None:
    """One row for each code, period and batch; nothing is lost on the way."""
    made = of_invoices(lines(line(1, 10, *MARCH), line(2, 5, *MARCH)), midnight(date(2026, 4, 1), ZONE), ZONE)
    rows = posted(made)
    assert {*rows.columns} <= {*schema("postings")}
    assert dict(rows.select("account_code", "amount_micros").rows()) == {RECEIVABLE: 15, "4100": -15}
    assert rows["event_id"].n_unique() == len(rows)
