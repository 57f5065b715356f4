"""Price a table of usage."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from bss.rating import kernel
from bss.rating.allowances import BUCKETS, KEY
from bss.rating.kernel import ERRORS
from bss.rating.plan import FOREVER, SERVICES, UNITS, Plan
from bss_kit.frames import shaped, whole
from bss_kit.money import Ints
from bss_kit.places import NOWHERE, Places
from bss_kit.prefixes import numbers

NEEDED = {
    **dict.fromkeys(("event_id", "service", "record_type", "subscriber_id", "called_number"), pl.String),
    **dict.fromkeys(("serving_network", "rating_group", "product_id", "tenant", "file_id"), pl.String),
    **dict.fromkeys(("event_time", "start_time", "duration_s", "uplink_bytes", "downlink_bytes"), pl.Int64),
}

LONGEST_CALL_MS = 40 * 86_400_000
"""How far behind a beginning changes of the clock are looked for."""


@dataclass(frozen=True)
class Rating:
    """What came out: rows of `rated`, the buckets as they stand, and how many records are nobody's to pay."""

    rated: pl.DataFrame
    buckets: pl.DataFrame
    not_charged: int

    @property
    def backlog(self) -> pl.DataFrame:
        """What could not be priced, to be rated again."""
        return self.rated.filter(pl.col("rating_error").is_not_null())


@dataclass(frozen=True)
class Contracts:
    """Who has which offering when: `services` with subscriber_id, account_id, product_offering_id, from, to."""

    spans: pl.DataFrame
    subscribers: pl.DataFrame
    firsts: Ints
    table: Ints

    @classmethod
    def of(cls, services: pl.DataFrame, reference: pl.DataFrame, plan: Plan) -> "Contracts":
        """The stretches in which a subscriber's offering, in the version of the time, has one price list."""
        offerings = whole(reference.filter(pl.col("entity") == "offering"), "reference").select(
            "tariff_id",
            "charging",
            "currency",
            product_offering_id="id",
            since=pl.col("valid_from").fill_null(0),
            until=pl.col("valid_to").fill_null(FOREVER),
        )
        held = services.with_columns(pl.col("valid_to").fill_null(FOREVER), pl.col("valid_from").fill_null(0))
        spans = held.join(offerings, on="product_offering_id", maintain_order="left").with_columns(
            valid_from=pl.max_horizontal("valid_from", "since"), valid_to=pl.min_horizontal("valid_to", "until")
        )
        spans = spans.filter(pl.col("valid_from") < pl.col("valid_to")).sort("subscriber_id", "valid_from")
        spans = spans.with_columns(
            tariff=pl.col("tariff_id").replace_strict(
                plan.tariffs, range(len(plan.tariffs)), default=-1, return_dtype=pl.Int64
            )
        )
        many = spans.group_by("subscriber_id", maintain_order=True).agg(pl.len())
        known = services.select("subscriber_id").unique(maintain_order=True).join(many, on="subscriber_id", how="anti")
        many = pl.concat([many, known.with_columns(len=pl.lit(0, pl.UInt32))])
        firsts = np.concatenate([[0], np.cumsum(many["len"].to_numpy())]).astype(np.int64)
        table = np.ascontiguousarray(spans.select("valid_from", "valid_to", "tariff").to_numpy().astype(np.int64))
        return cls(spans, many.select("subscriber_id").with_row_index("who"), firsts, table)


def rate(
    usage: pl.DataFrame,
    plan: Plan,
    contracts: Contracts,
    buckets: pl.DataFrame,
    *,
    home: frozenset[str] = frozenset(),
    places: Places = NOWHERE,
) -> Rating:
    """Price the records that somebody pays for; each gives one row of `rated`.

    A record of a caller, of who forwards, of data and messages sent is charged; one of who is called only abroad.
    Networks in `home` are ours; an empty set makes a network abroad of every one that is named. Records use up
    allowances in the order of when they began. A record without `start_time` began when it ended.
    """
    rows = _chargeable(usage, home)
    arrays = _arrays(rows, contracts)
    order = np.lexsort((np.arange(len(rows)), arrays[1])) if len(buckets) else np.arange(len(rows))
    first, state, applies, mine = _buckets(buckets, contracts, plan)
    since, until = (int(arrays[1].min()), int(arrays[1].max()) + 1) if len(rows) else (0, 1)
    made = kernel.rate_rows(
        arrays,
        order,
        (contracts.firsts, contracts.table),
        (plan.group_of, plan.group_first, plan.versions, plan.set_of),
        (plan.prefixes.parts, plan.exacts, plan.exact_entries),
        (plan.first_slot, plan.count, plan.slots),
        plan.bands(max(since, 0), until + LONGEST_CALL_MS),
        (first, state, applies),
    )
    rated = places.at("rating.rated", _rated(rows, made, plan, contracts, mine))
    left = mine.with_columns(remaining=pl.Series(state[:, 3], dtype=pl.Int64)) if len(mine) else buckets.head(0)
    rest = buckets.join(left, on=KEY, how="anti", maintain_order="left") if len(buckets) else buckets
    return Rating(rated, pl.concat([left.select(*BUCKETS), rest]).sort(KEY), len(usage) - len(rows))


