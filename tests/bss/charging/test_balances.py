"""Prepaid balances: a request takes effect once, nothing is spent that is not there, and balances roll forward."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.charging.balances import BALANCES, HOLDS, KINDS, REQUESTS, Charged, charge, ended, snapshot
from tollwatch.columns import schema

T = 1_772_323_200_000
EURO = 1_000_000


def request(n: int, kind: str, amount: int = 0, **more: Any) -> dict[str, Any]:
    """One request of account A."""
    base = {"request_id": f"r{n:03}", "account_id": "A", "currency": "EUR", "kind": kind, "at": T + n}
    return base | {"amount_micros": amount} | more


def made(rows: list[dict[str, Any]], before: Charged | None = None, known: pl.DataFrame | None = None) -> Charged:
    """What charging makes of requests."""
    asked = pl.DataFrame(rows, schema={name: kind for name, kind in REQUESTS.items() if any(name in r for r in rows)})
    balances = before.balances if before else pl.DataFrame(schema=BALANCES)
    holds = before.holds if before else pl.DataFrame(schema=HOLDS)
    if known is None:
        known = before.requests if before else pl.DataFrame(schema=REQUESTS)
    return charge(asked, balances, holds, known.select("tenant", "request_id"))


def left(done: Charged, bucket: str = "main") -> int:
    """What is in a bucket."""
    return int(done.balances.filter(pl.col("bucket") == bucket)["amount_micros"].sum())


def test_a_debit_is_done_when_the_balance_allows_and_refused_when_not() -> None:
    """Nothing is taken for a refused one; usage that has happened is taken anyway."""
    done = made([request(0, "top_up", 5), request(1, "debit", 6), request(2, "debit", 4), request(3, "charge", 3)])
    assert done.requests["outcome"].to_list() == ["done", "not enough", "done", "done"]
    assert done.requests["balance_after_micros"].to_list() == [5, 5, 1, -2]
    assert left(done) == -2


def test_a_repeated_request_changes_nothing_in_the_same_table_or_later() -> None:
    """A gateway that repeats a top-up, a network that repeats a debit."""
    first = made([request(0, "top_up", 10), request(0, "top_up", 10), request(1, "debit", 3)])
    assert (left(first), first.repeated) == (7, 1)
    again = made([request(1, "debit", 3), request(2, "debit", 1)], first)
    assert (left(again), again.repeated) == (6, 1)


def test_what_is_reserved_cannot_be_spent_and_comes_back_when_it_is_let_go() -> None:
    """A commit may take less, or more if it is there; a reservation ends once."""
    start = made([request(0, "top_up", 10), request(1, "reserve", 8, reservation_id="call")])
    assert start.requests["balance_after_micros"].to_list() == [10, 2]
    assert start.holds["amount_micros"].to_list() == [8]
    more = made([request(2, "debit", 3), request(3, "commit", 5, reservation_id="call")], start)
    assert more.requests["outcome"].to_list() == ["not enough", "done"]
    assert left(more) == 5
    assert more.holds.is_empty()
    over = made([request(4, "commit", 1, reservation_id="call"), request(5, "release", reservation_id="gone")], more)
    assert over.requests["outcome"].to_list() == ["no such reservation"] * 2
    released = made([request(2, "release", reservation_id="call"), request(3, "debit", 10)], start)
    assert left(released) == 0
    too_much = made([request(2, "commit", 11, reservation_id="call")], start)
    assert too_much.requests["outcome"].to_list() == ["not enough"]
    assert too_much.holds["amount_micros"].to_list() == [8]


def test_a_bonus_is_used_first_and_ends_when_it_says() -> None:
    """After its end it pays nothing, and is taken out with a row that says how much."""
    bonus = {"bucket": "bonus", "expires_at": T + 10}
    start = made([request(0, "top_up", 5), request(1, "top_up", 3, **bonus), request(2, "debit", 2)])
    assert (left(start, "bonus"), left(start)) == (1, 5)
    later = made([request(11, "debit", 6)], start)
    assert later.requests["outcome"].to_list() == ["not enough"]
    assert ended(start.balances, T + 10).select("bucket", "amount_micros").rows() == [("bonus", 1)]
    gone = made([request(12, "expire")], start)
    assert (left(gone, "bonus"), left(gone)) == (0, 5)


@pytest.mark.parametrize(("kind", "amount"), [("debit", -1), ("top_up", 0), ("top_up", 2**62), ("steal", 1)])
def test_what_makes_no_sense_is_refused(kind: str, amount: int) -> None:
    """A negative debit would be a top-up."""
    done = made([request(0, kind, amount)])
    assert done.requests["outcome"][0] != "done"
    assert left(done) == 0


def test_accounts_and_currencies_are_apart_and_a_snapshot_says_what_is_in_them() -> None:
    """Dollars do not pay for euros, nor A for B."""
    done = made(
        [request(0, "top_up", 5), request(1, "debit", 1, currency="USD"), request(2, "debit", 1, account_id="B")]
    )
    assert done.requests["outcome"].to_list() == ["done", "not enough", "not enough"]
    rows = snapshot(done.balances, T, "snap")
    assert {*rows.columns} <= {*schema("balances")}
    assert rows["balance_micros"].sum() == 5
    assert rows["event_id"].n_unique() == len(rows)


@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(
        st.tuples(st.sampled_from(KINDS), st.integers(0, 20), st.integers(0, 2), st.sampled_from(["main", "bonus"])),
        max_size=40,
    ),
    cut=st.integers(0, 40),
)
def test_balances_roll_forward_whatever_is_asked_in_one_run_or_two(asked: list[Any], cut: int) -> None:
    """Opening + top-ups and refunds − what was taken − what ended = closing; debits never go below nothing."""
    rows = [
        request(
            n,
            kind,
            amount,
            reservation_id=f"h{which}",
            bucket=bucket,
            expires_at=T + 25 if bucket == "bonus" else None,
        )
        for n, (kind, amount, which, bucket) in enumerate(asked)
    ]
    if not rows:
        return
    whole = made(rows)
    if 0 < cut < len(rows):
        first = made(rows[:cut])
        second = made(rows[cut:], first)
        assert second.balances.equals(whole.balances)
        assert pl.concat([first.requests, second.requests]).equals(whole.requests)
    done = whole.requests.filter(pl.col("outcome") == "done")
    sums = dict(done.group_by("kind").agg(pl.sum("amount_micros")).rows())
    given_ = sums.get("top_up", 0) + sums.get("refund", 0)
    taken = sum(sums.get(kind, 0) for kind in ("debit", "charge", "commit"))
    closing = int(whole.balances["amount_micros"].sum())
    assert given_ - taken - closing >= 0  # what ended
    if "expire" not in {kind for kind, *_ in asked}:
        assert given_ - taken == closing
    if "charge" not in {kind for kind, *_ in asked}:
        assert whole.balances.is_empty() or int(whole.balances["amount_micros"].min()) >= 0  # type: ignore[arg-type]
