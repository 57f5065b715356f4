"""A suggested mapping loads, reads the file it was made for, and says what it could not tell."""

import re
from pathlib import Path

import pytest
import yaml

from services.formats import FOLDER
from services.mappings import check_mapping
from services.suggest import suggest_mapping
from tollwatch.errors import InputError

CALLS = "Call ID;Caller;Callee;Start;End;Seconds\nc1;+447900900001;+442079460001;{0};{1};60\n"


def suggested(tmp_path: Path, text: str | bytes, name: str = "calls.csv") -> str:
    """What is suggested for a file."""
    file = tmp_path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return suggest_mapping(file, "usage")


def read(tmp_path: Path, mapping: str, name: str = "calls.csv") -> list[dict[str, object] | None]:
    """What it reads of the file."""
    (tmp_path / "m.yaml").write_text(mapping)
    return [record.read for record in check_mapping(tmp_path / name, tmp_path / "m.yaml", rows=10).records]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-14 10:11:20", "2026-03-14 10:12:20"),
        ("14.03.2026 10:11:20", "14.03.2026 10:12:20"),
        ("14/03/2026 10:11:20", "14/03/2026 10:12:20"),
        ("03/14/2026 10:11:20", "03/14/2026 10:12:20"),
        ("1773483080", "1773483140"),
        ("1773483080000", "1773483140000"),
    ],
)
def test_times_are_recognised_by_their_values(tmp_path: Path, start: str, end: str) -> None:
    """The same call in six spellings, read to the same moments."""
    mapping = suggested(tmp_path, CALLS.format(start, end))

    (row,) = read(tmp_path, mapping)
    assert row == {
        "event_id": "c1",
        "event_time": 1_773_483_140_000,
        "start_time": 1_773_483_080_000,
        "calling_number": "447900900001",
        "called_number": "442079460001",
        "duration_s": 60,
        "service": "voice",
    }
    assert "could also be" not in mapping


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    """3 April or 4 March, whose country, which column ended the call, what 1 of money is."""
    text = "From;To;Date;Price;Notes\n07900900001;0044207946000;03/04/2026 10:00:00;1.50;x\n"
    mapping = suggested(tmp_path, text)

    assert "start_time: could also be %m/%d/%Y %H:%M:%S" in mapping
    assert "write the country, such as GB" in mapping
    assert "event_time: should be when it ended" in mapping
    assert "is 1 a unit, a cent, a millionth?" in mapping
    assert "# not used: Notes" in mapping


def test_a_file_without_a_header_gets_names(tmp_path: Path) -> None:
    """By what stands in the columns: times, numbers, seconds."""
    text = "c1|2026-03-14 10:11:20|2026-03-14 10:12:20|+447900900001|+442079460001|60|ANSWERED\n" * 3
    mapping = suggested(tmp_path, text)

    assert yaml.safe_load(mapping)["header"] == [
        "column_1",
        "start",
        "end",
        "a_number",
        "b_number",
        "seconds",
        "column_7",
    ]
    assert read(tmp_path, mapping)[0]["calling_number"] == "447900900001"  # type: ignore[index]


def test_the_form_of_the_file_is_seen(tmp_path: Path) -> None:
    """Separator, encoding, NDJSON with inner objects."""
    german = CALLS.format("14.03.2026 10:11:20", "14.03.2026 10:12:20").replace("Seconds", "Gesprächsdauer")
    assert yaml.safe_load(suggested(tmp_path, german.encode("cp1252")))["encoding"] == "cp1252"
    line = '{"uuid":"u","call":{"end_stamp":"2026-03-14T10:12:20Z","src":"+447900900001"}}\n'
    mapping = suggested(tmp_path, line, "calls.ndjson")
    assert yaml.safe_load(mapping)["fields"]["calling_number"]["column"] == "call.src"
    assert len(read(tmp_path, mapping, "calls.ndjson")) == 1


def test_a_ready_mapping_that_reads_it_is_named() -> None:
    """Nobody has to write what is there."""
    assert "--format opensips" in suggest_mapping(FOLDER / "samples/opensips.csv", "usage")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", b"", "no record"),
        ("head.csv", b"a,b,c\n", "no record"),
        ("z.csv", b"PK\x03\x04" + b"x" * 60, "zip"),
    ],
)
def test_a_file_of_which_nothing_can_be_told(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    """One sentence."""
    with pytest.raises(InputError, match=sentence):
        suggested(tmp_path, content, name)


def test_the_example_of_the_documentation_reads_its_file(tmp_path: Path) -> None:
    """docs/mappings.md: one call and one text are read, the internal call is left out."""
    text = (FOLDER.parent.parent / "docs/mappings.md").read_text("utf-8")
    (given,) = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    (mapping,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "calls_07.csv").write_text(given)
    call, internal, message = read(tmp_path, mapping, "calls_07.csv")

    assert call == {
        "event_id": "call-0",
        "event_time": 1_783_152_733_000,
        "start_time": 1_783_152_672_000,
        "service": "voice",
        "calling_number": "4523232323",
        "duration_s": 61,
        "charge_micros": 250_000,
        "currency": "DKK",
    }
    assert internal is None
    assert message is not None
    assert (message["service"], message.get("charge_micros")) == ("sms", None)