def _chargeable(usage: pl.DataFrame, home: frozenset[str]) -> pl.DataFrame:
    """The records that somebody pays for, with where they were made."""
    rows = shaped(usage, NEEDED)
    away = pl.col("serving_network").is_not_null() & ~pl.col("serving_network").is_in(list(home))
    called = pl.col("record_type") == "terminating"
    paid = ~called.fill_null(value=False) & (pl.col("record_type") != "transit").fill_null(value=True)
    rows = rows.filter(paid | (called & away & (pl.col("service") == "voice")))
    return rows.with_columns(
        place=pl.when(away & called).then(2).when(away | (pl.col("record_type") == "roaming")).then(1).otherwise(0),
        kind=pl.col("service").replace_strict(SERVICES, range(len(SERVICES)), default=None, return_dtype=pl.Int64),
        moment=pl.coalesce("start_time", "event_time"),
    ).filter(pl.col("kind").is_not_null())


def _arrays(rows: pl.DataFrame, contracts: Contracts) -> tuple[Ints, ...]:
    """What the kernel reads of each record: who, when, service, place, number, units."""
    who = rows.select("subscriber_id").join(
        contracts.subscribers, on="subscriber_id", how="left", maintain_order="left"
    )
    key = (
        pl.when(pl.col("place") > 0)
        .then(pl.col("serving_network").str.replace_all("-", "", literal=True))
        .when(pl.col("kind") == SERVICES.index("data"))
        .then(pl.col("rating_group").fill_null(""))
        .otherwise("called_number")
    )
    number, exact = numbers(rows.select(key=key)["key"])
    amount = (
        pl.when(pl.col("kind") == 0)
        .then("duration_s")
        .when(pl.col("kind") == SERVICES.index("data"))
        .then(pl.sum_horizontal("uplink_bytes", "downlink_bytes"))
        .otherwise(1)
    )
    given = rows.select("moment", "kind", "place", units=amount.fill_null(-1))
    return (
        who["who"].cast(pl.Int64).fill_null(-1).to_numpy(),
        given["moment"].to_numpy(),
        given["kind"].to_numpy(),
        given["place"].cast(pl.Int64).to_numpy(),
        number,
        exact,
        given["units"].to_numpy(),
    )


def _buckets(buckets: pl.DataFrame, contracts: Contracts, plan: Plan) -> tuple[Ints, Ints, Any, pl.DataFrame]:
    """The buckets of each subscriber in the order in which they are used, and what each kind of them may pay for."""
    mine = buckets.join(contracts.subscribers, on="subscriber_id", maintain_order="left")
    mine = mine.sort("who", "priority", "valid_to", "allowance_id", "valid_from")
    kinds = mine.select("service", "destination").unique(maintain_order=True).with_row_index("kind_of")
    mine = mine.join(kinds, on=["service", "destination"], nulls_equal=True, maintain_order="left")
    entry = plan.rows[plan.entry_rows].select("service", "destination", "place")
    applies = np.zeros((max(len(kinds), 1), max(len(entry), 1)), np.bool_)
    for number, service, destination in kinds.select("kind_of", "service", "destination").iter_rows():
        fits = (entry["service"] == service) & (entry["place"] == "home")
        if destination is not None:
            fits = (entry["service"] == service) & entry["destination"].is_in(destination.split(","))
        applies[number, : len(entry)] = fits.to_numpy()
    counts = np.bincount(mine["who"].to_numpy(), minlength=len(contracts.subscribers))
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    state = mine.select("kind_of", "valid_from", "valid_to", "remaining").to_numpy().astype(np.int64)
    return first, np.ascontiguousarray(state.reshape(-1, 4)), applies, mine


def _rated(rows: pl.DataFrame, made: Ints, plan: Plan, contracts: Contracts, buckets: pl.DataFrame) -> pl.DataFrame:
    """The rows of `rated`."""
    out = pl.DataFrame(made, schema=["error", "span", "slot", "units", "covered", "bucket", "charge"], orient="row")
    row = np.where(made[:, 2] >= 0, plan.slots[made[:, 2], 8] if len(plan.slots) else -1, -1)
    of_row, of_span = pl.Series(row), out["span"]
    failed = pl.lit(pl.Series(ERRORS, dtype=pl.String).gather(out["error"]))
    paid = pl.lit(out["bucket"]) >= 0
    return rows.select(
        "subscriber_id",
        "product_id",
        "event_time",
        event_id=pl.lit("rated-") + pl.col("event_id"),
        source=pl.lit("rating"),
        refers_to="event_id",
        batch_id="file_id",
        usage_time="moment",
        account_id=pl.lit(_gather(contracts.spans, "account_id", of_span)),
        charging=pl.lit(_gather(contracts.spans, "charging", of_span)),
        currency=pl.lit(_gather(contracts.spans, "currency", of_span)),
        tariff_id=pl.lit(_gather(plan.rows, "tariff_id", of_row)),
        tariff_version=pl.lit(_gather(plan.rows, "version", of_row)),
        destination=pl.lit(_gather(plan.rows, "destination", of_row).replace("", None)),
        units=pl.lit(out["units"]),
        unit=pl.lit(pl.Series(UNITS).gather(rows["kind"])),
        charge_micros=pl.when(failed.is_null()).then(pl.lit(out["charge"])),
        allowance_used=pl.when(paid).then(pl.lit(out["covered"])),
        allowance_id=pl.lit(_gather(buckets, "allowance_id", out["bucket"])),
        rating_error=failed,
    )


def _gather(table: pl.DataFrame, column: str, at: pl.Series) -> pl.Series:
    """Values by row; null where there is no row (−1)."""
    if not len(table):
        return pl.Series([None] * len(at), dtype=table.schema[column])
    places = pl.select(pl.when(at >= 0).then(at)).to_series()
    return table[column].gather(places)
