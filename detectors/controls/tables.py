"""Tables that controls read beside streams, made once in a run: which of them a control needs."""

import re

from detectors.controls import price_lists, service_days
from detectors.controls.language import Control

NAMED = re.compile(r"\{(\w+)\}")
DERIVED = service_days.DERIVED | price_lists.DERIVED


def named_by(control: Control) -> list[str]:
    """The streams that a control reads, and the tables made for it: all names in its sides and in those tables.

    Each table stands behind what it is made of.

    >>> from detectors.assurance.wrong_price import WrongPrice
    >>> sorted({"orders", "price_rows", "zones"} - set(named_by(WrongPrice())))
    []
    """
    found: list[str] = []

    def need(sql: str) -> None:
        for name in NAMED.findall(sql):
            own = name.removeprefix("all_")
            if own not in found:
                need(DERIVED.get(own, ""))
                found.append(own)

    for side in control.sides.values():
        need(f"{{{side.stream}}} {side.rows or ''} {side.where}")
    return found


def tables_of(control: Control) -> list[str]:
    """The tables that are made for a control, in order.

    >>> from detectors.assurance.wrong_price import WrongPrice
    >>> tables_of(WrongPrice())
    ['price_contracts', 'price_bands', 'price_times', 'price_edges', 'price_rows', 'price_tiers']
    """
    return [name for name in named_by(control) if name in DERIVED]
