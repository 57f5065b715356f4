"""What a mapping makes of a file: times with their zones, exact money, our words; and why a row is refused."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.read import open_source
from streams.reading.mapper import _money
from streams.reading.mapping import load_mapping
from tests.streams.reading.files import CALLS, mapping, read, write
from tollwatch.errors import ConfigurationError, InputError, RuleError

JULY_MS = 1_782_900_000_000  # 2026-07-01T10:00:00Z, noon in Copenhagen


def calls(tmp_path: Path, *lines: str, header: str = "id,at,kind,a,secs,price", **changes: Any) -> Any:
    """Rows and refusals of a CSV file."""
    path = write(tmp_path / "calls.csv", header, *lines)
    return read(path, mappings=[mapping(**changes)])


def test_each_way_to_say_where_a_field_comes_from(tmp_path: Path) -> None:
    """Column, expression, constant, words, a local time with its zone, money in units."""
    rows, refused = calls(tmp_path, "1,01.07.2026 12:00:00,V,4511,-1,1.25")
    assert not refused
    assert rows == [
        {
            "event_id": "1",
            "event_time": JULY_MS,
            "service": "voice",
            "calling_number": "4511",
            "duration_s": 0,
            "charge_micros": 1_250_000,
            "currency": "DKK",
            "_offset": 0,
        }
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,yesterday,V,4511,60,1", "event_time (column at): `yesterday` is no time of the form %d.%m.%Y"),
        ("1,29.03.2026 02:30:00,V,4511,60,1", "or no such moment"),
        ("1,01.07.2026 12:00:00,X,4511,60,1", "service (column kind): `X` is none of V, S"),
        ("1,01.07.2026 12:00:00,V,4511,a minute,1", "secs: `a minute` is no whole number"),
        ("1,01.07.2026 12:00:00,V,4511,1.5,1", "secs: `1.5` is no whole number"),
        ("1,01.07.2026 12:00:00,V,4511,60,1.0000001", "`1.0000001` is no money of at most 6 decimals"),
        ("1,01.07.2026 12:00:00,V,4511,60,free", "`free` is no money"),
        ("1,,V,4511,60,1", "event_time"),
        (",01.07.2026 12:00:00,V,4511,60,1", "event_id"),
    ],
)
def test_a_wrong_row_is_refused_alone(tmp_path: Path, line: str, reason: str) -> None:
    """The row before and the row behind are read; the reason names field, column and value."""
    good = "{},01.07.2026 12:00:00,V,4511,60,1"
    rows, refused = calls(tmp_path, good.format("a"), line, good.format("b"))
    assert [(row["event_id"], row["_offset"]) for row in rows] == [("a", 0), ("b", 2)]
    assert reason in refused[0].reason
    assert (refused[0].position, refused[0].line) == (1, 3)


def test_a_negative_duration_is_refused(tmp_path: Path) -> None:
    """What the stream's type forbids is refused with its own words."""
    _, refused = calls(
        tmp_path,
        "1,1767225600000,-5",
        header="id,at,secs",
        columns={},
        fields={"event_id": "id", "event_time": "at", "service": {"value": "voice"}, "duration_s": "secs"},
    )
    assert "duration_s" in refused[0].reason


def test_money_is_never_a_float(tmp_path: Path) -> None:
    """A price with a point in a field of micros is refused, and told how to say what it is."""
    _, refused = calls(
        tmp_path,
        "1,1767225600000,0.5",
        header="id,at,price",
        columns={},
        fields={"event_id": "id", "event_time": "at", "service": {"value": "sms"}, "charge_micros": "price"},
    )
    assert "say with `money:` what 1 is" in refused[0].reason


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_money_is_exact(amount: Decimal) -> None:
    """Text becomes micros without a rounding, whatever the amount."""
    assert _money(pl.Series([str(amount)]), 1_000_000).to_list() == [int(amount * 1_000_000)]


