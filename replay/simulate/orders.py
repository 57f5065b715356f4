"""What customers order, and what ordering, activation and the inventory make of it."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from bss.activation.network import NETWORK, carried_out
from bss.ordering.decompose import SERVICE_ORDERS, concluded, service_orders
from bss.ordering.items import ITEMS, advanced, placed, told
from bss_kit.frames import shaped
from bss_kit.places import Places
from bss_kit.spans import spans
from replay.simulate.catalogue import HISTORY_DAYS, OFFERINGS, offering_of
from replay.simulate.chance import DAY, MINUTE, chance, scatter
from replay.simulate.population import M2M, World
from replay.simulate.services import former
from replay.simulate.trunks import DEALERS

LONG_MINUTES = 30


@dataclass(frozen=True)
class Ordered:
    """All orders from the first customer to the end of the simulation: their rows, spans, and things to do."""

    rows: pl.DataFrame
    spans: pl.DataFrame
    to_do: pl.DataFrame


class NetworkOverTime:
    """The network as it becomes, month by month: orders are carried out when they are due."""

    def __init__(self, to_do: pl.DataFrame, places: Places) -> None:
        self.to_do, self.places = to_do, places
        self.network = pl.DataFrame(schema=NETWORK)
        self.until = -1

    def at(self, moment: int) -> pl.DataFrame:
        """What the network has at a moment; moments only go forward."""
        due = self.to_do.filter((pl.col("due_at") > self.until) & (pl.col("due_at") <= moment))
        _, self.network, _ = carried_out(due, self.network, moment, self.places)
        self.until = moment
        return self.network


def ordered(world: World, places: Places) -> Ordered:
    """Everything that is ordered, taken, decomposed, carried out without a fault, and concluded."""
    wanted = pl.concat([_new(world), _other(world), _ended(world)], how="diagonal")
    items, _ = placed(shaped(wanted, ITEMS), pl.DataFrame(schema=ITEMS))
    to_do = service_orders(items, places)
    ended, _, _ = carried_out(to_do, pl.DataFrame(schema=NETWORK), world.end)
    changes = concluded(items, ended).filter(pl.col("at") < world.end)
    done, _ = advanced(items, changes, places)
    rows = pl.concat([told(items), told(done.filter(pl.col("state") != "acknowledged"))])
    rows = rows.with_columns(source=pl.lit("orders")).sort("event_time", "event_id")
    return Ordered(rows, spans(rows), pl.concat([to_do, _suspended(world)]))


def _named(world: World, who: np.ndarray) -> pl.DataFrame:
    offering = pl.Series(OFFERINGS).gather(offering_of(world)[who])
    return (
        world.names[who]
        .select("account_id", "subscriber_id", "msisdn", "imsi", "imei")
        .with_columns(
            product_id=pl.Series([f"P{n:07}" for n in who.tolist()], dtype=pl.String),
            product_offering_id=offering,
            channel=pl.lit("shop"),
        )
    )


def _items(rows: pl.DataFrame) -> pl.DataFrame:
    """With ids of their orders, from product, action and day."""
    order = pl.format("O{}-{}-{}", pl.col("state_at") // DAY, "product_id", "action")
    return rows.with_columns(order_id=order, order_item_id=order + "-1")


def _new(world: World) -> pl.DataFrame:
    """Every subscriber, ordered half an hour before the service begins."""
    who = np.arange(len(world))
    since = world.active_since
    rows = _named(world, who).with_columns(
        action=pl.lit("add"), state_at=pl.Series(since - LONG_MINUTES * MINUTE), requested_at=pl.Series(since)
    )
    return _items(rows.drop("imei"))


def _other(world: World) -> pl.DataFrame:
    """Swapped SIMs and sold devices, each day some."""
    parts = []
    for day in range(world.start - HISTORY_DAYS * DAY, world.end, DAY):
        rng = chance(world.seed, "orders", day // DAY)
        some = rng.choice(len(world), rng.poisson(len(world) * 0.0008), replace=False)
        swapped = np.where(rng.random(len(some)) < 0.5, "sim_swap", "device_sale")
        at = day + rng.integers(0, DAY, len(some))
        rows = _named(world, some).with_columns(action=pl.Series(swapped, dtype=pl.String), state_at=pl.Series(at))
        here = pl.Series(world.active_since[some] < at)
        parts.append(rows.filter(here))
    every = pl.concat(parts)
    device = pl.Series([f"36{n:013}" for n in scatter(np.arange(len(every)), 25, 10**13).tolist()], dtype=pl.String)
    every = every.with_columns(imei=pl.when(pl.col("action") == "device_sale").then(device))
    return _items(every).unique("order_item_id", keep="first", maintain_order=True)


def _ended(world: World) -> pl.DataFrame:
    """Services that were ceased before the simulation, from their beginning to their end."""
    old = former(world)
    own = old.select("account_id", "subscriber_id", "product_id", "since", "until", product_offering_id="offering")
    begun = own.with_columns(state_at="since", requested_at="since", action=pl.lit("add"))
    ended = own.with_columns(state_at="until", requested_at="until", action=pl.lit("delete"))
    dealer = pl.Series(DEALERS).gather(pl.Series(np.arange(2 * len(own)) % len(DEALERS)))
    both = pl.concat([begun, ended]).drop("since", "until")
    return _items(both.with_columns(channel=pl.lit("shop"), dealer_id=dealer))


def _suspended(world: World) -> pl.DataFrame:
    """Who is barred ten days before the simulation begins."""
    who = np.flatnonzero((scatter(np.arange(len(world)), 13, 150) == 0) & (world.kind != M2M))
    at = world.start - 10 * DAY
    who = who[world.active_since[who] < at]
    rows = _named(world, who).with_columns(
        tenant=pl.lit("main"),
        service_order_id=pl.format("so-bar-{}", "product_id"),
        verb=pl.lit("suspend"),
        state=pl.lit("acknowledged"),
        state_at=pl.lit(at, pl.Int64),
        due_at=pl.lit(at, pl.Int64),
        service_specification="product_offering_id",
    )
    return shaped(rows, SERVICE_ORDERS)
