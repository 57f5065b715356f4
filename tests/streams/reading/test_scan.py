"""The compiled scan and the typed decoder say the same of every line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.reading.decode import Decoder
from streams.reading.scan import scan_chunk
from streams.reading.scan_kernel import TOGETHER
from tests.streams.reading.files import read, write
from tollwatch.columns import defaults
from tollwatch.findings import Quarantined

GOOD = {
    "event_id": "a",
    "event_time": 1_790_000_000_000,
    "service": "voice",
    "record_type": "originating",
}
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.integers(-(10**19), 10**19),
    st.text(max_size=6),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.sampled_from(["voice", "sms", "originating", "é", '"', "\\", "\n", ""]),
)
NAMES = st.sampled_from(
    [
        "event_id",
        "event_time",
        "service",
        "record_type",
        "duration_s",
        "last_part",
        "calling_number",
        "charge_micros",
        "release_cause",
        "phase",
        "surprise",
        "event_idx",
    ]
)
FULL = {"event_id": "x", "event_time": 5, "service": "voice"}
RECORDS = st.builds(lambda base, more: base | more, st.sampled_from([{}, FULL]), st.dictionaries(NAMES, SCALARS))


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """One line: an object in some style, sometimes with a name twice, cut off, or with odd bytes."""
    record = draw(RECORDS)
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]))
    text = json.dumps(record, ensure_ascii=draw(st.booleans()), separators=separators).encode()
    how = draw(st.sampled_from(["", "", "", "twice", "cut", "odd", "blank", "nested", "return"]))
    if how == "twice" and len(record) > 0:
        name, value = next(iter(record.items()))
        return text[:-1] + f",{json.dumps(name)}:{json.dumps(value)}}}".encode()
    if how == "nested":
        return text[:-1] + b',"surprise2":{"a":[1,{"b":null}]}}' if len(text) > 2 else text
    return {"cut": text[:-1], "odd": text + b"\xff", "blank": b"  ", "return": text + b"\r"}.get(how, text)


@settings(max_examples=300)
@given(st.lists(lines(), min_size=1, max_size=6))
def test_the_fast_pass_is_never_of_another_opinion(given_lines: list[bytes]) -> None:
    """Rows, refusals and the count of unknown names are those of the decoder, line by line."""
    compare(given_lines)


@settings(max_examples=30, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=6), st.lists(st.integers(0, TOGETHER * 3), min_size=1, max_size=6))
def test_nor_where_many_lines_are_taken_some_at_a_time(odd: list[bytes], places: list[int]) -> None:
    """Odd lines anywhere among hundreds of good ones, of two forms."""
    good = [f'{{"event_id":"e{n}","event_time":{n},"service":"voice"}}'.encode() for n in range(3 * TOGETHER + 7)]
    good[TOGETHER : 2 * TOGETHER] = [line[:-1] + b',"duration_s":null}' for line in good[TOGETHER : 2 * TOGETHER]]
    for line, place in zip(odd, places, strict=False):
        good[place] = line
    compare(good)


NUMBERS = st.one_of(
    st.integers(-(10**19), 10**19).map(str),
    st.integers(-1000, 1000).map(str),
    st.text("0123456789", min_size=1, max_size=20),
    st.text("123456789", min_size=16, max_size=18),
    st.text("0123456789-+.eE:;<=>?/ ", max_size=20),
)


@settings(max_examples=300)
@given(NUMBERS, st.sampled_from(["event_time", "duration_s", "charge_micros", "surprise", "last_part"]))
def test_nor_of_any_number(number: str, name: str) -> None:
    """Of any length, with zeros before it, and with characters that stand near the digits."""
    rest = {n: v for n, v in FULL.items() if n != name}
    compare(
        [
            f'{{"{name}":{number},{json.dumps(rest)[1:]}'.encode(),
            f'{json.dumps(rest)[:-1]},"{name}":{number}}}'.encode(),
        ]
    )


@pytest.mark.parametrize("value", ["null", '"x"', "1", "true", "{}", '{"a":"b"}', "[]", '["x"]'])
def test_nor_of_what_is_neither_text_nor_number(value: str) -> None:
    """A list or a map, or what stands where one belongs."""
    begin = '{"event_id":"a","event_time":1790000000000,'
    compare([f'{begin}"hops":{value}}}'.encode()], "planned_tests")
    compare([f'{begin}"entity":"trunk","id":"1","attributes":{value}}}'.encode()], "reference")


def compare(given_lines: list[bytes], stream: str = "usage") -> None:
    """Let both read the lines."""
    scanned = scan_chunk(b"\n".join(given_lines), Decoder(stream, "p"), first=0)
    rows = {row.pop("_line"): {n: v for n, v in row.items() if v is not None} for row in scanned.rows.to_dicts()}
    refused = {each.position: each.reason for each in scanned.rejected}
    decoder = Decoder(stream, "p")
    for n, line in enumerate(given_lines):
        wanted = decoder.decode(line.rstrip(b"\r"), position=n)
        if isinstance(wanted, Quarantined):
            assert refused.pop(n) == wanted.reason
        elif wanted is not None:
            found = rows.pop(n)
            assert defaults(stream) | found == {name: value for name, value in wanted.items() if value is not None}
    assert (rows, refused) == ({}, {})
    assert scanned.unknown == decoder.take_unknown()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "truncated"),
        ("[1]", "Expected `object`"),
        ('{"event_id":"a","event_time":1,"service":"telepathy"}', "telepathy"),
        ('{"event_id":"a","event_time":1,"service":"voice","duration_s":-1}', "duration_s"),
        ('{"event_id":"a","event_time":1,"service":"voice","charge_micros":0.5}', "money is a whole number"),
        ('{"event_id":"a","event_time":"noon","service":"voice"}', "event_time"),
        ('{"event_id":"a","service":"voice"}', "event_time"),
        ('{"event_id":"a","event_id":"b","event_time":1,"service":"voice"}', "twice"),
        ('{"event_id":"","event_time":1,"service":"voice"}', "empty string"),
        (b'{"event_id":"\xff","event_time":1,"service":"voice"}', "not UTF-8"),
        ('{"event_id":"a","event_time":1,"service":"voice","x":' + "[" * 5000 + "]" * 5000 + "}", "nested too deeply"),
    ],
    ids=["cut", "list", "service", "negative", "float", "text", "absent", "twice", "empty", "bytes", "deep"],
)
def test_what_is_wrong_is_a_sentence(tmp_path: Path, line: str | bytes, reason: str) -> None:
    """Each with its position, while the lines around it are read."""
    good = '{"event_id":"%s","event_time":1,"service":"voice"}'
    rows, refused = read(write(tmp_path / "usage.ndjson", good % "a", line, good % "b"))
    assert [(row["event_id"], row["_offset"]) for row in rows] == [("a", 0), ("b", 2)]
    assert reason in refused[0].reason
    assert refused[0].position == 1
    assert refused[0].raw == (line.encode() if isinstance(line, str) else line)


@pytest.mark.parametrize(
    ("poison", "sentence"),
    [
        (b'{"\xff":1,"event_id":"p","event_time":1790000000000}', "not UTF-8"),
        (b'{"x":"\xed\xa0\x80","event_id":"p","event_time":1790000000000}', "not UTF-8"),
        (
            b'{"event_id":"p","service":"voice","record_type":"originating","event_time":99999999999999999999999}',
            "64 bits",
        ),
        (
            b'{"event_id":"p","service":"voice","record_type":"originating","event_time":1790000000000,"duration_s":18446744073709551615}',
            "64 bits",
        ),
        (b'{"event_id":"p","event_time":' + b"[" * 5000 + b"]" * 5000 + b"}", ""),
        (b'{"event_id":"p","x":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}", ""),
        (b'{"event_id":"p","event_time":1790000000000,"duration_s":' + b"9" * 5000 + b"}", ""),
    ],
)
def test_a_poisonous_record_is_refused_and_its_neighbours_are_taken(poison: bytes, sentence: str) -> None:
    """Whatever it does to the decoder: before and after it stand good ones."""
    good = [json.dumps(GOOD | {"event_id": name}).encode() for name in ("a", "b", "c")]
    scanned = scan_chunk(b"\n".join([good[0], poison, *good[1:]]) + b"\n", Decoder("usage", "p"), first=10)
    assert scanned.rows["event_id"].to_list() == ["a", "b", "c"]
    assert scanned.rows["_line"].to_list() == [0, 2, 3]
    (refused,) = scanned.rejected
    assert (refused.position, refused.raw) == (11, poison)
    assert sentence in refused.reason


def test_what_nobody_foresaw_costs_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in the reading of one record refuses that record, with what the defect said."""
    from streams.reading import scan  # noqa: PLC0415  (to be broken)

    whole = scan._scan

    def broken(chunk: bytes, decoder: Decoder, *, first: int) -> scan.Scanned:
        if b"poison" in chunk:
            raise ZeroDivisionError("a defect")
        return whole(chunk, decoder, first=first)

    monkeypatch.setattr(scan, "_scan", broken)
    names = ["a", "poison", "b", "", "c"]
    lines = [json.dumps(GOOD | {"event_id": name}).encode() if name else b"" for name in names]
    scanned = scan_chunk(b"\n".join(lines), Decoder("usage", "p"), first=0)
    assert scanned.rows["event_id"].to_list() == ["a", "b", "c"]
    assert scanned.rows["_line"].to_list() == [0, 2, 4]
    assert scanned.lines == 5
    assert ["ZeroDivisionError: a defect" in each.reason for each in scanned.rejected] == [True]