def test_a_missing_or_renamed_column_is_one_sentence(tmp_path: Path) -> None:
    """Before a row is read: the file, the mapping's place, the nearest column there is."""
    with pytest.raises(InputError, match=r"calls\.csv \(calls\.yaml, field calling_number\): unknown column `a`"):
        calls(tmp_path, "1,2,V,3,4,5", header="id,at,kind,b_number,secs,price")
    with pytest.raises(InputError, match="unknown column `price`; did you mean `prices`"):
        calls(tmp_path, "1,2,V,3,4,5", header="id,at,kind,a,secs,prices")


def test_an_expression_points_at_the_word(tmp_path: Path) -> None:
    """A function that is not pure, a column that is not there."""
    impure = {"event_id": "id", "event_time": {"sql": "now()"}, "service": {"value": "sms"}}
    with pytest.raises(RuleError, match="field event_time"):
        calls(tmp_path, "1,2,V,3,4,5", fields=impure)


def test_where_leaves_rows_out(tmp_path: Path) -> None:
    """Rows of another kind are no events of the stream, and no reason for quarantine."""
    rows, refused = calls(
        tmp_path, "1,01.07.2026 12:00:00,V,4511,60,1", "2,nonsense,Z,4511,60,1", where="kind IN ('V', 'S')"
    )
    assert ([row["event_id"] for row in rows], refused) == (["1"], [])


def test_a_time_that_the_clocks_have_twice_is_the_first(tmp_path: Path) -> None:
    """An hour comes twice in October; a number can be ambiguous, a result cannot."""
    rows, _ = calls(tmp_path, "1,25.10.2026 02:30:00,V,4511,60,1")
    assert rows[0]["event_time"] == 1_792_888_200_000  # 00:30 UTC


def test_two_mappings_for_one_file(tmp_path: Path) -> None:
    """Which one is meant has to be said."""
    path = write(tmp_path / "calls.csv", "id")
    with pytest.raises(ConfigurationError, match="are both for it; say in each with `files:`"):
        read(path, mappings=[mapping(), mapping()])


def test_json_of_other_people(tmp_path: Path) -> None:
    """Inner objects are columns with a point; numbers keep their digits; what is no object is refused."""
    fields = {
        "event_id": "cdr.id",
        "event_time": {"column": "t", "format": "epoch_s"},
        "service": {"value": "voice"},
        "charge_micros": {"column": "cdr.price", "money": "units"},
    }
    path = write(tmp_path / "x.ndjson", '{"cdr":{"id":"7","price":0.1},"t":1782900000}', "[1]", "{")
    rows, refused = read(path, mappings=[mapping(fields=fields, columns={})])
    assert rows == [
        {"event_id": "7", "event_time": JULY_MS, "service": "voice", "charge_micros": 100_000, "_offset": 0}
    ]
    assert [each.position for each in refused] == [1, 2]


def test_a_let_has_the_type_of_its_expression(tmp_path: Path) -> None:
    """Text stays text, with its zeros; a number is a number; a time is milliseconds; words are translated."""
    rows, refused = calls(
        tmp_path,
        "1,01.07.2026 12:00:00,V,+0467001,60,1",
        "2,01.07.2026 12:00:00,V,Anonymous,60,1",
        let={
            "bare": {"sql": "replace(a, '+', '')"},
            "begun": {"column": "at", "format": "%d.%m.%Y %H:%M:%S", "zone": "Europe/Copenhagen"},
            "word": {"column": "kind", "values": {"V": "voice"}},
        },
        fields={
            "event_id": "id",
            "event_time": {"sql": "begun + 1000 * secs"},
            "service": "word",
            "calling_number": "bare",
        },
    )
    assert not refused
    assert [row["calling_number"] for row in rows] == ["0467001", "Anonymous"]
    assert rows[0]["event_time"] == JULY_MS + 60_000


