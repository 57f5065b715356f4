"""Usage records: what mediation delivers of calls, messages and sessions, both parties' where both are ours."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from replay.simulate.chance import MINUTE, SECOND, Flags, Ints, scatter
from replay.simulate.population import BUSINESS, CURRENCY, ON_NET, VISITED, World

HOME_NETWORK = "999-07"
PER_MINUTE = {"on-net": 50_000, "off-net": 100_000, "abroad": 450_000, "roaming": 300_000, "premium": 2_000_000}
PER_TEXT, PER_MEGABYTE, PER_MEGABYTE_ROAMING = 40_000, 1_000, 20_000


@dataclass(frozen=True)
class Calls:
    """Calls, one number per call: who calls whom (−1: nobody of ours), when, how long it rang and lasted."""

    who: Ints
    callee: Ints
    called: Ints
    start: Ints
    ring_s: Ints
    duration_s: Ints
    price: Ints
    """Micros per begun minute."""

    def __len__(self) -> int:
        return len(self.who)

    @property
    def end(self) -> Ints:
        """When each call was over."""
        return self.start + (self.ring_s + self.duration_s) * SECOND

    def only(self, kept: Flags) -> "Calls":
        """Some of the calls."""
        return Calls(*(getattr(self, name)[kept] for name in Calls.__dataclass_fields__))


def calls_by(world: World, who: int, price: str, *, called: Ints, start: Ints, ring_s: Ints, duration_s: Ints) -> Calls:
    """The calls of one subscriber, all at one price; numbers of ours have their second record."""
    ours = (called >= ON_NET) & (called < ON_NET + len(world))
    callee = np.where(ours, called - ON_NET, -1)
    size = len(called)
    return Calls(np.full(size, who), callee, called, start, ring_s, duration_s, np.full(size, PER_MINUTE[price]))


def charged(calls: Calls) -> Ints:
    """What each call costs: every begun minute of an answered one.

    >>> ones = np.ones(3, np.int64)
    >>> charged(Calls(ones, ones, ones, ones, ones, np.array([0, 60, 61]), ones * 100)).tolist()
    [0, 100, 200]
    """
    return -(-calls.duration_s // 60) * calls.price


def cell_of(world: World, who: Ints, moment: Ints) -> pl.Series:
    """At home in the evening and at night, elsewhere during the day; each person has one of both."""
    hour = moment // (60 * MINUTE) % 24
    out = (hour >= 8) & (hour < 18)
    return world.cells[scatter(who * 2 + out, 6, len(world.cells))]


def voice(world: World, calls: Calls, prefix: str) -> pl.DataFrame:
    """The originating record of each call, and the terminating one of calls to our own subscribers."""
    number = pl.Series(np.arange(len(calls))).cast(pl.String)
    caller = world.names[calls.who].select(pl.all().exclude("msisdn"), calling_number="msisdn")
    common = pl.DataFrame(
        {
            "event_time": calls.end,
            "start_time": calls.start,
            "ring_s": calls.ring_s,
            "duration_s": calls.duration_s,
            "answer_time": calls.start + calls.ring_s * SECOND,
            "called_number": pl.Series(calls.called).cast(pl.String),
        }
    ).with_columns(
        service=pl.lit("voice"),
        answer_time=pl.when(pl.col("duration_s") > 0).then("answer_time"),
        release_cause=pl.when(pl.col("duration_s") > 0).then(16).otherwise(19),
    )
    switchboard = world.trunk[calls.who]
    sent = pl.concat([common, caller], how="horizontal").with_columns(
        event_id=prefix + number,
        record_type=pl.lit("originating"),
        charge_micros=pl.Series(charged(calls)),
        trunk_in=pl.when(pl.Series(switchboard >= 0)).then(pl.lit("T") + pl.Series(switchboard).cast(pl.String)),
        **_place(world, calls.who, calls.start),
    )
    ours = calls.callee >= 0
    callee = world.names[calls.callee[ours]].select(pl.all().exclude("msisdn"))
    received = pl.concat([common.filter(pl.Series(ours)), callee], how="horizontal").with_columns(
        event_id=prefix + number.filter(pl.Series(ours)) + "t",
        record_type=pl.lit("terminating"),
        calling_number=caller["calling_number"].filter(pl.Series(ours)),
        **_place(world, calls.callee[ours], calls.start[ours]),
    )
    return _priced(pl.concat([sent, received], how="diagonal"))


def texts(world: World, prefix: str, *, who: Ints, callee: Ints, called: Ints, moment: Ints) -> pl.DataFrame:
    """A record of each message, and of its receipt by our own subscribers."""
    number = pl.Series(np.arange(len(who))).cast(pl.String)
    sender = world.names[who].select(pl.all().exclude("msisdn"), calling_number="msisdn")
    common = pl.DataFrame({"event_time": moment, "called_number": pl.Series(called).cast(pl.String)})
    common = common.with_columns(service=pl.lit("sms"), origin=pl.lit("person"))
    sent = pl.concat([common, sender], how="horizontal").with_columns(
        event_id=prefix + number,
        record_type=pl.lit("originating"),
        **_place(world, who, moment),
        charge_micros=pl.Series(np.where(world.kind[who] == BUSINESS, 0, PER_TEXT)),
    )
    ours = callee >= 0
    receiver = world.names[callee[ours]].select(pl.all().exclude("msisdn"))
    received = pl.concat([common.filter(pl.Series(ours)), receiver], how="horizontal").with_columns(
        event_id=prefix + number.filter(pl.Series(ours)) + "t",
        record_type=pl.lit("terminating"),
        calling_number=sender["calling_number"].filter(pl.Series(ours)),
        **_place(world, callee[ours], moment[ours]),
    )
    return _priced(pl.concat([sent, received], how="diagonal"))


def sessions(world: World, prefix: str, *, who: Ints, start: Ints, duration_s: Ints, down: Ints) -> pl.DataFrame:
    """A record of each data session."""
    number = pl.Series(np.arange(len(who))).cast(pl.String)
    person = world.names[who].select(pl.all().exclude("msisdn"), calling_number="msisdn")
    price = np.where(world.is_roaming(who, start), PER_MEGABYTE_ROAMING, PER_MEGABYTE)
    rows = pl.DataFrame(
        {
            "event_time": start + duration_s * SECOND,
            "start_time": start,
            "duration_s": duration_s,
            "downlink_bytes": down,
            "uplink_bytes": down // 9,
            "charge_micros": down * price // 1_000_000,
        }
    )
    return _priced(
        pl.concat([rows, person], how="horizontal").with_columns(
            event_id=prefix + number,
            service=pl.lit("data"),
            record_type=pl.lit("originating"),
            apn=pl.when(pl.Series(world.place[who] < 0)).then(pl.lit("meter.iot")).otherwise(pl.lit("internet")),
            **_place(world, who, start),
        )
    )


def _place(world: World, who: Ints, moment: Ints) -> dict[str, pl.Expr]:
    """Where somebody was: at home in one of our cells, or abroad in another network, whose records come as TAP."""
    away = pl.lit(pl.Series(world.is_roaming(who, moment)))
    network = pl.Series(VISITED)[scatter(who, 8, len(VISITED))]
    return {
        "serving_network": pl.when(away).then(pl.lit(network)).otherwise(pl.lit(HOME_NETWORK)),
        "cell_id": pl.when(~away).then(pl.lit(cell_of(world, who, moment))),
        "source": pl.when(away).then(pl.lit("tap")).otherwise(pl.lit("mediation")),
    }


def _priced(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(currency=pl.when(pl.col("charge_micros").is_not_null()).then(pl.lit(CURRENCY)))
