"""Tell, run after run of the controls, whether the log still grows: costly controls wait until it stands still."""

from collections.abc import Mapping
from dataclasses import dataclass, field

STILL = 10
"""Runs without anything new after which the log stands still: ten minutes, where controls run every minute."""


@dataclass
class Pace:
    """What the last runs had read, by tenant, and how many of them in a row read nothing new.

    >>> pace = Pace(still=2)
    >>> [pace.is_busy("default", ends) for ends in ({"usage-0": 5}, {"usage-0": 9}, {"usage-0": 9}, {"usage-0": 9})]
    [True, True, True, False]
    """

    still: int = STILL
    ends: dict[str, dict[str, int]] = field(default_factory=dict)
    same: dict[str, int] = field(default_factory=dict)

    def is_busy(self, tenant: str, ends: Mapping[str, int]) -> bool:
        """Whether a log that reaches to these places has grown within the last runs; counts this one."""
        is_same = self.ends.get(tenant) == ends
        self.same[tenant] = self.same.get(tenant, 0) + 1 if is_same else 0
        self.ends[tenant] = dict(ends)
        return self.same[tenant] < self.still
