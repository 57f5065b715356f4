"""Tables that controls read beside streams, made once in a run: which of them a control needs."""

import re

from detectors.controls import price_lists, service_days
from detectors.controls.language import Control

NAMED = re.compile(r"\{(\w+)\}")
DERIVED = service_days.DERIVED | price_lists.DERIVED


def tables_of(control: Control) -> list[str]:
    """The tables that a control's sides name, and those that these name, each behind what it is made of.

    >>> from detectors.assurance.wrong_price import WrongPrice
    >>> tables_of(WrongPrice())
    ['price_contracts', 'price_bands', 'price_times', 'price_edges', 'price_rows', 'price_tiers']
    """
    found: list[str] = []

    def need(sql: str) -> None:
        for name in NAMED.findall(sql):
            if name in DERIVED and name not in found:
                need(DERIVED[name])
                found.append(name)

    for side in control.sides.values():
        need(f"{side.rows or ''} {side.where}")
    return found
