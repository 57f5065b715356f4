"""Orders: what may become what, what is refused and why, and how an item ends."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.ordering.decompose import SERVICE_ORDERS, concluded, service_orders
from bss.ordering.items import ITEMS, NEXT, advanced, amended, order_states, placed, told
from tollwatch.columns import schema

T = 1_772_323_200_000
NONE = pl.DataFrame(schema=ITEMS)


def wanted(*rows: dict[str, object]) -> pl.DataFrame:
    """Items as a shop sends them."""
    base = {"order_id": "o1", "action": "add", "account_id": "A", "product_id": "P", "product_offering_id": "m"}
    made = [base | {"order_item_id": f"i{n}", "state_at": T} | row for n, row in enumerate(rows)]
    return pl.DataFrame(made, schema={n: k for n, k in ITEMS.items() if any(n in row for row in made)})


def change(item: str, to: str, at: int = T + 1, cause: str | None = None) -> pl.DataFrame:
    """One change of one item."""
    return pl.DataFrame(
        [(item, to, at, cause)],
        schema={"order_item_id": pl.String, "to": pl.String, "at": pl.Int64, "cause": pl.String},
        orient="row",
    )


def test_an_item_that_lacks_what_it_needs_is_refused_and_says_what() -> None:
    """Each action needs its own; what is known already is neither taken nor refused."""
    given_ = wanted({}, {"account_id": None}, {"action": "sim_swap"}, {"action": "juggle"})
    taken, refused = placed(given_, NONE)
    assert taken["order_item_id"].to_list() == ["i0"]
    assert refused["cause"].to_list() == ["account_id is missing", "imsi is missing", "action is not known"]
    again, nothing = placed(given_.head(1), taken)
    assert again.is_empty()
    assert nothing.is_empty()


@pytest.mark.parametrize("state", NEXT)
@pytest.mark.parametrize("to", NEXT)
def test_only_what_follows_a_state_may_follow_it(state: str, to: str) -> None:
    """Completed, failed and cancelled are ends; the same change again is no change and no error."""
    items = placed(wanted({}), NONE)[0].with_columns(state=pl.lit(state))
    after, refused = advanced(items, change("i0", to))
    allowed = to in NEXT[state]
    assert after["state"].to_list() == [to if allowed else state]
    assert len(refused) == (0 if allowed or to == state else 1)
    if len(refused):
        assert refused["cause"].to_list() == [f"an item that is {state} cannot become {to}"]


def test_a_change_of_nobodys_item_and_one_from_the_past_are_refused() -> None:
    """An event that comes before the item's last change does not rewrite it."""
    items, _ = placed(wanted({}), NONE)
    both = pl.concat([change("i9", "completed"), change("i0", "completed", T - 1)])
    after, refused = advanced(items, both)
    assert after.equals(items)
    assert refused["cause"].to_list() == ["item is not known", "comes before the item's last change"]


def test_an_item_can_be_amended_while_nothing_was_done() -> None:
    """Another offering, another day; not another account, and not after activation began."""
    items, _ = placed(wanted({}), NONE)
    after, why = amended(items, "i0", {"product_offering_id": "l", "requested_at": T + 5}, T + 1)
    assert why is None
    assert after.select("product_offering_id", "requested_at", "state_at").row(0) == ("l", T + 5, T + 1)
    assert "cannot be amended; it may be" in str(amended(items, "i0", {"account_id": "B"}, T)[1])
    begun, _ = advanced(items, change("i0", "in_progress"))
    assert "cancel it" in str(amended(begun, "i0", {"msisdn": "4"}, T)[1])
    assert amended(items, "i9", {}, T)[1] == "item is not known"


def test_an_order_is_what_its_items_are() -> None:
    """Partial where some are done and some never will be."""
    rows = [("a", "completed"), ("a", "failed"), ("b", "completed"), ("c", "acknowledged"), ("c", "completed")]
    rows += [("d", "cancelled"), ("e", "failed"), ("f", "acknowledged")]
    items = pl.DataFrame(rows, schema=["order_id", "state"], orient="row").with_columns(tenant=pl.lit("main"))
    found = dict(order_states(items).select("order_id", "state").rows())
    assert found == {
        "a": "partial",
        "b": "completed",
        "c": "in_progress",
        "d": "cancelled",
        "e": "failed",
        "f": "acknowledged",
    }


def test_items_become_service_orders_and_end_with_them() -> None:
    """A device sale needs nothing from the network; an item fails with the reason of its service order."""
    items, _ = placed(
        wanted(
            {"requested_at": T + 9}, {"action": "device_sale", "imei": "35"}, {"action": "delete", "product_id": "Q"}
        ),
        NONE,
    )
    orders = service_orders(items)
    assert orders.select("order_item_id", "verb", "due_at").rows() == [("i0", "create", T + 9), ("i2", "terminate", T)]
    assert concluded(items, pl.DataFrame(schema=SERVICE_ORDERS))["order_item_id"].to_list() == ["i1"]
    done = orders.with_columns(
        state=pl.Series(["completed", "failed"]), state_at=pl.lit(T + 20), cause=pl.Series([None, "not there"])
    )
    changes = concluded(items, done).sort("order_item_id")
    assert changes.select("to", "at", "cause").rows() == [
        ("completed", T + 20, None),
        ("completed", T, None),
        ("failed", T + 20, "not there"),
    ]


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from([*NEXT]), st.integers(0, 5)), max_size=12))
def test_an_item_never_leaves_its_end_and_its_events_are_rows_of_orders(steps: list[tuple[str, int]]) -> None:
    """Whatever is asked in whatever order: one end at most, and every row fits the stream."""
    items, _ = placed(wanted({}), NONE)
    ends = 0
    for to, at in steps:
        before = items["state"][0]
        items, _ = advanced(items, change("i0", to, T + at))
        ends += items["state"][0] != before and not NEXT[items["state"][0]]
        assert {*told(items).columns} <= {*schema("orders")}
    assert ends <= 1
