"""One file through mediation: its records checked, completed, told from copies, put together, counted, passed on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from bss.mediation.assembly import aggregated, assembled, is_part, joined
from bss.mediation.duplicates import SEEN, copies
from bss.mediation.held import HELD, packed, told, unpacked, whole
from bss.mediation.legs import LEGS, correlated
from bss.mediation.register import FILES, File, copy_of
from bss_kit.places import NOWHERE, Places

LONGEST_S = 86_400
AHEAD_MS = 600_000
HOUR_MS = 3_600_000
NO_PARTY = "subscriber is not known"
NO_CALLED = "called number is missing"
BACKWARDS = "ends before it begins"
TOO_LONG = "lasts longer than a day"
AHEAD = "begins after its file was written"
PARTS = "parts are missing"
WAITING = "waits for further parts"


@dataclass(frozen=True)
class State:
    """What mediation remembers between files."""

    files: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FILES))
    seen: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SEEN))
    held: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=HELD))
    parts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=HELD))
    legs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LEGS))


@dataclass(frozen=True)
class Mediated:
    """What came out of a file. `copy_of` names the file that was taken before it with the same content."""

    state: State
    usage: pl.DataFrame
    suspense: pl.DataFrame
    batches: pl.DataFrame
    counts: pl.DataFrame
    duplicates: int = 0
    copy_of: str | None = None


def mediate(
    file: File,
    rows: pl.DataFrame,
    state: State,
    subscribers: pl.DataFrame,
    *,
    aggregate_s: int = 0,
    hold_unknown: bool = True,
    places: Places = NOWHERE,
) -> Mediated:
    """Take a file's records of usage. A file whose content was taken before changes nothing.

    `subscribers` has subscriber_id, account_id, msisdn, imsi, valid_from, valid_to: whose a record is when it does not
    say so. `aggregate_s` above 0 makes one data record of those of a subscriber within so many seconds. Without
    `hold_unknown` records of nobody pass: carriers' traffic.
    """
    if (before := copy_of(file, state.files)) is not None:
        nothing = whole(rows.head(0))
        return Mediated(state, nothing, nothing.select(), nothing.select(), nothing.select(), copy_of=before)
    given = places.at("mediation.file", whole(rows).with_columns(file_id=pl.lit(file.file_id)))
    read = places.at("mediation.read", copies(given, state.seen))
    fresh = read.filter(pl.col("duplicate_of").is_null())
    again = read.filter(pl.col("duplicate_of").is_not_null())
    now = _last(given)
    named = belonging(fresh.drop("duplicate_of", "key"), subscribers)
    reasons = named.with_columns(wrong=_reason(now, hold_unknown=hold_unknown))
    bad = reasons.filter(pl.col("wrong").is_not_null())
    held = places.at("mediation.suspense", packed(bad, pl.lit(bad["wrong"]), "mediation", now))
    passed = _onward(reasons.filter(pl.col("wrong").is_null()).drop("wrong"), state, now, aggregate_s, places)
    usage = places.at("mediation.usage", passed.usage)
    new = State(
        files=pl.concat([state.files, _file_row(file, given)]),
        seen=pl.concat([state.seen, fresh.select(*SEEN)]),
        held=pl.concat([state.held, held, packed(passed.lost, PARTS, "mediation", now)]),
        parts=packed(passed.waiting, WAITING, "mediation", pl.col("event_time")),
        legs=passed.legs,
    )
    hops = {"switch": given, "suspense": _both(bad, passed.lost), "duplicate": again, "mediation": usage}
    merged = len(given) - len(again) - len(bad) - len(passed.lost) - len(passed.usage)
    counted = counts(hops, file, merged=merged, now=now)
    suspense = _suspense(bad, again, passed.lost, now)
    return Mediated(new, usage, suspense, batch_row(file, given), counted, duplicates=len(again))


def _both(bad: pl.DataFrame, lost: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([bad.drop("wrong"), lost])


def _suspense(bad: pl.DataFrame, again: pl.DataFrame, lost: pl.DataFrame, now: int) -> pl.DataFrame:
    """Rows of `suspense` for what did not pass: wrong, a copy, a session that will not be whole."""
    rows = [
        told(bad, "suspended", pl.lit(bad["wrong"])),
        told(again, "discarded", pl.lit("duplicate")).with_columns(duplicate_of=again["duplicate_of"]),
        told(lost, "suspended", pl.lit(PARTS), now),
    ]
    return pl.concat(rows, how="diagonal")


@dataclass(frozen=True)
class _Passed:
    usage: pl.DataFrame
    waiting: pl.DataFrame
    lost: pl.DataFrame
    legs: pl.DataFrame


def _onward(rows: pl.DataFrame, state: State, now: int, aggregate_s: int, places: Places) -> _Passed:
    """Put parts together, aggregate, correlate both sides."""
    parts = pl.concat([unpacked(state.parts), rows.filter(is_part())])
    made, waiting, lost = assembled(parts, now)
    made = places.at("mediation.assembled", made)
    ready = pl.concat([rows.filter(~is_part()), made])
    if aggregate_s > 0:
        ready, _ = aggregated(ready, aggregate_s)
    usage, legs = correlated(ready.with_columns(hop=pl.lit("mediation")), state.legs)
    return _Passed(usage, waiting, lost, legs)


def release(
    state: State, event_ids: list[str], subscribers: pl.DataFrame, at: int
) -> tuple[State, pl.DataFrame, pl.DataFrame]:
    """Try records in suspense again, at an event time: the state, the records that pass now, rows of `suspense`.

    Parts of a session that are let go become the record of what is there. What is still wrong stays where it is.
    """
    chosen = state.held.filter(pl.col("event_id").is_in(event_ids))
    rows = belonging(unpacked(chosen), subscribers).with_columns(
        wrong=pl.when(is_part()).then(pl.lit(None, pl.String)).otherwise(_reason(at))
    )
    fine = rows.filter(pl.col("wrong").is_null()).drop("wrong")
    gone = fine.select("event_id")
    whole_ones = pl.concat([fine.filter(~is_part()), joined(fine.filter(is_part()))])
    usage, legs = correlated(whole_ones.with_columns(hop=pl.lit("mediation")), state.legs)
    held = state.held.join(gone, on="event_id", how="anti", maintain_order="left")
    return replace(state, held=held, legs=legs), usage, told(fine, "released", pl.lit(None, pl.String), at)


def discard(state: State, event_ids: list[str], reason: str, at: int) -> tuple[State, pl.DataFrame]:
    """Throw records in suspense away, for a reason: the state, rows of `suspense`."""
    chosen = state.held.filter(pl.col("event_id").is_in(event_ids))
    held = state.held.join(chosen.select("event_id"), on="event_id", how="anti", maintain_order="left")
    return replace(state, held=held), told(unpacked(chosen), "discarded", pl.lit(reason), at)


def belonging(rows: pl.DataFrame, subscribers: pl.DataFrame) -> pl.DataFrame:
    """Records with whose they are: as they say, or by SIM, or by number, as it was when they began."""
    if subscribers.is_empty():
        return rows
    moment = pl.coalesce("start_time", "event_time")
    own = pl.when(pl.col("record_type") == "terminating").then("called_number").otherwise("calling_number")
    known = subscribers.with_columns(pl.col("valid_from").fill_null(0), pl.col("valid_to").fill_null(2**62))
    unnamed = rows.filter(pl.col("subscriber_id").is_null() & (pl.col("record_type") != "transit"))
    found = unnamed.select("event_id", "imsi", own=own, moment=moment)
    by_sim = found.join(known.rename({"msisdn": "_"}), on="imsi")
    by_number = found.join(known, left_on="own", right_on="msisdn")
    valid = (pl.col("moment") >= pl.col("valid_from")) & (pl.col("moment") < pl.col("valid_to"))
    wanted = ["event_id", "subscriber_id", "account_id"]
    whose = pl.concat([by_sim.filter(valid).select(wanted), by_number.filter(valid).select(wanted)])
    whose = whose.unique("event_id", keep="first", maintain_order=True)
    done = rows.join(whose, on="event_id", how="left", suffix="_found", maintain_order="left")
    return done.with_columns(
        subscriber_id=pl.coalesce("subscriber_id", "subscriber_id_found"),
        account_id=pl.coalesce("account_id", "account_id_found"),
    ).drop("subscriber_id_found", "account_id_found")


def _reason(now: int, *, hold_unknown: bool = True) -> pl.Expr:
    """Why a record cannot be passed on; null where it can."""
    party = pl.lit(hold_unknown) & pl.col("subscriber_id").is_null() & (pl.col("record_type") != "transit")
    voice = pl.col("service") == "voice"
    return (
        pl.when(party)
        .then(pl.lit(NO_PARTY))
        .when(voice & pl.col("called_number").is_null())
        .then(pl.lit(NO_CALLED))
        .when(pl.col("start_time") > pl.col("event_time"))
        .then(pl.lit(BACKWARDS))
        .when(voice & (pl.col("duration_s") > LONGEST_S))
        .then(pl.lit(TOO_LONG))
        .when(pl.col("start_time") > now + AHEAD_MS)
        .then(pl.lit(AHEAD))
    )


def _last(rows: pl.DataFrame) -> int:
    newest = rows["event_time"].max()
    return int(newest) if isinstance(newest, int) else 0


def _file_row(file: File, rows: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "tenant": [file.tenant],
            "source": [file.source],
            "sha256": [file.sha256],
            "file_id": [file.file_id],
            "sequence_number": [file.sequence_number],
            "records": [len(rows)],
            "first_time": [rows["event_time"].min()],
            "last_time": [rows["event_time"].max()],
        },
        schema=FILES,
    )


def batch_row(file: File, rows: pl.DataFrame) -> pl.DataFrame:
    """The row of `batches` for a file: its records, seconds and charges (of one currency), as the switch wrote them."""
    first, last = rows["event_time"].min(), rows["event_time"].max()
    currencies = rows["currency"].drop_nulls().unique().to_list()
    return pl.DataFrame(
        {
            "event_id": [f"file-{file.source}-{file.file_id}"],
            "event_time": [last or 0],
            "source": [file.source],
            "tenant": [file.tenant],
            "batch_id": [file.file_id],
            "file_name": [file.file_id],
            "kind": ["file"],
            "scope": ["usage"],
            "state": ["closed"],
            "period_start": [first or 0],
            "period_end": [last + 1 if isinstance(last, int) else 0],
            "sequence_number": [file.sequence_number],
            "sequence_modulus": [file.modulus],
            "records": [len(rows)],
            "units": [rows["duration_s"].sum()],
            "amount_micros": [rows["charge_micros"].sum() if len(currencies) < 2 else None],
            "currency": [currencies[0] if len(currencies) == 1 else None],
        },
        schema_overrides={"amount_micros": pl.Int64, "currency": pl.String},
    )


def counts(hops: Mapping[str, pl.DataFrame], file: File, *, merged: int, now: int) -> pl.DataFrame:
    """Rows of `counts`: what each node's records came to at each hop, by the hour in which they ended.

    Records in are records out, in suspense, duplicate, and merged into others. Parts that wait count as merged, and
    come out of it again when their session is whole.
    """
    parts = [
        rows.group_by(
            node=pl.coalesce("node", "source"), hour=pl.col("event_time") // HOUR_MS * HOUR_MS, maintain_order=True
        ).agg(
            records=pl.len().cast(pl.Int64),
            seconds=pl.col("duration_s").sum(),
            bytes=pl.sum_horizontal(pl.col("uplink_bytes").sum(), pl.col("downlink_bytes").sum()),
            hop=pl.lit(hop).first(),
        )
        for hop, rows in hops.items()
    ]
    hour = now // HOUR_MS * HOUR_MS
    joint = pl.DataFrame({"node": [file.source], "hour": [hour], "records": [merged], "hop": ["merged"]})
    table = pl.concat([*parts, *([joint] if merged else [])], how="diagonal")
    return table.with_columns(
        event_id=pl.format("{}-{}-{}-{}", pl.lit(file.file_id), "hop", "node", "hour"),
        event_time=pl.lit(now, pl.Int64),
        source=pl.lit("mediation"),
        file_id=pl.lit(file.file_id),
        tenant=pl.lit(file.tenant),
    )
