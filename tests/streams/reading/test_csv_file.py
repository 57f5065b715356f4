"""CSV as it comes: quotes, gaps, wrong bytes; one bad record is one bad record."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reading.csv_file import read_csv
from streams.reading.tables import Bad, Part, without_last
from tests.streams.reading.files import CALLS, HEADER, LINE, mapping, read, write
from tollwatch.errors import InputError

OWN = "event_id,event_time,service,calling_number"


def test_columns_with_our_names_need_no_mapping(tmp_path: Path) -> None:
    """Numbers, empty places, a zoned time as text."""
    path = write(tmp_path / "usage.csv", OWN, "a,1767225600000,voice,4511", "b,2026-01-01T01:00:00+01:00,sms,")
    rows, refused = read(path)
    assert not refused
    assert rows == [
        {"event_id": "a", "event_time": 1767225600000, "service": "voice", "calling_number": "4511", "_offset": 0},
        {"event_id": "b", "event_time": 1767225600000, "service": "sms", "_offset": 1},
    ]


def test_without_a_mapping_a_missing_column_is_one_sentence(tmp_path: Path) -> None:
    """It says which column, and how to go on."""
    path = write(tmp_path / "usage.csv", "event_id,time,service", "a,1767225600000,voice")
    with pytest.raises(InputError, match=r"there is no column `event_time`.*known: time.*--mapping"):
        read(path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("b,1767225600000,voice", "has 3 columns, the header 4"),
        ("b,1767225600000,voice,1,2", "has 5 columns, the header 4"),
        (b"b,1767225600000,voice,\xff", "not utf-8"),
        ("b,1767225600000,voice,\x00", "zero byte"),
        ('b,1,voice,"x"y', "no CSV"),
        ("b,1767225600000,telepathy,1", "telepathy"),
        ("x" * 2_000_000, "larger than field limit"),
    ],
    ids=["short", "long", "bytes", "zero", "quote", "service", "endless"],
)
def test_one_bad_record_is_one_bad_record(tmp_path: Path, line: str | bytes, reason: str) -> None:
    """Before and behind it everything is read; the positions count it."""
    path = write(tmp_path / "usage.csv", OWN, "a,1767225600000,voice,1", line, "c,1767225600000,voice,1")
    rows, refused = read(path)
    assert [(row["event_id"], row["_offset"]) for row in rows] == [("a", 0), ("c", 2)]
    assert [(each.position, each.line) for each in refused] == [(1, 3)]
    assert reason in refused[0].reason


def test_a_header_that_cannot_be_used(tmp_path: Path) -> None:
    """Empty, twice the same, nameless."""
    for header, word in (("", "header"), ("a,a", "twice"), ("a,,b", "no name")):
        with pytest.raises(InputError, match=word):
            read(write(tmp_path / "usage.csv", *([header] if header else [])))


def test_the_form_of_the_file_stands_in_the_mapping(tmp_path: Path) -> None:
    """Separator, no header, another encoding, a word for nothing."""
    fields = CALLS["fields"] | {"calling_number": "a"}  # type: ignore[operator]
    fields["charge_micros"] = {"sql": "CAST(replace(price, ',', '') AS BIGINT) * 100000"}
    how = mapping(separator=";", header=HEADER.split(";"), encoding="latin-1", null=["", "NA"], fields=fields)
    path = write(tmp_path / "calls.txt", LINE.replace("4511", "b\xe9").encode("latin-1"), LINE.replace("4511", "NA"))
    rows, refused = read(path, mappings=[how])
    assert not refused
    assert [row.get("calling_number") for row in rows] == ["bé", None]
    assert rows[0]["charge_micros"] == 1_500_000


def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    """From any record on, what comes is the rest of the whole."""
    path = write(tmp_path / "usage.csv", OWN, *(f"e{n},{n},voice," if n % 7 else "bad" for n in range(50)))
    whole = read(path)[0]
    for start in (0, 1, 7, 8, 49, 50):
        assert read(path, start=start)[0] == [row for row in whole if row["_offset"] >= start]


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x85\u2028\u2029"), max_size=8)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=12))
def test_what_csv_writes_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    """Quoted separators, quotes and blanks come back as they were."""
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL).writerows([("x", "y"), *rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_text(made.getvalue(), "utf-8", newline="")
    found = [row for part in read_csv(path, mapping(null=[])) for row in part.table.rows()]
    assert found == rows


GOOD = LINE.replace(",", ".")


def test_lines_at_the_top_and_the_bottom_are_no_records(tmp_path: Path) -> None:
    """A report has a title before its header and a sum at its end; what is refused names the file's own line."""
    path = write(tmp_path / "c.csv", "Report of July", "", HEADER, GOOD, "", "2;nonsense", GOOD, "total;;;;2;", "end")
    rows, refused = read(path, mappings=[mapping(separator=";", skip_top=2, skip_bottom=2)])

    assert [row["_offset"] for row in rows] == [0, 2]
    assert [(each.position, each.line) for each in refused] == [(1, 6)]


@given(st.integers(0, 9), st.integers(1, 5), st.integers(1, 4))
def test_all_but_the_last_records_however_they_are_cut(last: int, size: int, number: int) -> None:
    """As many are missing at the end as were asked for, none where there are fewer."""
    whole = [
        Part(pl.DataFrame({"a": [*range(n * size, n * size + size - 1)]}), n * size, (n + 1) * size, [bad(n, size)])
        for n in range(number)
    ]
    kept = list(without_last(iter(whole), last))
    ordinals = [ordinal for part in kept for ordinal in part.ordinals()]
    refused = [each.position for part in kept for each in part.bad]

    assert sorted([*ordinals, *refused]) == [*range(max(0, size * number - last))]
    assert [value for part in kept for value in part.table["a"].to_list()] == ordinals


def bad(n: int, size: int) -> Bad:
    """The last record of a part is none."""
    return Bad((n + 1) * size - 1, "broken", b"")


def test_a_record_over_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    """Quotation marks hold line breaks; the next record's line is counted from the file's beginning."""
    broken = '"7\n\n7";01.07.2026 12:00:00;X;4511;60;1.5'
    _, refused = read(write(tmp_path / "c.csv", HEADER, GOOD, broken, "8;9"), mappings=[mapping(separator=";")])

    assert [each.line for each in refused] == [3, 6]
