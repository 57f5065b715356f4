"""Invoices: what is owed for which days, at which price, once; and every invoice the sum of its lines."""

import tempfile
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.billing.bill import Bill, Known, Run, bill
from bss.billing.lines import LINES
from bss.catalog.published import load
from bss_kit.periods import midnight, parse_period
from bss_kit.spans import SPANS
from tollwatch.errors import RuleError

ZONE = "Europe/Lisbon"
MARCH, APRIL = parse_period("2026-03", ZONE), parse_period("2026-04", ZONE)
CATALOGUE = """
currency: EUR
zone: Europe/Lisbon
valid_from: 2025-01-01
offerings:
  - {id: s, fee: 10}
  - {id: m, fee: 24.99}
  - {id: ahead, fee: 30, in_advance: true}
  - {id: whole, fee: 30, proration: full}
  - {id: complete, fee: 30, proration: none}
  - {id: committed, fee: 0, commitment: 20}
  - {id: paid-at-once, fee: 5, one_off: {activation: 9.90}}
  - {id: prepaid, fee: 7, charging: online}
  - {id: dearer, fee: 31, version: 1, valid_to: 2026-03-16}
  - {id: dearer, fee: 62, version: 2, valid_from: 2026-03-16}
"""
PROMOTED = """
promotions:
  - {id: spring, offering: s, percent: 50, months: 2, condition: "channel = 'web'"}
  - {id: gift, offering: m, amount: 5, months: 1}
"""


