"""A voucher pays once."""

import polars as pl

from bss.charging.vouchers import NEXT, VOUCHERS, moved

T = 1_772_323_200_000


def vouchers(**states: str) -> pl.DataFrame:
    """Vouchers by serial."""
    rows = [("main", serial, state, T, 10, "EUR", None, None, None) for serial, state in states.items()]
    return pl.DataFrame(rows, schema=VOUCHERS, orient="row")


def use(*rows: tuple[str, str, int, str]) -> pl.DataFrame:
    """Changes: serial, to, at, account."""
    return pl.DataFrame(
        [(*row, f"p{n}") for n, row in enumerate(rows)],
        schema={"serial": pl.String, "to": pl.String, "at": pl.Int64, "account_id": pl.String, "payment_id": pl.String},
        orient="row",
    )


def test_of_two_uses_the_first_counts_and_the_other_is_refused() -> None:
    """Even when the later one stands first in the file."""
    after, told, refused = moved(vouchers(v="sold"), use(("v", "used", T + 5, "B"), ("v", "used", T + 1, "A")))
    assert after.select("state", "account_id", "payment_id").row(0) == ("used", "A", "p1")
    assert told["event_id"].to_list() == ["v-v-used"]
    assert refused.select("account_id", "cause").rows() == [("B", "a voucher that is used cannot become used")]


def test_each_state_goes_only_where_it_may() -> None:
    """All pairs of states; and a serial that nobody knows."""
    for state, following in NEXT.items():
        for to in NEXT:
            after, _, refused = moved(vouchers(v=state), use(("v", to, T + 1, "A")))
            assert (after["state"][0] == to and refused.is_empty()) == (to in following) or state == to
    assert moved(vouchers(v="sold"), use(("w", "used", T, "A")))[2]["cause"].to_list() == ["voucher is not known"]


def test_a_voucher_can_go_its_whole_way_in_one_table() -> None:
    """Each step is told with its time."""
    steps = use(*(("v", state, T + n, "A") for n, state in enumerate(("activated", "sold", "used"))))
    after, told, refused = moved(vouchers(v="created"), steps)
    assert after["state"].to_list() == ["used"]
    assert told["state"].to_list() == ["activated", "sold", "used"]
    assert refused.is_empty()
