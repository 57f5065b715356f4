"""The network as a table, and what changes it: create, modify, suspend, resume, terminate, change of SIM."""

from typing import Any

import polars as pl

from bss_kit.places import NOWHERE, Places

NETWORK: dict[str, Any] = {
    "tenant": pl.String,
    "product_id": pl.String,
    "subscriber_id": pl.String,
    "imsi": pl.String,
    "msisdn": pl.String,
    "service_specification": pl.String,
    "state": pl.String,
    "since": pl.Int64,
    "created_at": pl.Int64,
}
"""One service as the network has it, since when in its state; a terminated one stays, with when it ended."""
FROM = {
    "create": (None, "terminated"),
    "modify": ("active", "suspended"),
    "suspend": ("active",),
    "resume": ("suspended",),
    "terminate": ("active", "suspended"),
    "change_sim": ("active", "suspended"),
}
"""In which states of a service each verb is possible; None: it is not there."""
TO = {"create": "active", "suspend": "suspended", "resume": "active", "terminate": "terminated"}
KINDS = {"change_sim": "sim_change", "suspend": "barring", "resume": "barring"}


def carried_out(
    orders: pl.DataFrame, network: pl.DataFrame, at: int, places: Places = NOWHERE
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Service orders that are due at a moment: as they ended, the network afterwards, rows of `signalling`.

    Orders for one product are carried out in the order of when they were due; each at its `due_at`.
    """
    due = orders.filter((pl.col("state") == "acknowledged") & (pl.col("due_at") <= at))
    due = places.at("activation.orders", due).sort("due_at", "service_order_id")
    due = due.with_columns(turn=pl.int_range(pl.len()).over("tenant", "product_id"))
    finished = []
    for turn in range(int(due["turn"].max() or 0) + 1) if len(due) else ():  # type: ignore[arg-type]
        ended, network = _one_each(due.filter(pl.col("turn") == turn).drop("turn"), network)
        finished.append(ended)
    if not finished:
        return due.drop("turn"), network, _signalling(due.drop("turn"))
    ended = pl.concat(finished)
    return ended, places.at("activation.network", network), _signalling(ended)


def _one_each(orders: pl.DataFrame, network: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Carry out at most one order for each product."""
    key = ["tenant", "product_id"]
    now = network.select(*key, has="state")
    both = orders.join(now, on=key, how="left", maintain_order="left")
    possible = [f"{verb} {state}" for verb, states in FROM.items() for state in states]
    step = pl.format("{} {}", "verb", pl.col("has").fill_null("None"))
    both = both.with_columns(
        is_done=step.is_in(possible),
        cause=pl.when(~step.is_in(possible)).then(
            pl.format("{}: the service is {}", "verb", pl.col("has").fill_null("not there"))
        ),
    )
    ended = both.with_columns(
        state=pl.when("is_done").then(pl.lit("completed")).otherwise(pl.lit("failed")), state_at=pl.col("due_at")
    )
    made = both.filter("is_done").select(
        *key,
        "verb",
        new_state=pl.col("verb").replace_strict(TO, default=None, return_dtype=pl.String),
        new_since="due_at",
        new_imsi="imsi",
        new_msisdn="msisdn",
        new_specification="service_specification",
        new_subscriber="subscriber_id",
    )
    after = network.join(made, on=key, how="full", coalesce=True, maintain_order="left_right").with_columns(
        state=pl.coalesce("new_state", "state"),
        since=pl.when(pl.col("new_state").is_not_null()).then("new_since").otherwise("since"),
        imsi=pl.when(pl.col("verb").is_in(["create", "change_sim"])).then("new_imsi").otherwise("imsi"),
        msisdn=pl.when(pl.col("verb") == "create").then("new_msisdn").otherwise("msisdn"),
        service_specification=pl.when(pl.col("verb").is_in(["create", "modify"]))
        .then(pl.coalesce("new_specification", "service_specification"))
        .otherwise("service_specification"),
        subscriber_id=pl.coalesce("subscriber_id", "new_subscriber"),
        created_at=pl.when(pl.col("verb") == "create").then("new_since").otherwise("created_at"),
    )
    return ended.select(orders.columns), after.select(*NETWORK)


def _signalling(ended: pl.DataFrame) -> pl.DataFrame:
    """What other systems notice of it."""
    rows = ended.filter(pl.col("state") == "completed")
    return rows.select(
        "tenant",
        "subscriber_id",
        "imsi",
        event_id=pl.format("net-{}", "service_order_id"),
        event_time="state_at",
        source=pl.lit("hlr"),
        kind=pl.col("verb").replace_strict(KINDS, default="service_change", return_dtype=pl.String),
        value="verb",
    )
