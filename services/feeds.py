"""How the feeds are, for who watches them."""

from pathlib import Path
from typing import NamedTuple

from services.quarantine import list_reasons
from services.stores import reading
from store.feeds import Feed, feeds, rates
from store.quarantine import Refused
from tollwatch.config import Settings


class Feeds(NamedTuple):
    """Every source of the last day of event time, events by hour, and what waits in quarantine by reason."""

    sources: list[Feed]
    hours: list[tuple[int, str, int]]
    refused: list[Refused]


def feeds_now(data: Path | None, settings: Settings) -> Feeds:
    """How the feeds of the settings' tenant are."""
    with reading(data, settings) as store:
        own = settings.tenant, settings.run
        found, hours = feeds(store, *own), rates(store, *own)
    return Feeds(found, hours, list_reasons(data, settings))
