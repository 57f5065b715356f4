"""Who lives in the simulated operator: subscribers with their habits, accounts, circles, journeys."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from replay.simulate.chance import DAY, Flags, Floats, Ints, chance, scatter

CLASSES = ("prepaid", "postpaid", "business", "m2m")
PREPAID, POSTPAID, BUSINESS, M2M = range(4)
SHARES = (0.45, 0.38, 0.12, 0.05)
LIMITS = (60_000_000, 100_000_000, 500_000_000, 20_000_000)
CURRENCY = "EUR"

ON_NET = 990_700_000_000
OFF_NET = 990_600_000_000
ABROAD = np.array(
    [442_070_000_000, 331_400_000_000, 493_020_000_000, 390_630_000_000, 340_910_000_000, 120_250_000_000]
)
VISITED = ("262-01", "208-10", "222-88", "310-260", "234-15")
HABITS = (
    "",
    "call centre",
    "courier",
    "teenager",
    "taxi dispatcher",
    "traveller",
    "family",
    "meter",
    "family abroad",
    "test line",
)


@dataclass(frozen=True)
class World:
    """Everything that stays as it is during a simulation, one number per subscriber.

    Circles need no memory: people stand in a ring and know those within `reach` places on both sides, so that
    friendship is mutual and friends of friends are often friends. `rate_…` is per day; `trunk` is the trunk by which a
    switchboard is connected, −1 for telephones.
    """

    seed: int
    start: int
    days: int
    kind: Ints
    account: Ints
    habit: Ints
    rate_calls: Floats
    rate_texts: Floats
    rate_sessions: Floats
    talk_s: Floats
    answered: Floats
    strangers: Floats
    reach: Ints
    ring: Ints
    trunk: Ints
    trip_since: Ints
    trip_until: Ints
    active_since: Ints
    place: Ints = field(repr=False)
    """Where each subscriber stands in the ring; −1 for machines."""

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def end(self) -> int:
        """The first moment after the simulation."""
        return self.start + self.days * DAY

    @cached_property
    def accounts(self) -> int:
        """How many accounts there are."""
        return int(self.account.max()) + 1

    @cached_property
    def holder(self) -> Ints:
        """The first subscriber of each account."""
        return np.unique(self.account, return_index=True)[1].astype(np.int64)

    @cached_property
    def members(self) -> Ints:
        """How many subscribers each account has."""
        return np.bincount(self.account, minlength=self.accounts)

    @cached_property
    def limit_micros(self) -> Ints:
        """What each account may spend in 24 hours."""
        base = np.array(LIMITS)[self.kind[self.holder]]
        return base + base // 2 * (self.members - 1)

    @cached_property
    def names(self) -> pl.DataFrame:
        """How each subscriber is called in records; the last row is nobody's."""
        who = np.arange(len(self))
        columns = {
            "subscriber_id": pl.Series([f"S{n:07}" for n in who.tolist()]),
            "account_id": pl.Series([account_id(n) for n in self.account.tolist()]),
            "imsi": pl.Series([f"99907{n:010}" for n in scatter(who, 1, 10**10).tolist()]),
            "imei": pl.Series([f"35{n:013}" for n in scatter(who, 2, 10**13).tolist()]),
            "msisdn": pl.Series((who + ON_NET).astype(str)),
        }
        frame = pl.DataFrame(columns)
        return pl.concat([frame, pl.DataFrame({name: [None] for name in columns}, schema=frame.schema)])

    @cached_property
    def cells(self) -> pl.Series:
        """The cells of the network, one for about fifty subscribers."""
        return pl.Series([f"999-07-{n // 64 + 1}-{n % 64 + 1}" for n in range(len(self) // 50 + 4)])

    def name(self, column: str, who: int) -> str:
        """One word of one subscriber."""
        return str(self.names[column][who])

    def with_habit(self, habit: str) -> Ints:
        """Everybody who has a habit."""
        return np.flatnonzero(self.habit == HABITS.index(habit))

    def has_habit(self, habit: str) -> Flags:
        """Which accounts have somebody with that habit."""
        return np.isin(np.arange(self.accounts), self.account[self.with_habit(habit)])

    def ordinary(self, *classes: int) -> Ints:
        """Everybody of these classes without a habit, here from the first day and at home: whom a plant may use."""
        plain = (self.habit == 0) & (self.active_since < self.start) & (self.trip_until == 0)
        return np.flatnonzero(plain & np.isin(self.kind, classes))

    def friend(self, who: Ints, step: Ints) -> Ints:
        """The friend who stands `step` places further in the ring."""
        return np.asarray(self.ring[(self.place[who] + step) % len(self.ring)])

    def is_roaming(self, who: Ints, moment: Ints) -> Flags:
        """Whether somebody is abroad at that moment."""
        return (moment >= self.trip_since[who]) & (moment < self.trip_until[who])


def account_id(number: int) -> str:
    """How an account is called.

    >>> account_id(12)
    'A0000012'
    """
    return f"A{number:07}"


def offnet_friend(who: Ints, step: Ints) -> Ints:
    """The number of a friend at another operator: always the same for the same place in the circle."""
    return OFF_NET + scatter(who * 64 + step + 32, 3, 10**8)


def friend_abroad(who: Ints, step: Ints) -> Ints:
    """One of two numbers abroad that somebody calls."""
    place = who * 2 + step % 2
    return ABROAD[scatter(place, 4, len(ABROAD))] + scatter(place, 5, 10**7)


def populate(subscribers: int, days: int, seed: int, start: int) -> World:
    """Draw a population."""
    rng = chance(seed, "population")
    kind = rng.choice(4, size=subscribers, p=SHARES)
    kind[: min(4, subscribers)] = np.arange(4)[:subscribers]
    habit = _habits(kind, rng)
    people = rng.permutation(np.flatnonzero(kind != M2M))
    place = np.full(subscribers, -1)
    place[people] = np.arange(len(people))
    since, until = _journeys(habit, days, start, rng)
    switchboards = (habit == HABITS.index("call centre")) | (habit == HABITS.index("taxi dispatcher"))
    return World(
        seed=seed,
        start=start,
        days=days,
        kind=kind,
        habit=habit,
        account=_accounts(kind, rng),
        ring=people,
        place=place,
        trunk=np.where(switchboards, np.arange(subscribers), -1),
        reach=rng.integers(5, 21, subscribers),
        trip_since=since,
        trip_until=until,
        active_since=_arrivals(kind, habit, days, start, rng),
        **_habitual(kind, habit, rng),
    )


def _habits(kind: Ints, rng: np.random.Generator) -> Ints:
    """Give a few people a habit that looks like fraud from afar; every machine is a meter."""
    habit = np.where(kind == M2M, HABITS.index("meter"), 0)
    wanted = {
        "call centre": BUSINESS,
        "courier": POSTPAID,
        "teenager": PREPAID,
        "taxi dispatcher": BUSINESS,
        "traveller": POSTPAID,
        "family": PREPAID,
        "family abroad": PREPAID,
        "test line": POSTPAID,
    }
    for name, klass in wanted.items():
        free = np.flatnonzero((kind == klass) & (habit == 0))
        some = rng.choice(free, min(len(free) // 3, max(2, len(kind) // 4000)), replace=False)
        habit[some] = HABITS.index(name)
    return habit


def _accounts(kind: Ints, rng: np.random.Generator) -> Ints:
    """Neighbours of one class share an account: families of one to four, firms of up to thirty, fleets of fifty."""
    account = np.empty(len(kind), np.int64)
    first = 0
    for klass, largest in enumerate((2, 4, 30, 50)):
        who = np.flatnonzero(kind == klass)
        sizes = rng.integers(1, largest + 1, len(who))
        account[who] = first + np.repeat(np.arange(len(who)), sizes)[: len(who)]
        first = int(account[who].max(initial=first - 1)) + 1
    return account


def _journeys(habit: Ints, days: int, start: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """A few in a thousand travel, and all who have the habit; 0 and 0 for those who stay at home."""
    begins = start + (rng.random(len(habit)) * days * DAY * 0.5).astype(np.int64)
    lasts = (rng.uniform(0.4, 4.0, len(habit)) * DAY).astype(np.int64)
    away = (habit == HABITS.index("traveller")) | ((rng.random(len(habit)) < 0.006) & (habit == 0))
    return np.where(away, begins, 0), np.where(away, begins + lasts, 0)


def _arrivals(kind: Ints, habit: Ints, days: int, start: int, rng: np.random.Generator) -> Ints:
    """When each subscriber was activated: within the last year, a few during the simulation."""
    before = start - DAY - (rng.random(len(kind)) ** 2 * 360 * DAY).astype(np.int64)
    during = start + (rng.random(len(kind)) * days * DAY).astype(np.int64)
    arriving = (rng.random(len(kind)) < 0.001 * days) & (habit == 0) & (kind != M2M)
    return np.where(arriving, during, before)


def _habitual(kind: Ints, habit: Ints, rng: np.random.Generator) -> dict[str, Floats]:
    """How often and how each one telephones, writes and surfs."""
    size = len(kind)
    lively = np.clip(rng.lognormal(0, 0.6, size), 0.1, 6)
    numbers = {
        "rate_calls": np.array([2.2, 2.8, 5.0, 0.0])[kind] * lively,
        "rate_texts": np.array([2.0, 1.5, 0.8, 0.0])[kind] * np.clip(rng.lognormal(0, 0.7, size), 0.05, 8),
        "rate_sessions": np.array([4.0, 6.0, 5.0, 24.0])[kind],
        "talk_s": rng.uniform(60, 150, size),
        "answered": rng.uniform(0.62, 0.8, size),
        "strangers": np.full(size, 0.05),
    }
    customs = {
        "call centre": {"rate_calls": 180.0, "talk_s": 90.0, "strangers": 0.95},
        "courier": {"rate_calls": 70.0, "talk_s": 20.0, "answered": 0.5, "strangers": 0.95},
        "teenager": {"rate_texts": 250.0},
        "taxi dispatcher": {"rate_calls": 160.0, "talk_s": 25.0, "answered": 0.8, "strangers": 0.9},
        "family abroad": {"rate_calls": 3.0, "talk_s": 90.0},
        "test line": {"rate_calls": 0.0},
    }
    for name, changes in customs.items():
        for column, value in changes.items():
            numbers[column] = np.where(habit == HABITS.index(name), value, numbers[column])
    return numbers
