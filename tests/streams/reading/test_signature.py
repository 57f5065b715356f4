"""A file is what its bytes say: read, or one sentence that says what it is and what to do."""

import bz2
import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reading.signature import signature_of
from tests.streams.reading.files import mapping, read, write
from tollwatch.errors import InputError

OWN = "event_id,event_time,service,calling_number"
ROWS = ["a,1767225600000,voice,4511", "b,1767225601000,sms,ÆØÅ"]
TEXT = "\n".join([OWN, *ROWS]) + "\n"
TWO = [("a", "4511"), ("b", "ÆØÅ")]


def pairs(path: Path) -> list[tuple[str, str]]:
    """What is read of a file, nothing of which may be refused."""
    rows, refused = read(path)
    assert not refused
    return [(row["event_id"], row["calling_number"]) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_wide_text_is_read_with_and_without_a_mark(tmp_path: Path, encoding: str) -> None:
    """Nobody has to say so; what the mapping says is heeded, too."""
    path = tmp_path / "usage.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert pairs(path) == TWO
    fields = {
        "event_id": "event_id",
        "event_time": "event_time",
        "service": "service",
        "calling_number": "calling_number",
    }
    rows, refused = read(path, mappings=[mapping(encoding=encoding, columns={}, fields=fields)])
    assert (len(rows), refused) == (2, [])


def test_wide_json_is_read(tmp_path: Path) -> None:
    """As Windows' shell writes what it is given."""
    path = tmp_path / "usage.ndjson"
    path.write_bytes('{"event_id":"a","event_time":1767225600000,"service":"sms","source":"é"}\n'.encode("utf-16"))
    rows, refused = read(path)
    assert ([row["source"] for row in rows], refused) == (["é"], [])


def test_wide_text_that_breaks_off_is_said_and_what_came_before_is_taken(tmp_path: Path) -> None:
    """Half a character at the end."""
    path = tmp_path / "usage.csv"
    path.write_bytes(TEXT.encode("utf-16-le")[:-1])
    rows, refused = read(path)
    assert [row["event_id"] for row in rows] == ["a", "b"][: len(rows)]
    assert any("damaged" in each.reason for each in refused)


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("usage.csv", gzip.compress(TEXT.encode())),
        ("usage.csv.gz", TEXT.encode()),
        (
            "usage.csv.gz",
            gzip.compress(TEXT[:60].encode()) + gzip.compress(TEXT[60:].encode()),
        ),
        ("usage.csv.zst", pa.compress(TEXT.encode(), "zstd", asbytes=True)),
        ("usage.csv.bz2", bz2.compress(TEXT.encode())),
    ],
    ids=["unnamed", "misnamed", "members", "zstd", "bz2"],
)
def test_compression_is_known_by_content(tmp_path: Path, name: str, packed: bytes) -> None:
    """Whatever the name says; gzip in several members whole."""
    path = tmp_path / name
    path.write_bytes(packed)
    assert pairs(path) == TWO


def test_marks_are_taken_off_wherever_files_were_put_together(tmp_path: Path) -> None:
    """Before the header, before the first row, between two files; they are no part of an id."""
    mark = "\ufeff"
    path = write(tmp_path / "usage.csv", mark + mark + OWN, mark + ROWS[0], mark + ROWS[1])
    assert pairs(path) == TWO
    line = '{"event_id":"a","event_time":1767225600000,"service":"sms"}'
    rows, refused = read(write(tmp_path / "usage.ndjson", mark + line, mark + line.replace('"a"', '"b"')))
    assert ([row["event_id"] for row in rows], refused) == (["a", "b"], [])


def test_a_separator_at_the_end_of_lines_is_no_column(tmp_path: Path) -> None:
    """With a header that has it, and with one that has it not; a value behind it is one too many."""
    path = write(tmp_path / "usage.csv", OWN + ",", ROWS[0] + ",", ROWS[1])
    assert pairs(path) == TWO
    rows, refused = read(write(tmp_path / "u.csv", OWN, ROWS[0] + ",", ROWS[1] + ",x"))
    assert ([row["event_id"] for row in rows], len(refused)) == (["a"], 1)


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (b"PK\x03\x04\x14\x00...[Content_Types].xml", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"PAR1\x15\x04", "name it .parquet"),
        (bytes.fromhex("00000068000000348e8e000102030405060708090a0b0c0d0e0f1011"), "CDR files of 3GPP"),
        (bytes.fromhex("618203a4644d5f81440553574545375f814405444e4b3031000000010002000300"), "BER"),
        (b"Fri Dec 18 14:00:12 2015\n\tAcct-Status-Type = Stop\n", "FreeRADIUS' detail file"),
        (b"\xfd7zXZ\x00", "unxz"),
    ],
)
def test_what_has_no_lines_is_one_sentence(tmp_path: Path, begin: bytes, said: str) -> None:
    """For the file, and not one for each of its lines."""
    for name in ("usage.csv", "usage.ndjson", "cdr_1"):
        path = tmp_path / name
        path.write_bytes(begin)
        with pytest.raises(InputError, match=said.replace("(", r"\(")):
            read(path)


def test_a_zip_is_said_to_be_one(tmp_path: Path) -> None:
    """And how to unpack it."""
    with zipfile.ZipFile(tmp_path / "z.csv", "w") as packed:
        packed.writestr("usage.csv", TEXT)
    with pytest.raises(InputError, match="a zip archive; unpack it: unzip"):
        read(tmp_path / "z.csv")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=300))
def test_text_is_text(text: str) -> None:
    """In any script: nothing that people write is taken for another encoding, or for no text."""
    assert signature_of(text.encode()).encoding == ""
    assert "binary" not in signature_of(text.encode()).wrong


def test_one_zero_byte_is_one_bad_record(tmp_path: Path) -> None:
    """A file of text stays one."""
    rows, refused = read(write(tmp_path / "usage.csv", OWN, ROWS[0], "c,1767225600000,voice,\x00", ROWS[1]))
    assert (len(rows), len(refused)) == (2, 1)
