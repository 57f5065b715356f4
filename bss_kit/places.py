"""Named places inside the companions at which rows can be changed: where a simulation plants its faults.

An operator's run has none: every place hands on what it was given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

Change = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Places:
    """What is done to the rows at each place; at places that are not named, nothing."""

    changes: Mapping[str, list[Change]] = field(default_factory=dict)

    def at(self, place: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows as they go on from a place.

        >>> Places({"billing.lines": [lambda rows: rows.head(0)]}).at("billing.lines", pl.DataFrame({"n": [1]})).height
        0
        """
        for change in self.changes.get(place, ()):
            rows = change(rows)
        return rows


NOWHERE = Places()
