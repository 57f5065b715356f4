"""Mediation: nothing is lost, nothing is counted twice, and what waits says for what."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.mediation import mediate as m
from bss.mediation.held import whole
from bss.mediation.mediate import Mediated, State, discard, mediate, release
from bss.mediation.register import FILES, File, gaps
from tests.bss.plans import calls

NOON = 1_773_144_000_000
NOBODY = pl.DataFrame(
    schema={"subscriber_id": pl.String, "account_id": pl.String, "msisdn": pl.String, "imsi": pl.String}
    | {"valid_from": pl.Int64, "valid_to": pl.Int64}
)


def file(name: str = "f1", number: int | None = 1, content: str | None = None) -> File:
    """A file of a switch."""
    return File("msc-1", name, content or f"hash of {name}", number)


def taken(rows: pl.DataFrame, state: State | None = None, name: str = "f1", **more: Any) -> Mediated:
    """A file with these records through mediation."""
    return mediate(file(name), rows, state or State(), more.pop("subscribers", NOBODY), **more)


def some_calls(count: int = 3) -> pl.DataFrame:
    """Calls one after another."""
    return calls([NOON + n * 600_000 for n in range(count)], [60 + n for n in range(count)], ["4470"] * count)


def balance(made: Mediated) -> int:
    """Records in, less those at every other hop."""
    sums = dict(made.counts.group_by("hop").agg(pl.sum("records")).rows())
    return sums.pop("switch") - sum(sums.values())


def test_the_same_file_under_another_name_changes_nothing() -> None:
    """A file is known by its content; what it says was taken with the first."""
    first = taken(some_calls())
    again = mediate(file("f1.again", content="hash of f1"), some_calls(), first.state, NOBODY)
    assert again.copy_of == "f1"
    assert again.usage.is_empty()
    assert again.state is first.state
    assert len(first.usage) == 3


def test_the_same_records_in_another_file_are_discarded_and_name_the_first() -> None:
    """A switch that sends its last hour again with a few records more."""
    first = taken(some_calls(3))
    second = taken(some_calls(4).with_columns(event_id=pl.format("again-{}", "event_id")), first.state, "f2")
    assert second.usage["duration_s"].to_list() == [63]
    assert second.duplicates == 3
    said = second.suspense.select("state", "reason", "duplicate_of").rows()
    assert said == [("discarded", "duplicate", f"u{n}") for n in range(3)]
    assert balance(second) == 0


def test_calls_that_only_look_alike_are_no_copies() -> None:
    """Redialled within the minute, or the same second by another subscriber: all of them are paid."""
    rows = pl.concat([some_calls(1), some_calls(1).with_columns(subscriber_id=pl.lit("S2"), event_id=pl.lit("v"))])
    later = some_calls(1).with_columns(pl.col("start_time", "event_time") + 1000, event_id=pl.lit("w"))
    assert len(taken(pl.concat([rows, later])).usage) == 3


def test_gaps_in_a_sources_numbers_are_found_also_where_they_begin_anew() -> None:
    """Numbers of one source, in the order of their times; a copy with the same number is no gap."""
    rows = [("a", n, at) for at, n in enumerate([9_997, 9_998, 2, 3, 3])] + [("b", 7, 0), ("b", 8, 1)]
    known = pl.DataFrame(rows, schema=["source", "sequence_number", "first_time"], orient="row")
    absent = [pl.lit(None, kind).alias(name) for name, kind in FILES.items() if name not in known.columns]
    found = gaps(known.with_columns(absent), 10_000)
    assert found.rows() == [("a", 9_999, 1, 3)]


def test_a_long_call_comes_out_once_when_its_last_part_is_there() -> None:
    """Parts over three files, out of order; they add up, from the first beginning to the last end."""
    parts = some_calls(3).with_columns(
        session_id=pl.lit("long"), part_number=pl.Series([1, 2, 3]), last_part=pl.Series([False, False, True])
    )
    one = taken(parts[2:], name="f1")
    two = taken(parts[:1], one.state, "f2")
    assert (len(one.usage), len(two.usage), len(two.state.parts)) == (0, 0, 2)
    three = taken(parts[1:2], two.state, "f3")
    row = three.usage.row(0, named=True)
    assert (row["duration_s"], row["start_time"], row["event_time"]) == (183, NOON, NOON + 1_200_000 + 62_000)
    assert three.state.parts.is_empty()
    assert sum(balance(each) for each in (one, two, three)) == 0


def test_parts_that_count_since_the_beginning_are_not_added_up() -> None:
    """A gateway that reports its counter: the greatest is what was used."""
    parts = some_calls(2).with_columns(
        session_id=pl.lit("s"), phase=pl.Series(["interim", "stop"]), part_counts=pl.lit("since_start")
    )
    assert taken(parts).usage["duration_s"].to_list() == [61]


def test_a_session_with_a_missing_part_goes_into_suspense_after_a_day_and_can_be_let_go() -> None:
    """What is there is not lost: who releases it gets one record of the parts there are."""
    parts = some_calls(2).with_columns(
        session_id=pl.lit("s"), part_number=pl.Series([1, 3]), last_part=pl.Series([False, True])
    )
    first = taken(parts)
    later = some_calls(1).with_columns(pl.col("start_time", "event_time") + 2 * 86_400_000, event_id=pl.lit("x"))
    second = taken(later, first.state, "f2")
    assert second.state.held["reason"].to_list() == [m.PARTS] * 2
    assert second.suspense.select("refers_to", "state").rows() == [("u0", "suspended"), ("u1", "suspended")]
    state, usage, said = release(second.state, ["u0", "u1"], NOBODY, NOON)
    assert usage["duration_s"].to_list() == [121]
    assert state.held.is_empty()
    assert said["state"].to_list() == ["released"] * 2


def test_a_record_of_nobody_waits_until_somebody_is_known() -> None:
    """By SIM or by number, as it was when the call began."""
    rows = some_calls(2).with_columns(
        subscriber_id=pl.lit(None, pl.String), calling_number=pl.lit("35191"), imsi=pl.Series([None, "26801"])
    )
    made = taken(rows)
    assert made.state.held["reason"].to_list() == [m.NO_PARTY] * 2
    assert balance(made) == 0
    known = pl.DataFrame(
        [("S7", "A7", "35191", None, 0, NOON + 1), ("S8", "A8", None, "26801", 0, None)],
        schema=NOBODY.schema,
        orient="row",
    )
    state, usage, said = release(made.state, ["u0", "u1"], known, NOON)
    assert usage.sort("event_id")["subscriber_id"].to_list() == ["S7", "S8"]
    assert said["state"].to_list() == ["released"] * 2
    assert state.held.is_empty()
    _, still, nothing = release(made.state, ["u0"], NOBODY, NOON)
    assert still.is_empty()
    assert nothing.is_empty()


def test_a_record_that_makes_no_sense_is_held_and_can_be_thrown_away() -> None:
    """Ends before it begins, lasts longer than a day, has no called number: each says so."""
    rows = some_calls(3).with_columns(
        start_time=pl.Series([NOON + 10**9, NOON, NOON]),
        duration_s=pl.Series([1, 90_000, 1]),
        called_number=pl.Series(["4", "4", None]),
    )
    made = taken(rows)
    assert made.state.held["reason"].to_list() == [m.BACKWARDS, m.TOO_LONG, m.NO_CALLED]
    state, said = discard(made.state, ["u0"], "test call", NOON)
    assert state.held["event_id"].to_list() == ["u1", "u2"]
    assert said.select("state", "reason").rows() == [("discarded", "test call")]


def test_both_sides_of_a_call_get_one_reference_over_files() -> None:
    """The called one's record comes an hour later from another switch, whose clock is a second ahead."""
    sent = some_calls(2).with_columns(calling_number=pl.lit("35191"))
    received = sent.with_columns(
        pl.col("start_time", "event_time") + 1000,
        event_id=pl.col("event_id") + "t",
        record_type=pl.lit("terminating"),
        subscriber_id=pl.lit("S2"),
    )
    one = taken(sent)
    two = taken(received, one.state, "f2")
    assert one.usage["call_reference"].to_list() == two.usage["call_reference"].to_list() == ["u0", "u1"]
    far = received.with_columns(pl.col("start_time", "event_time") + 60_000, event_id=pl.col("event_id") + "x")
    alone = taken(far, one.state, "f3").usage["call_reference"].to_list()
    assert alone == ["u0tx", "u1tx"]