@pytest.mark.parametrize(
    ("sql", "remedy"),
    [
        ("price * 2", r"`price \* 2` can never be worked out .*columns: \{price: integer\}"),
        ("secs + greatest(price, 0)", r"`GREATEST\(price, 0\)` can never be worked out .*columns: \{price: integer\}"),
        ("CASE WHEN price > 5 THEN secs ELSE 0 END", r"`price > 5` can never be worked out"),
        ("('a', 'b')", r"can never be worked out"),
        ("length(secs)", r"write CAST\(secs AS VARCHAR\) where text is wanted"),
    ],
)
def test_what_can_never_be_worked_out_is_refused_before_a_row_is_read(tmp_path: Path, sql: str, remedy: str) -> None:
    """At the word, with what to write."""
    with pytest.raises(RuleError, match=remedy):
        calls(tmp_path, "1,01.07.2026 12:00:00,V,4511,60,1", fields=CALLS["fields"] | {"duration_s": {"sql": sql}})


def test_a_row_whose_conversion_fails_is_refused_alone(tmp_path: Path) -> None:
    """With the value and the kind; a CASE that takes another way, and TRY_CAST, need no number."""
    sql = "CASE WHEN a = 'none' THEN 0 ELSE CAST(a AS BIGINT) END + coalesce(TRY_CAST(price AS BIGINT), 1)"
    lines = [
        f"{n},01.07.2026 12:00:00,V,{a},60,{price}"
        for n, (a, price) in enumerate([("1", "2"), ("none", ""), ("abc", 1)])
    ]
    rows, refused = calls(
        tmp_path, *lines, fields=CALLS["fields"] | {"calling_number": "id", "duration_s": {"sql": sql}}
    )
    assert [row["duration_s"] for row in rows] == [3, 1]
    assert [(each.position, each.reason) for each in refused] == [(2, "duration_s: `abc` cannot be read as BIGINT")]
    rows, refused = calls(tmp_path, *lines, fields=CALLS["fields"], where="CAST(a AS BIGINT) > 0")
    assert ([row["event_id"] for row in rows], [each.position for each in refused]) == (["0"], [1, 2])


@pytest.mark.parametrize(
    ("number", "made"),
    [("46700000001.0", "46700000001"), ("0046700000001", "0046700000001"), ("GOOGLE", "GOOGLE"), ("4.479E+11", None)],
)
def test_numbers_that_a_spreadsheet_made_floats_of(tmp_path: Path, number: str, made: str | None) -> None:
    """Whole ones become their digits, those that have lost some are refused; text stays text."""
    rows, refused = calls(tmp_path, f"1,01.07.2026 12:00:00,V,{number},60,1")
    assert [row["calling_number"] for row in rows] == ([] if made is None else [made])
    assert ["has lost digits in a spreadsheet" in each.reason for each in refused] == ([True] if made is None else [])


def test_identifiers_that_arrive_as_floats_become_their_digits(tmp_path: Path) -> None:
    """Of Parquet and of JSON; a fraction is refused."""
    frame = pl.DataFrame({"i": ["a", "b"], "n": [46700000001.0, 1.5], "t": [JULY_MS, JULY_MS]})
    frame.write_parquet(tmp_path / "f.parquet")
    frame.write_ndjson(tmp_path / "f.ndjson")
    fields = {"event_id": "i", "event_time": "t", "service": {"value": "sms"}, "calling_number": "n"}
    for name in ("f.parquet", "f.ndjson"):
        rows, refused = read(tmp_path / name, mappings=[mapping(columns={}, fields=fields)])
        assert rows[0]["calling_number"] == "46700000001"
        assert len(rows) + len(refused) == 2
    assert (
        "is a number with a fraction"
        in read(tmp_path / "f.parquet", mappings=[mapping(columns={}, fields=fields)])[1][0].reason
    )


@pytest.mark.parametrize(
    ("begun", "made"),
    [("0", None), ("1782900000", JULY_MS), ("25", "would be 1970-01-01"), ("1782900000000", "beyond all years")],
)
def test_every_time_is_plausible(tmp_path: Path, begun: str, made: int | str | None) -> None:
    """Seconds for milliseconds, a clock that is not set; zero says that there was no such moment."""
    rows, refused = calls(
        tmp_path,
        f"1,01.07.2026 12:00:00,V,4511,{begun},1",
        fields=CALLS["fields"] | {"duration_s": {"value": 1}, "answer_time": {"column": "secs", "format": "epoch_s"}},
    )
    if isinstance(made, str):
        assert made in refused[0].reason
    else:
        assert (rows[0].get("answer_time"), refused) == (made, [])


