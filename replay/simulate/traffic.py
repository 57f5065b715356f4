"""What subscribers do in an hour: call their circle and a few strangers, write, surf."""

import numpy as np
import polars as pl

from replay.simulate.chance import HOUR, MINUTE, Flags, Floats, Ints, chance, scatter
from replay.simulate.population import (
    HABITS,
    M2M,
    OFF_NET,
    ON_NET,
    World,
    friend_abroad,
    offnet_friend,
)
from replay.simulate.records import PER_MINUTE, Calls, sessions, texts, voice
from replay.simulate.rhythm import weights

LONGEST_S = 3600
ON_NET_SHARE, ABROAD_SHARE = 0.55, 0.012
HOT_FAMILY = 216_510_000_000
"""Relatives in a country whose numbers are on the list of high-risk ranges."""


class Traffic:
    """Usage, hour by hour. It remembers who is still on the telephone and what closes later."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.busy = np.zeros(len(world), np.int64)
        self.later: pl.DataFrame | None = None
        self.staff = world.has_habit("test line")[world.account]

    def hour(self, moment: int) -> pl.DataFrame:
        """The records that close within an hour, in order of their time of closing."""
        rows = [self._voice(moment), self._texts(moment), self._sessions(moment)]
        return self._closed([*rows, *([self.later] if self.later is not None else [])], moment + HOUR)

    def rest(self) -> pl.DataFrame:
        """What closes after the last hour."""
        return self._closed([self.later] if self.later is not None else [], 2**62)

    def _closed(self, rows: list[pl.DataFrame], before: int) -> pl.DataFrame:
        if not rows:
            return pl.DataFrame(schema={"event_time": pl.Int64})
        every = pl.concat(rows, how="diagonal")
        self.later = every.filter(pl.col("event_time") >= before)
        return every.filter(pl.col("event_time") < before)

    def _how_many(self, rate: Floats, moment: int, rng: np.random.Generator) -> Ints:
        """Who does something in this hour, once for each time."""
        world = self.world
        here = (world.active_since < moment) & (rate > 0)
        expected = np.where(here, rate * weights(moment)[world.kind], 0)
        return np.repeat(np.arange(len(world)), rng.poisson(expected))

    def _voice(self, moment: int) -> pl.DataFrame:
        world, rng = self.world, chance(self.world.seed, "calls", moment // HOUR)
        who = self._how_many(world.rate_calls, moment, rng)
        callee, called, kind = self._called(who, rng)
        answered = rng.random(len(who)) < world.answered[who]
        ring = np.where(answered, rng.integers(2, 26, len(who)), _rings_out(len(who), rng))
        talk = np.minimum(rng.exponential(world.talk_s[who]).astype(np.int64) + 1, LONGEST_S)
        start = moment + rng.integers(0, HOUR, len(who))
        price = np.array([PER_MINUTE["on-net"], PER_MINUTE["off-net"], PER_MINUTE["abroad"]])[kind]
        price = np.where(world.is_roaming(who, start), PER_MINUTE["roaming"], price)
        calls = Calls(who, callee, called, start, ring, np.where(answered, talk, 0), price)
        return voice(world, calls.only(self._free(calls)), f"{moment // HOUR}-")

    def _free(self, calls: Calls) -> Flags:
        """Leave out calls of people who are still on the telephone; switchboards carry many at once."""
        rows = pl.DataFrame({"who": calls.who, "start": calls.start, "end": calls.end, "busy": self.busy[calls.who]})
        earlier = pl.col("end").cum_max().shift(1).over("who").fill_null(0)
        free = (
            rows.with_row_index("at")
            .sort("start")
            .with_columns(free=pl.max_horizontal(earlier, "busy") <= pl.col("start"))
        )
        kept: Flags = free.sort("at")["free"].to_numpy() | (self.world.trunk[calls.who] >= 0)
        np.maximum.at(self.busy, calls.who[kept], calls.end[kept])
        return kept

    def _called(self, who: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
        """Whom each one calls: the subscriber or −1, the number, and 0 on-net, 1 off-net, 2 abroad."""
        world, size = self.world, len(who)
        step = 1 + (world.reach[who] * rng.random(size) ** 2).astype(np.int64)
        step = np.where(rng.random(size) < 0.5, step, -step)
        strange = rng.random(size) < world.strangers[who]
        draw = rng.random(size)
        ours, away = (draw < ON_NET_SHARE) | self.staff[who], draw > 1 - ABROAD_SHARE
        anyone = world.ring[rng.integers(0, len(world.ring), size)]
        callee = np.where(strange, anyone, world.friend(who, step))
        outside = np.where(strange, OFF_NET + rng.integers(0, 10**8, size), offnet_friend(who, step))
        called = np.where(ours, ON_NET + callee, np.where(away, friend_abroad(who, step), outside))
        kind = np.where(ours, 0, np.where(away, 2, 1))
        homesick = (world.habit[who] == HABITS.index("family abroad")) & (draw > 0.75)
        called = np.where(homesick, HOT_FAMILY + scatter(who, 9, 10**6), called)
        return np.where(ours & ~homesick, callee, -1), called, np.where(homesick, 2, kind)

    def _texts(self, moment: int) -> pl.DataFrame:
        world, rng = self.world, chance(self.world.seed, "texts", moment // HOUR)
        who = self._how_many(world.rate_texts, moment, rng)
        callee, called, _ = self._called(who, rng)
        times = moment + rng.integers(0, HOUR, len(who))
        return texts(world, f"{moment // HOUR}s", who=who, callee=callee, called=called, moment=times)

    def _sessions(self, moment: int) -> pl.DataFrame:
        """People surf by chance; meters report at the same second of every hour."""
        world, rng = self.world, chance(self.world.seed, "sessions", moment // HOUR)
        people = self._how_many(np.where(world.kind == M2M, 0, world.rate_sessions), moment, rng)
        meters = np.flatnonzero((world.kind == M2M) & (world.active_since < moment))
        who = np.concatenate([people, meters])
        start = np.concatenate([rng.integers(0, HOUR - MINUTE, len(people)), scatter(meters, 7, HOUR - MINUTE)])
        lasts = np.concatenate([rng.exponential(400, len(people)).astype(np.int64) + 1, np.full(len(meters), 2)])
        down = np.concatenate([rng.lognormal(14.5, 1.5, len(people)).astype(np.int64), np.full(len(meters), 1200)])
        lasts = np.minimum(lasts, LONGEST_S)
        return sessions(world, f"{moment // HOUR}d", who=who, start=moment + start, duration_s=lasts, down=down)


def _rings_out(size: int, rng: np.random.Generator) -> Ints:
    """How long a call rings that nobody answers; one in thirty hangs up at once."""
    return np.where(rng.random(size) < 1 / 30, rng.integers(1, 5, size), rng.integers(6, 40, size))
