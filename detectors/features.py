"""The kinds of features: each is defined here, and its arithmetic in `engine/kernel`, which goes by its `code`.

A kind is called to declare a feature: `count(over=timedelta(hours=1), where="duration_s = 0")`. A rules file writes the
same as `count() over 1h where duration_s = 0`.
"""

from datetime import timedelta

import msgspec

from tollwatch.errors import RuleError

NULL = -(2**63)
"""What a feature's number is where there is none."""
LONG_AGO = -(2**62)
DEFAULT_PANES = 12
DEFAULT_SLOTS = 8
NO_TIME = timedelta()


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One number about a key, as it stands after each of the key's events.

    A sliding window is cut into `panes` aligned to the epoch and always holds the current pane whole and the
    `panes - 1` before it: it is short of `over` by up to one pane (`over / panes`), never longer. A tumbling window
    holds the events since its start. `delayed` shifts a sliding window into the past by whole panes.
    """

    kind: str
    value: str | None = None
    over: timedelta | None = None
    tumbling: bool = False
    delayed: timedelta = NO_TIME
    panes: int = DEFAULT_PANES
    where: str | None = None
    of: str | None = None
    by: str | None = None
    slots: int = DEFAULT_SLOTS


class Value(msgspec.Struct, frozen=True):
    """An expression whose value a feature reads of each event; text only where it is `hashed` or `unique`.

    What is `unique` is not shared with other features that name the same expression.
    """

    sql: str
    hashed: bool = False
    unique: bool = False


class FeatureKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of feature. What it remembers of a key: counts and numbers by pane, numbers of its own, numbers by slot.

    Lists of numbers are what a key begins with. `reads` are expressions that it reads whatever the rule says.
    """

    name: str
    code: int
    meaning: str
    takes_value: bool = False
    takes_text: bool = False
    has_panes: bool = True
    needs_window: bool = True
    can_be_delayed: bool = False
    can_be_null: bool = False
    is_claimed: bool = True
    counts_by_pane: bool = False
    numbers_by_pane: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    numbers_by_slot: tuple[int, ...] = ()
    reads: tuple[Value, ...] = ()

    def __call__(
        self,
        value: str | None = None,
        *,
        over: timedelta | None = None,
        where: str | None = None,
        of: str | None = None,
        by: str | None = None,
        tumbling: bool = False,
        delayed: timedelta = NO_TIME,
        panes: int | None = None,
        slots: int = DEFAULT_SLOTS,
    ) -> Feature:
        """Declare a feature of this kind. Raises RuleError where the kind does not go with what is said."""
        self.check(value, over, self.name)
        return Feature(
            kind=self.name,
            value=value,
            over=over,
            tumbling=tumbling,
            delayed=delayed,
            panes=self.panes(panes),
            where=where,
            of=of,
            by=by,
            slots=slots,
        )

    def check(self, value: str | None, over: timedelta | None, where: str) -> None:
        """Raise RuleError where a value or a window is missing, or stands where none may."""
        if (value is None) == self.takes_value:
            takes = "a value, for example a column" if self.takes_value else "no value"
            raise RuleError(f"{where}: {self.name}() takes {takes}")
        if self.needs_window and over is None:
            raise RuleError(f"{where}: {self.name}() needs a window; write `over 1h` behind it")

    def panes(self, wanted: int | None) -> int:
        """Into how many panes its window is cut."""
        return (DEFAULT_PANES if self.has_panes else 1) if wanted is None else wanted

    def count_cells(self, ring: int) -> int:
        """How many counts it keeps of a key, with so many panes."""
        return ring if self.counts_by_pane else 0

    def first_numbers(self, ring: int, slots: int) -> list[int]:
        """The numbers that it keeps of a key, as they are at first."""
        return [*self.numbers_by_pane * ring, *self.numbers, *self.numbers_by_slot * slots]

    def values(self, feature: Feature) -> tuple[Value, ...]:
        """The expressions that a feature reads of each event."""
        own = (Value(feature.value, hashed=self.takes_text),) if feature.value is not None else ()
        return (*own, *self.reads)


count = FeatureKind(name="count", code=0, meaning="how many events", can_be_delayed=True, counts_by_pane=True)
sum = FeatureKind(  # noqa: A001  (the language's word)
    name="sum",
    code=1,
    meaning="the sum of an integer expression; null adds nothing",
    takes_value=True,
    can_be_delayed=True,
    numbers_by_pane=(0,),
)
distinct = FeatureKind(
    name="distinct",
    code=2,
    meaning="how many different values, null included as none; exact",
    takes_value=True,
    takes_text=True,
    counts_by_pane=True,
)
max = FeatureKind(  # noqa: A001  (the language's word)
    name="max",
    code=3,
    meaning="the greatest value of an integer expression; null where there is none",
    takes_value=True,
    can_be_delayed=True,
    can_be_null=True,
    numbers_by_pane=(NULL,),
)
since = FeatureKind(
    name="since",
    code=4,
    meaning="whole seconds since the last earlier event; null where there was none within the window",
    has_panes=False,
    can_be_null=True,
    numbers=(NULL,),
)
overlapping = FeatureKind(
    name="overlapping",
    code=5,
    meaning="how many events start before the latest `event_time` of any earlier event that passes the same filter",
    counts_by_pane=True,
    numbers=(LONG_AGO,),
    reads=(Value("start_time"),),
)
concurrent = FeatureKind(
    name="concurrent",
    code=6,
    meaning="how many sessions of the key ran at one moment of this one, itself included; at most `slots`. Complete "
    "records count from `start_time` to `event_time`; a record with `phase` start opens its `session_id` until its "
    "stop comes, or for the window at the longest, so that a missing end is survived",
    has_panes=False,
    numbers_by_slot=(0, 0, NULL),
    reads=(
        Value("session_id", unique=True),
        Value("start_time", unique=True),
        Value("case phase when 'start' then 1 when 'interim' then 2 else 0 end", unique=True),
    ),
)
latest = FeatureKind(
    name="latest",
    code=7,
    meaning="the value of the key's last event, without a window: a limit, a class, a date from `reference`",
    takes_value=True,
    has_panes=False,
    needs_window=False,
    can_be_null=True,
    is_claimed=False,
    numbers=(NULL,),
)

KINDS: dict[str, FeatureKind] = {
    kind.name: kind for kind in (count, sum, distinct, max, since, overlapping, concurrent, latest)
}
FORMER_NAMES = {"total": "sum", "maximum": "max"}
"""What rules files called a kind before; both are read."""
