"""The catalogue as rows of `reference`: what rating, billing, settlement and the controls read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from bss.catalog.price_list import read_price_list
from bss.catalog.written import Offering, Written, read_catalogue
from bss_kit.money import MICROS, micros
from tollwatch.columns import schema
from tollwatch.errors import ConfigurationError

PERCENT = 100


def published(written: Written, price_lists: list[pl.DataFrame]) -> pl.DataFrame:
    """One row for each version of each thing in the catalogue, in the columns of `reference`."""
    first = written.moment(written.valid_from)
    rows = [{"valid_from": first} | row for row in _rows(written)]
    kinds = schema("reference")
    table = pl.DataFrame(rows, schema={name: kind for name, kind in kinds.items() if any(name in row for row in rows)})
    both = pl.concat([table, *price_lists], how="diagonal")
    return both.with_columns(
        event_id=pl.format("{}-{}-{}", "entity", "id", pl.col("version").fill_null(1)),
        event_time=pl.col("valid_from"),
        source=pl.lit("catalogue"),
    )


def load(path: Path) -> pl.DataFrame:
    """Read a catalogue and its price lists, whose files stand beside it. Raises ConfigurationError, InputError."""
    written = read_catalogue(path)
    return published(written, [read_price_list(path.parent / name, written) for name in written.tariffs])


def _rows(written: Written) -> Iterator[dict[str, Any]]:
    for offering in written.offerings:
        yield from _offering(written, offering)
    for tax in written.taxes:
        share = share_ppm(tax.percent, f"tax {tax.id}")
        yield {"entity": "tax", "id": tax.id, "share_ppm": share} | _validity(written, tax)
    for promotion in written.promotions:
        where = f"promotion {promotion.id}"
        if (promotion.percent is None) == (promotion.amount is None):
            raise ConfigurationError(f"{where}: give it a percent or an amount, one of both")
        yield {
            "entity": "promotion",
            "id": promotion.id,
            "product_offering_id": promotion.offering,
            "share_ppm": None if promotion.percent is None else share_ppm(promotion.percent, where),
            "price_micros": None if promotion.amount is None else micros(promotion.amount, where),
            "currency": written.currency,
            "months": promotion.months,
            "condition": promotion.condition,
        } | _validity(written, promotion)
    for day in written.holidays:
        written.moment(day)
        yield {"entity": "list", "id": day, "list_name": "holidays"}


def _offering(written: Written, offering: Offering) -> Iterator[dict[str, Any]]:
    where, validity = f"offering {offering.id}", _validity(written, offering)
    yield {
        "entity": "offering",
        "id": offering.id,
        "version": offering.version,
        "name": offering.name,
        "price_micros": micros(offering.fee, where),
        "currency": written.currency,
        "charge_kind": "recurring",
        "tariff_id": offering.tariff,
        "charging": offering.charging,
        "in_advance": offering.in_advance,
        "proration": offering.proration,
        "commitment_micros": micros(offering.commitment, where),
        "zone": written.zone,
    } | validity
    for name, amount in offering.one_off.items():
        yield {
            "entity": "price",
            "id": f"{offering.id}.{name}",
            "version": offering.version,
            "product_offering_id": offering.id,
            "price_micros": micros(amount, f"{where}: {name}"),
            "currency": written.currency,
            "charge_kind": "one_off",
            "name": name,
        } | validity
    for allowance in offering.allowances:
        if allowance.units <= 0 or allowance.rollover_periods < 0:
            raise ConfigurationError(
                f"{where}: allowance {allowance.id} has no units, or is carried over a negative time"
            )
        yield {
            "entity": "allowance",
            "id": f"{offering.id}.{allowance.id}",
            "version": offering.version,
            "product_offering_id": offering.id,
            "service": allowance.service,
            "destination": ",".join(allowance.destinations) or None,
            "units": allowance.units,
            "priority": allowance.priority,
            "rollover_periods": allowance.rollover_periods,
        } | validity


def _validity(written: Written, thing: Any) -> dict[str, int | None]:
    return {
        "valid_from": written.moment(thing.valid_from or written.valid_from),
        "valid_to": written.moment(thing.valid_to),
    }


def share_ppm(percent: str, where: str) -> int:
    """A percentage as people write it, in millionths of the whole. Raises ConfigurationError.

    >>> share_ppm("22.5", "tax")
    225000
    """
    share = micros(percent, where)
    if share % PERCENT or not 0 <= share <= PERCENT * MICROS:
        raise ConfigurationError(f"{where}: {percent} is no percentage from 0 to 100 of at most four decimals")
    return share // PERCENT
