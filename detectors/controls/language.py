"""What a revenue-assurance control may say: its sides, how they meet, what a break is called and worth.

A control is a frozen struct whose fields are its thresholds. Nothing here computes anything:
`detectors.controls.compile` makes one statement of SQL of it, which runs where the events are. All of them have one
form: each side gives rows with a subject, the rows of one subject (and slot of time) meet, and what they add up to is
broken or not.
"""

import re
from typing import ClassVar

import msgspec

DAY_S = 86_400
NOTHING = "toInt64(0)"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that take part, each with its subject. All texts are SQL over the columns of the rows.

    `rows` is a statement that gives the rows, with `{usage}` for the events of a stream; without it the rows are the
    events of `stream` themselves. It must give event_id and event_time. `stream` is what its proof rows are of.
    `money` is in millionths, above zero in whose favour the side speaks; `values` are further numbers (the largest of
    a subject counts). `slot` and `slot_end` are the period that a row belongs to (milliseconds), where the subject has
    several; without it a finding's period is the UTC day on which it began. `unit` names the money of a row, where a
    finding's money lies in its rows: another finding may claim the same.
    """

    stream: str
    subject: str = "event_id"
    rows: str | None = None
    where: str = "1"
    money: str = NOTHING
    units: str = NOTHING
    currency: str = "currency"
    account: str = "account_id"
    slot: str = NOTHING
    slot_end: str = NOTHING
    unit: str = ""
    values: dict[str, str] = {}


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which a subject is broken: its name, when it holds, what it is worth (positive: the operator loses).

    In `when` and `amount`, `side.records`, `side.money`, `side.units`, `side.first_at`, `side.last_at` and
    `side.NAME` of its values are what the rows of a side add up to; `as_of` is the time of the latest event.
    `claims` is the side whose rows the money is about (`a or b`: the first that has any), `records` how many are
    broken where that is not all of them. `cause` and `correction` are sentences for people, in which `{side.field}`
    is a field of the first row of a side, and `{subject}`, `{account}` and `{amount}` are the finding's own; a
    sentence that names what is not there is left out.
    """

    kind: str
    when: str
    amount: str
    claims: str
    records: str | None = None
    cause: str = ""
    correction: str = ""


class Control(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sides that must agree. `needs` are streams without whose events nothing can be said; default: all sides'.

    `by_currency`: amounts in several currencies are different subjects. `estimates`: the money is reckoned from means,
    because what is lost is not there to be counted. `final_after_s` behind the last row nothing is expected any more,
    or `final` says so; `occurred` is when the loss began, where that is not the time of the first row.

    A run looks only at what has changed since the last one, as far as a control tells what that is. Without `keys`
    it is run whole whenever one of its streams has news. `keys` gives for streams the key of an event: rows of one
    subject have one key, so that only keys with news are looked at (`{all_usage}` in a side is not cut down to
    them). `subjects` gives the subjects that keys may concern, as `key`, where the keys are not the subjects
    themselves. `reached` gives the keys that news of another stream touches, which are `{new}`. `news` says which
    events of a stream are news at all. `same` is asked of the events of both runs: another answer concerns every
    key. `every_s`: at most once in so much event time, while the log still grows.

    `unit` says what the money of a subject is, so that each cent counts once: `usage` (what its record costs a
    customer), `service_day` (the days of a product), `payment`, `file`; where it lies in rows, their side says so;
    without either it is nobody else's. `weight` is the share of risk that it covers, from 1 (little) to 5 (most revenue
    depends on it), by which coverage is reckoned.
    """

    area: ClassVar[str]
    number: ClassVar[int]
    sides: ClassVar[dict[str, Side]]
    subject_kind: ClassVar[str]
    runbook: ClassVar[str] = ""
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()
    by_currency: ClassVar[bool] = False
    estimates: ClassVar[bool] = False
    final_after_s: ClassVar[int] = 7 * DAY_S
    final: ClassVar[str | None] = None
    occurred: ClassVar[str | None] = None
    keys: ClassVar[dict[str, str]] = {}
    subjects: ClassVar[str | None] = None
    reached: ClassVar[dict[str, str]] = {}
    news: ClassVar[dict[str, str]] = {}
    same: ClassVar[str | None] = None
    every_s: ClassVar[int] = 0
    unit: ClassVar[str] = ""
    weight: ClassVar[int] = 1

    @classmethod
    def name(cls) -> str:
        """The class name in snake case, which is the file's name too."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def reads(cls) -> list[str]:
        """The streams that it cannot do without."""
        return sorted(set(cls.needs or [side.stream for side in cls.sides.values()]))

    def breaks(self) -> list[Break]:
        """How a subject can be broken; the first that holds is the one."""
        raise TypeError(f"{type(self).__name__} declares no breaks")

    def waits_s(self) -> int:
        """How long behind its rows a subject may become broken without any news; 0: not at all."""
        return 0

    def thresholds(self) -> dict[str, int | float | str]:
        """The thresholds in force."""
        return {name: getattr(self, name) for name in self.__struct_fields__}
