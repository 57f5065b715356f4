"""Products from orders, and snapshots of the network."""

import polars as pl

from bss.activation.network import NETWORK
from bss.inventory.products import products
from bss.inventory.snapshot import snapshot
from bss_kit.places import Places
from bss_kit.spans import spans
from tollwatch.columns import schema

T = 1_772_323_200_000


def orders(*rows: tuple[str, str, int, str | None]) -> pl.DataFrame:
    """Completed items: product, action, when, offering."""
    return pl.DataFrame(
        [(p, a, at, o, f"i{n}", "completed", "A", f"S-{p}") for n, (p, a, at, o) in enumerate(rows)],
        schema=[
            "product_id",
            "action",
            "event_time",
            "product_offering_id",
            "order_item_id",
            "state",
            "account_id",
            "subscriber_id",
        ],
        orient="row",
    )


def test_a_product_is_what_its_orders_made_of_it() -> None:
    """Begun, changed, ended; begun again it is the same product in another life."""
    given = orders(
        ("P", "add", T, "s"), ("P", "modify", T + 5, "m"), ("P", "delete", T + 9, None), ("P", "add", T + 20, "l")
    )
    assert spans(given).select("product_offering_id", "started_at", "valid_from", "valid_to").rows() == [
        ("s", T, T, T + 5),
        ("m", T, T + 5, T + 9),
        ("l", T + 20, T + 20, None),
    ]
    assert products(given).select("product_offering_id", "state", "started_at").rows() == [("l", "active", T + 20)]
    ended = products(given.head(3)).row(0, named=True)
    assert (ended["state"], ended["ended_at"]) == ("terminated", T + 9)


def test_orders_that_make_no_sense_make_no_product() -> None:
    """A change of what never began, an end after the end, an item told twice, one that failed."""
    given = orders(
        ("P", "modify", T, "s"), ("Q", "add", T, "s"), ("Q", "delete", T + 1, None), ("Q", "delete", T + 2, None)
    )
    failed = orders(("R", "add", T, "s")).with_columns(state=pl.lit("failed"), order_item_id=pl.lit("r"))
    found = spans(pl.concat([given, given, failed]))
    assert found.select("product_id", "valid_to").rows() == [("Q", T + 1)]


def test_a_snapshot_has_what_the_network_had_and_a_batch_that_counts_it() -> None:
    """What ended before the period is left out; what begins after it too."""
    rows = [("P", "active", T - 9), ("Q", "terminated", T - 9), ("R", "terminated", T + 1), ("S", "active", T + 10**9)]
    network = pl.DataFrame(
        [("main", p, f"S-{p}", "i", "n", "m", state, since, since) for p, state, since in rows],
        schema=NETWORK,
        orient="row",
    )
    taken, batches = snapshot(network, (T, T + 1000), "snap", 60_000)
    assert taken.select("product_id", "state").rows() == [("P", "active"), ("R", "terminated")]
    assert batches["records"].to_list() == [None, 2]
    assert {*taken.columns} <= {*schema("provisioned")}
    lost = Places({"inventory.snapshot": [lambda rows: rows.filter(pl.col("product_id") != "P")]})
    assert snapshot(network, (T, T + 1000), "snap", 60_000, places=lost)[0]["product_id"].to_list() == ["R"]