def test_yaml_keys_and_words_are_what_stands_there(tmp_path: Path) -> None:
    """`null`, `NO`, `1` and `044` are words of a feed like others."""
    path = write(
        tmp_path / "m.yaml",
        "stream: usage",
        "null: [null, NO, ~]",
        "fields:",
        "  event_id: id",
        "  event_time: {column: at, format: iso}",
        "  service: {column: kind, values: {1: voice, NO: sms, 0x1: data}}",
        "  calling_number: {value: 0044}",
        "  duration_s: {value: 5}",
        "  release_cause: {column: a}",
    )
    made = load_mapping(path)
    assert made.null == ["null", "NO", "~"]
    assert made.field("service").values == {"1": "voice", "NO": "sms", "0x1": "data"}
    file = write(tmp_path / "f.csv", "id,at,kind,a", "1,2026-07-01T10:00:00Z,1,NO", "2,2026-07-01T10:00:00Z,0x1,16")
    rows, refused = read(file, mappings=[made])
    assert not refused
    assert [(r["service"], r["calling_number"], r["duration_s"], r.get("release_cause")) for r in rows] == [
        ("voice", "0044", 5, None),
        ("data", "0044", 5, 16),
    ]


def test_rows_that_the_mapping_refuses_go_to_quarantine_with_its_reason(tmp_path: Path) -> None:
    """A duration of thousands of years, one that is negative; those that `where` leaves out are not refused."""
    refuse = [
        {"when": "secs > 86400", "because": "a call of more than a day"},
        {"when": "secs < 0", "because": "the clock went back"},
    ]
    line = "{},01.07.2026 12:00:00,{},4511,{},1"
    lines = [line.format(*each) for each in [(1, "V", 60), (2, "V", 136298900000), (3, "V", -1), (4, "X", -1)]]
    rows, refused = calls(tmp_path, *lines, refuse=refuse, where="kind = 'V'")
    assert [row["event_id"] for row in rows] == ["1"]
    assert [(each.position, each.reason) for each in refused] == [
        (1, "a call of more than a day"),
        (2, "the clock went back"),
    ]
    with pytest.raises(RuleError, match="is not true or false"):
        calls(tmp_path, line.format(1, "V", 60), refuse=[{"when": "secs", "because": "no"}])


def test_a_duration_is_whole_seconds_or_refused(tmp_path: Path) -> None:
    """As a telephone system writes it; nothing where the call was not answered."""
    fields = CALLS["fields"] | {"duration_s": {"column": "secs", "duration": "clock"}}
    line = "{},01.07.2026 12:00:00,V,4511,{},1"
    lines = [line.format(*each) for each in [(1, "00:08:10"), (2, "1.02:03:04"), (3, ""), (4, "0m10s")]]
    rows, refused = calls(tmp_path, *lines, columns={}, fields=fields)
    assert [row.get("duration_s") for row in rows] == [490, 93_784, None]
    assert [each.reason for each in refused] == [
        "duration_s (column secs): `0m10s` is no duration of the form HH:MM:SS or d.HH:MM:SS"
    ]


