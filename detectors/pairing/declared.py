"""What a revenue-assurance control may say: two sides, how they pair, what a break is called and worth.

A control is a frozen struct whose fields are its thresholds. Nothing here computes anything: the engine in
`detectors.pairing` joins the two sides, the control says what a broken pair means, in SQL over `left.` and `right.`.
"""

import re
from typing import ClassVar, Literal

import msgspec

SideName = Literal["left", "right"]
NUMBERED = re.compile(r"\b(left|right)\.(\w+)")


class Side(msgspec.Struct, frozen=True):
    """The rows of one stream that take part, gathered by `key` and period.

    `where` says which rows count. Rows that pass `offsets` do not count, but their `value` is added: a credit takes
    money off a line. A side of `provisioned` gathers states into days of service instead of adding rows up.
    """

    stream: str
    key: str
    where: str | None = None
    offsets: str | None = None
    value: str | None = None


class Break(msgspec.Struct, frozen=True):
    """One way in which a pair is broken: its name, when it holds, what it is worth (positive: the operator loses).

    `claims` is the side whose rows the money is about.
    """

    kind: str
    when: str
    amount: str
    claims: SideName


class Control(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two sides that must agree, period by period. `waits_for` is the stream whose absence means something.

    `where` says which pairs are judged at all; of `breaks()` the first that holds is the one.
    """

    area: ClassVar[str]
    left: ClassVar[Side]
    right: ClassVar[Side]
    waits_for: ClassVar[str]
    where: ClassVar[str | None] = None
    subject_kind: ClassVar[str]
    runbook: ClassVar[str] = ""
    version: ClassVar[int] = 1

    @classmethod
    def name(cls) -> str:
        """The class name in snake case, which is the file's name too."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def breaks(self) -> list[Break]:
        """How a pair can be broken, in order."""
        raise TypeError(f"{type(self).__name__} declares no breaks")

    def thresholds(self) -> dict[str, int | float | str]:
        """The thresholds in force."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def flat(sql: str) -> str:
    """Write columns of the two sides as columns of the joined rows.

    >>> flat("left.records = 0 and right.value_micros > 5")
    'left_records = 0 and right_value_micros > 5'
    """
    return NUMBERED.sub(r"\1_\2", sql)
