"""The network does what it is told when it can, in order, and says why when it cannot."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.activation.network import FROM, NETWORK, carried_out
from bss.ordering.decompose import SERVICE_ORDERS

T = 1_772_323_200_000
EMPTY = pl.DataFrame(schema=NETWORK)


def orders(*rows: tuple[str, str, int]) -> pl.DataFrame:
    """Service orders: product, verb, due."""
    made = [
        ("main", f"so{n}", f"i{n}", verb, "acknowledged", T, due, product, f"S-{product}", "m", "351", f"imsi{n}", None)
        for n, (product, verb, due) in enumerate(rows)
    ]
    return pl.DataFrame(made, schema=SERVICE_ORDERS, orient="row")


def test_a_service_is_made_suspended_resumed_and_ended() -> None:
    """Several orders for one product at once are carried out in the order of when they were due."""
    done, network, told = carried_out(
        orders(("P", "terminate", T + 4), ("P", "create", T), ("P", "suspend", T + 1), ("P", "resume", T + 2)),
        EMPTY,
        T + 9,
    )
    assert done.sort("due_at")["state"].to_list() == ["completed"] * 4
    assert network.select("state", "since").rows() == [("terminated", T + 4)]
    assert told.sort("event_time")["kind"].to_list() == ["service_change", "barring", "barring", "service_change"]


def test_what_is_not_due_waits_and_what_cannot_be_fails() -> None:
    """A second create, a suspend of what is not there, an order for tomorrow."""
    _, network, _ = carried_out(orders(("P", "create", T)), EMPTY, T)
    given_ = orders(("P", "create", T + 1), ("Q", "suspend", T + 1), ("P", "terminate", T + 99))
    done, after, _ = carried_out(given_, network, T + 5)
    assert done["cause"].to_list() == ["create: the service is active", "suspend: the service is not there"]
    assert after.equals(network)


def test_a_swapped_sim_is_another_imsi_of_the_same_service() -> None:
    """The number stays, the SIM changes, and since when it is active too stays."""
    _, network, _ = carried_out(orders(("P", "create", T)), EMPTY, T)
    swap = orders(("P", "change_sim", T + 5)).with_columns(imsi=pl.lit("new"))
    _, after, told = carried_out(swap, network, T + 5)
    assert after.select("imsi", "msisdn", "since", "state").row(0) == ("new", "351", T, "active")
    assert told["kind"].to_list() == ["sim_change"]


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from("PQ"), st.sampled_from([*FROM]), st.integers(0, 20)), max_size=14),
    cut=st.integers(0, 20),
)
def test_carried_out_at_once_or_in_two_parts_the_network_is_the_same(
    steps: list[tuple[str, str, int]], cut: int
) -> None:
    """Order is that of due times, not of calls; every order ends once."""
    given_ = orders(*((p, verb, T + due) for p, verb, due in steps))
    done, whole, _ = carried_out(given_, EMPTY, T + 99)
    first, network, _ = carried_out(given_, EMPTY, T + cut)
    rest = given_.join(first, on="service_order_id", how="anti")
    second, network, _ = carried_out(rest, network, T + 99)
    assert network.sort("product_id").equals(whole.sort("product_id"))
    assert len(first) + len(second) == len(done) == len(given_)