def at(day: str, time: str = "00:00") -> int:
    """A local moment."""
    return int(datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


def reference(tmp_path: Path, rest: str = "") -> pl.DataFrame:
    """The catalogue of these tests."""
    (tmp_path / "c.yaml").write_text(CATALOGUE + rest, "utf-8")
    return load(tmp_path / "c.yaml")


def spans(*rows: tuple[str, str, int, int | None], channel: str = "shop") -> pl.DataFrame:
    """Products of account A: product, offering, from, until."""
    started: dict[str, int] = {}
    for product, _, since, _ in rows:
        started.setdefault(product, since)
    made = [("main", p, f"S-{p}", "A", o, channel, started[p], since, until) for p, o, since, until in rows]
    return pl.DataFrame(made, schema=SPANS, orient="row")


ACCOUNTS = pl.DataFrame({"account_id": ["A", "B", "T"], "account_class": ["postpaid", "business", "test"]})
USAGE = {
    **dict.fromkeys(("account_id", "subscriber_id", "currency", "unit", "destination"), pl.String),
    **dict.fromkeys(("usage_count", "units", "amount_micros"), pl.Int64),
}
CREDITS = {
    **dict.fromkeys(("credit_id", "account_id", "currency", "agent_id", "ticket_id", "approved_by"), pl.String),
    "amount_micros": pl.Int64,
}


def run(held: pl.DataFrame, known: pl.DataFrame, period: tuple[int, int] = MARCH, **more: Any) -> Bill:
    """A bill run for a period."""
    return bill(
        Run(*period, issued=period[1] + 6 * 3_600_000, zone=ZONE, since=more.get("since", MARCH[0])),
        Known(
            held,
            known,
            more.get("accounts", ACCOUNTS),
            more.get("usage", pl.DataFrame(schema=USAGE)),
            more.get("credits", pl.DataFrame(schema=CREDITS)),
            more.get("billed", pl.DataFrame(schema=LINES)),
        ),
    )


def amounts(made: Bill, kind: str = "recurring") -> list[int]:
    """The amounts of one kind of line."""
    return made.lines.filter(pl.col("kind") == kind)["amount_micros"].to_list()


LONG_AGO = at("2025-06-10")


@pytest.mark.parametrize(
    ("offering", "since", "until", "amount"),
    [
        ("m", LONG_AGO, None, 24_990_000),
        ("m", at("2026-03-31", "23:59"), None, 806_129),  # 1 of 31 days, half even
        ("m", LONG_AGO, at("2026-03-10", "12:00"), 8_061_290),  # the day of the cease counts
        ("m", at("2026-03-10", "09:00"), at("2026-03-10", "17:00"), 806_129),
        ("whole", at("2026-03-31"), None, 30_000_000),
        ("complete", at("2026-03-02"), None, 0),
        ("complete", LONG_AGO, None, 30_000_000),
        ("prepaid", LONG_AGO, None, 0),
        ("m", APRIL[0], None, 0),
    ],
)
def test_a_fee_is_owed_for_the_days_of_the_product(
    tmp_path: Path, offering: str, since: int, until: int | None, amount: int
) -> None:
    """By the rule of the offering; in local days, though March loses an hour in Lisbon."""
    made = run(spans(("P", offering, since, until)), reference(tmp_path))
    assert sum(amounts(made)) == amount


def test_a_price_that_changes_in_mid_period_is_owed_by_days(tmp_path: Path) -> None:
    """15 days at 31 and 16 days at 62 of 31 days."""
    made = run(spans(("P", "dearer", LONG_AGO, None)), reference(tmp_path))
    assert amounts(made) == [15_000_000 + 32_000_000]


def test_a_change_of_offering_bills_each_for_its_days(tmp_path: Path) -> None:
    """The day of the change belongs to the new one; no day is paid twice, none is free."""
    change = at("2026-03-11", "14:00")
    made = run(spans(("P", "s", LONG_AGO, change), ("P", "whole", change, None)), reference(tmp_path))
    by_offering = dict(made.lines.select("product_offering_id", "amount_micros").rows())
    assert by_offering["s"] == 3_225_806
    assert by_offering["whole"] == 30_000_000


def test_in_advance_the_next_period_is_billed_and_a_cease_gives_back_what_was_not_used(tmp_path: Path) -> None:
    """A product that began on 17 March owes half of it, and April; ceased on 10 April it gets 20 days back."""
    held, known = spans(("P", "ahead", at("2026-03-17"), None)), reference(tmp_path)
    first = run(held, known)
    assert sorted(amounts(first)) == [14_516_129, 30_000_000]
    ceased = spans(("P", "ahead", at("2026-03-17"), at("2026-04-10", "10:00")))
    second = run(ceased, known, APRIL, billed=first.lines)
    assert amounts(second) == []
    assert amounts(second, "credit") == [-20_000_000]
    both = pl.concat([first.lines, second.lines])
    assert run(ceased, known, APRIL, billed=both).lines.is_empty()


def test_an_order_that_comes_late_is_billed_for_the_periods_it_missed_once(tmp_path: Path) -> None:
    """Begun in March, known in April: both months; and a cease that comes late gives March back."""
    known = reference(tmp_path)
    late = run(spans(("P", "s", at("2026-03-01"), None)), known, APRIL)
    assert amounts(late) == [10_000_000, 10_000_000]
    march = run(spans(("P", "s", LONG_AGO, None)), known)
    ended = spans(("P", "s", LONG_AGO, at("2026-02-28", "12:00")))
    april = run(ended, known, APRIL, billed=march.lines.with_columns(product_offering_id=pl.lit("s")))
    assert amounts(april, "credit") == [-10_000_000]


def test_the_same_run_again_owes_nothing_more(tmp_path: Path) -> None:
    """With its own lines among what was billed, a run makes none."""
    held = spans(("P", "m", LONG_AGO, None), ("Q", "committed", LONG_AGO, None), ("R", "paid-at-once", MARCH[0], None))
    known = reference(tmp_path)
    first = run(held, known)
    assert run(held, known, billed=first.lines).lines.filter(pl.col("kind") != "tax").is_empty()


def test_charges_of_once_are_charged_once_and_only_for_what_began(tmp_path: Path) -> None:
    """The activation of a product that began in March is in the bill of March, not in that of April."""
    held, known = spans(("P", "paid-at-once", at("2026-03-20"), None)), reference(tmp_path)
    first = run(held, known)
    assert 9_900_000 in amounts(first, "one_off")
    assert 9_900_000 not in amounts(run(held, known, APRIL, billed=first.lines), "one_off")
    assert 9_900_000 not in amounts(run(spans(("P", "paid-at-once", LONG_AGO, None)), known), "one_off")


def test_usage_discounts_and_commitments(tmp_path: Path) -> None:
    """Half the fee off for two months for who came by web; 20 at least, usage counted."""
    usage = pl.DataFrame(
        [("A", "S-C", "EUR", "second", "UK", 3, 180, 12_345_678), ("T", "S-T", "EUR", "second", "UK", 1, 60, 5)],
        schema=USAGE,
        orient="row",
    )
    held = spans(("P", "s", MARCH[0], None), ("C", "committed", LONG_AGO, None), channel="web")
    made = run(held, reference(tmp_path, PROMOTED), usage=usage)
    assert amounts(made, "usage") == [12_345_678]
    assert amounts(made, "discount") == [-5_000_000]
    assert 20_000_000 - 12_345_678 in amounts(made, "one_off")
    shop = run(spans(("P", "s", MARCH[0], None)), reference(tmp_path, PROMOTED))
    assert amounts(shop, "discount") == []
    may = run(held, reference(tmp_path, PROMOTED), parse_period("2026-05", ZONE), billed=made.lines)
    assert len(amounts(may, "discount")) == 1  # April's, looked back at; not May's


def test_a_condition_that_asks_for_what_it_may_not_is_refused(tmp_path: Path) -> None:
    """A promotion is an expression over a few columns, nothing that reads a clock or a file."""
    rest = "promotions:\n  - {id: odd, offering: s, percent: 50, condition: 'now() > 1'}\n"
    with pytest.raises(RuleError, match="promotion odd"):
        run(spans(("P", "s", MARCH[0], None)), reference(tmp_path, rest))


def test_tax_and_rounding_make_a_total_that_can_be_paid(tmp_path: Path) -> None:
    """23 % to the cent, and a line for the rest of a cent."""
    rest = "taxes:\n  - {id: vat, percent: 23}\n"
    made = run(spans(("P", "m", at("2026-03-31"), None)), reference(tmp_path, rest))
    assert amounts(made, "tax") == [190_000]
    total = made.invoices["total_micros"].to_list()
    assert total == [1_000_000]
    assert made.lines["amount_micros"].sum() == 1_000_000
    assert made.invoices["tax_micros"].to_list() == [190_000]


def test_credits_are_lines_with_who_gave_them(tmp_path: Path) -> None:
    """Who, with which ticket, agreed by whom."""
    given_ = pl.DataFrame([("c1", "A", "EUR", "agent-1", "t-1", "boss", 3_000_000)], schema=CREDITS, orient="row")
    made = run(spans(("P", "s", LONG_AGO, None)), reference(tmp_path), credits=given_)
    row = made.lines.filter(pl.col("kind") == "credit").row(0, named=True)
    assert (row["amount_micros"], row["agent_id"], row["ticket_id"], row["approved_by"]) == (
        -3_000_000,
        "agent-1",
        "t-1",
        "boss",
    )


def test_a_price_agreed_for_one_product_stands_in_place_of_the_offerings(tmp_path: Path) -> None:
    """From when it was agreed; its neighbour pays the list price."""
    known = pl.concat(
        [
            reference(tmp_path),
            pl.DataFrame({"entity": ["product"], "id": ["P"], "price_micros": [7_000_000], "valid_from": [LONG_AGO]}),
        ],
        how="diagonal",
    )
    made = run(spans(("P", "s", LONG_AGO, None), ("Q", "s", LONG_AGO, None)), known)
    assert sorted(amounts(made)) == [7_000_000, 10_000_000]


def test_two_currencies_are_two_invoices(tmp_path: Path) -> None:
    """Sums are never taken over currencies; yen have no cents."""
    usage = pl.DataFrame([("A", "S-P", "JPY", "byte", "", 1, 10, 12_500_000)], schema=USAGE, orient="row")
    made = run(spans(("P", "s", LONG_AGO, None)), reference(tmp_path), usage=usage)
    assert sorted(made.invoices.select("currency", "total_micros").rows()) == [("EUR", 10_000_000), ("JPY", 12_000_000)]


@settings(max_examples=40, deadline=None)
@given(
    products=st.lists(
        st.tuples(
            st.sampled_from(["s", "m", "ahead", "whole", "dearer", "committed", "paid-at-once"]),
            st.integers(0, 89),
            st.integers(0, 60),
        ),
        min_size=1,
        max_size=8,
    ),
    used=st.lists(st.integers(1, 10**8), max_size=4),
)
def test_every_invoice_is_the_sum_of_its_lines_and_all_runs_bill_what_one_look_back_owes(
    products: list[tuple[str, int, int]], used: list[int]
) -> None:
    """Whatever begins and ends when: totals are payable, run by run nothing is owed twice."""
    held = spans(
        *(
            (f"P{n}", offering, MARCH[0] + since * 86_400_000, MARCH[0] + (since + lasts) * 86_400_000 + 1)
            for n, (offering, since, lasts) in enumerate(products)
        )
    )
    usage = pl.DataFrame(
        [("A", f"S-P{n}", "EUR", "second", "x", 1, 1, amount) for n, amount in enumerate(used)],
        schema=USAGE,
        orient="row",
    )
    known = _known()
    billed = pl.DataFrame(schema=LINES)
    for period in _months():
        made = run(held, known, period, billed=billed, usage=usage if period == MARCH else pl.DataFrame(schema=USAGE))
        sums = made.lines.group_by("invoice_id").agg(pl.sum("amount_micros"))
        both = made.invoices.join(sums, on="invoice_id")
        assert (both["total_micros"] == both["amount_micros"]).all()
        assert (both["total_micros"] % 10_000 == 0).all()
        assert made.lines["line_id"].n_unique() == len(made.lines)
        billed = pl.concat([billed, made.lines])
    fees = billed.filter(pl.col("product_offering_id") == "s")["amount_micros"].sum()
    assert fees == sum(_owed(held, period) for period in _months())


def _months() -> list[tuple[int, int]]:
    return [parse_period(f"2026-0{month}", ZONE) for month in range(3, 9)]


def _owed(held: pl.DataFrame, period: tuple[int, int]) -> int:
    """What offering `s` owes by hand: a tenth of a hundred a month, day by day."""
    total = 0
    for row in held.filter(pl.col("product_offering_id") == "s").iter_rows(named=True):
        first = max(row["valid_from"], period[0])
        last = min(row["valid_to"] - 1, period[1] - 1)
        if first <= last:
            day = lambda moment: datetime.fromtimestamp(moment / 1000, ZoneInfo(ZONE)).date()  # noqa: E731
            whole = (day(period[1] + 3_600_000) - day(period[0])).days
            total += round_half_even(10_000_000 * ((day(last) - day(first)).days + 1), whole)
    return total


def round_half_even(numerator: int, denominator: int) -> int:
    """Python's own rounding of an exact fraction."""
    return round(Fraction(numerator, denominator))


def _known() -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        return reference(Path(folder), "taxes:\n  - {id: vat, percent: 23}\n")


def test_a_cycle_may_begin_on_another_day_of_the_month(tmp_path: Path) -> None:
    """From the 15th to the 15th; the fee is whole."""
    known = reference(tmp_path)
    period = parse_period("2026-03", ZONE, 15)
    assert period[0] == midnight(datetime(2026, 3, 15).date(), ZONE)  # noqa: DTZ001
    made = bill(
        Run(*period, issued=period[1], zone=ZONE, day=15, since=period[0]),
        Known(
            spans(("P", "s", LONG_AGO, None)),
            known,
            ACCOUNTS,
            pl.DataFrame(schema=USAGE),
            pl.DataFrame(schema=CREDITS),
            pl.DataFrame(schema=LINES),
        ),
    )
    assert amounts(made)[-1] == 10_000_000