def test_small_data_records_of_an_hour_become_one() -> None:
    """Bytes add up; other subscribers, services and rating groups stay apart."""
    data = some_calls(4).with_columns(
        service=pl.lit("data"), uplink_bytes=1, downlink_bytes=10, rating_group=pl.Series(["1", "1", "1", "2"])
    )
    made = taken(data, aggregate_s=86_400)
    assert sorted(made.usage.select("rating_group", "downlink_bytes").rows()) == [("1", 30), ("2", 10)]
    assert balance(made) == 0


def test_a_batch_says_what_its_file_held() -> None:
    """Number, records, seconds: what a control compares with what is found later."""
    row = taken(some_calls(3)).batches.row(0, named=True)
    assert (row["sequence_number"], row["records"], row["units"], row["scope"]) == (1, 3, 183, "usage")
    assert row["period_end"] == NOON + 1_200_000 + 62_000 + 1


@settings(max_examples=40, deadline=None)
@given(data=st.data(), count=st.integers(1, 25))
def test_nothing_is_lost_and_nothing_twice_however_records_are_cut_into_files(data: st.DataObject, count: int) -> None:
    """Any order, any files, any repeats: in the end every record came out once, whole sessions as one."""
    rows = some_calls(count).with_columns(
        session_id=pl.Series([f"s{n // 3}" if n % 2 else None for n in range(count)], dtype=pl.String)
    )
    rows = rows.with_columns(
        part_number=pl.when(pl.col("session_id").is_not_null()).then(pl.int_range(1, pl.len() + 1).over("session_id")),
        last_part=pl.col("session_id").is_not_null()
        & (pl.int_range(pl.len()).over("session_id") == pl.len().over("session_id") - 1),
    )
    order = data.draw(st.permutations(range(count)))
    repeats = data.draw(st.lists(st.integers(0, count - 1), max_size=5))
    places = [*order, *repeats]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(places)), max_size=4)))
    state, out, unbalanced = State(), [], 0
    for name, (since, until) in enumerate(zip([0, *cuts], [*cuts, len(places)], strict=True)):
        made = taken(whole(rows[places[since:until]]), state, f"f{name}")
        state = made.state
        if made.copy_of is None:
            out.append(made.usage)
            unbalanced += balance(made) if len(made.counts) else 0
    usage = pl.concat(out)
    assert usage["duration_s"].sum() == rows["duration_s"].sum()
    assert len(usage) == rows["session_id"].is_null().sum() + rows["session_id"].n_unique() - bool(
        rows["session_id"].null_count()
    )
    assert state.parts.is_empty()
    assert unbalanced == 0