def test_numbers_are_normalised_to_those_of_the_mapping(tmp_path: Path) -> None:
    """National, international and wrapped ones become one; what can be no number is refused, senders stand."""
    fields = CALLS["fields"] | {
        "calling_number": {"column": "a", "number": {"country": "GB", "allow": ["alphanumeric"]}},
        "called_number": {"column": "b", "number": {"country_column": "land"}},
    }
    line = "{},01.07.2026 12:00:00,V,{},60,1,{},{}"
    given = [(1, "07900 900125", "0700000001", "SE"), (2, "GOOGLE", "+46700000001", "DK"), (3, "112", "", "SE")]
    rows, refused = calls(
        tmp_path, *[line.format(*each) for each in given], header="id,at,kind,a,secs,price,b,land", fields=fields
    )
    assert [(row["calling_number"], row["called_number"]) for row in rows] == [
        ("447900900125", "46700000001"),
        ("GOOGLE", "46700000001"),
    ]
    assert [each.reason for each in refused] == ["calling_number (column a): `112` can be no number of GB"]
    with pytest.raises(ConfigurationError, match="there is no country `UK`"):
        mapping(fields=CALLS["fields"] | {"calling_number": {"column": "a", "number": "UK"}})


def test_braces_are_text_like_any_other(tmp_path: Path) -> None:
    """In the name of a column, in its words, in a value."""
    fields = CALLS["fields"] | {"service": {"column": "{k}", "values": {"{0}": "voice"}}}
    _, refused = calls(tmp_path, "1,01.07.2026 12:00:00,{x},4511,60,1", header="id,at,{k},a,secs,price", fields=fields)
    assert [each.reason for each in refused] == ["service (column {k}): `{x}` is none of {0}"]


def test_a_field_has_null_words_of_its_own(tmp_path: Path) -> None:
    """`0` is a duration and no number; another field keeps the word."""
    fields = {**CALLS["fields"], "calling_number": {"column": "a", "null": ["0", "anonymous"]}}
    lines = [f"{n},01.07.2026 12:00:00,V,{a},0,1" for n, a in enumerate(["0", "anonymous", "4511"])]
    rows, refused = calls(tmp_path, *lines, fields=fields)

    assert [(row.get("calling_number"), row["duration_s"]) for row in rows] == [(None, 0), (None, 0), ("4511", 0)]
    assert refused == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["good", "other", "odd", "no time", "a;b"]), max_size=40))
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, kinds: list[str]) -> None:
    """What is read, what is in quarantine and what `where` leaves out are all records there were."""
    line = {
        "good": "{n},01.07.2026 12:00:00,V,45,60,1",
        "other": "{n},01.07.2026 12:00:00,internal,45,60,1",
        "odd": "{n},01.07.2026 12:00:00,V,45,many,1",
        "no time": "{n},noon,V,45,60,1",
        "a;b": "{n},too few",
    }
    path = tmp_path_factory.mktemp("m") / "c.csv"
    write(path, "id,at,kind,a,secs,price", *(line[kind].replace("{n}", str(n)) for n, kind in enumerate(kinds)))
    batches = list(open_source(path, "usage", mappings=[mapping(where="kind <> 'internal'")]).batches())

    assert sum(batch.left_out for batch in batches) == kinds.count("other")
    assert sum(len(batch.rows) for batch in batches) == kinds.count("good")
    assert sum(len(batch.rejected) for batch in batches) == len(kinds) - kinds.count("other") - kinds.count("good")


def test_elements_of_lists_have_names(tmp_path: Path) -> None:
    """The first eight of a list, also inside of others; a list itself stays what it was."""
    file = tmp_path / "c.ndjson"
    write(
        file,
        '{"id":"1","at":1790000000,"legs":[{"n":"4511"},{"n":null}],"tags":["a",["b","c"]],"long":[0,1,2,3,4,5,6,7,8]}',
    )
    fields = {
        "event_id": {"sql": "id || '-' || \"tags.1.0\" || '-' || \"long.7\""},
        "event_time": {"column": "at", "format": "epoch_s"},
        "service": {"value": "voice"},
        "calling_number": "legs.0.n",
        "called_number": "legs.1.n",
        "cell_id": "tags",
    }
    rows, refused = read(file, mappings=[mapping(fields=fields, columns={})])

    assert refused == []
    assert (rows[0]["event_id"], rows[0]["calling_number"], rows[0].get("called_number")) == ("1-b-7", "4511", None)
    assert rows[0]["cell_id"] == '["a",["b","c"]]'
