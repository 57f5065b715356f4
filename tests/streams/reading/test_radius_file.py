"""Detail files of FreeRADIUS: every record is read, or refused with its line and as it stands in the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats import ready
from services.quarantine import line_of
from store.quarantine import Record
from streams.read import open_source
from streams.reading.radius_file import FORM, attributes_of, read_radius
from streams.reading.tables import Part
from tests.streams.reading.files import read
from tollwatch.errors import InputError

GOOD = (
    'Wed Mar  4 10:00:00 2026\n\tAcct-Status-Type = Stop\n\tAcct-Session-Id = "s{}"\n\tTimestamp = 17726184{:02}\n'
    "\tAcct-Input-Octets = 5\n\tAcct-Input-Gigawords = 1\n"
)


def parts(tmp_path: Path, text: str | bytes) -> list[Part]:
    """What the reader gives of a file."""
    file = tmp_path / "detail"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_radius(file, None))


@given(
    st.lists(
        st.dictionaries(
            st.from_regex(r"[A-Z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(lambda name: name != "Date"),
            st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8),
            min_size=1,
            max_size=5,
        ),
        max_size=12,
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]]) -> None:
    """Names and values of any record, quotation marks and backslashes in them, empty lines between."""
    escaped = [{n: v.replace("\\", "\\\\").replace('"', '\\"') for n, v in each.items()} for each in records]
    text = "\n".join(
        "Wed Mar  4 10:00:00 2026\n" + "".join(f'\t{n} = "{v}"\n' for n, v in each.items()) for each in escaped
    )
    found = [
        {name: value for name, value in row.items() if value is not None and name != "Date"}
        for part in parts(tmp_path_factory.mktemp("r"), text)
        for row in part.table.iter_rows(named=True)
    ]
    assert found == records


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("\tAcct-Status-Type = Stop\n", "begins without a date"),
        ("Wed Mar  4 10:00:00 2026\n\tAcct-Status-Type\n", "is no attribute"),
        (b'Wed Mar  4 10:00:00 2026\n\tUser-Name = "\xff"\n', "not UTF-8"),
        ("Wed Mar  4 10:00:00 2026\n" + '\tUser-Name = "x"\n' * 90_000, "more than 1048576"),
    ],
    ids=["date", "attribute", "bytes", "long"],
)
def test_a_broken_record_is_refused_alone(tmp_path: Path, record: str | bytes, reason: str) -> None:
    """With the line at which it begins; those around it are read."""
    broken = record.encode() if isinstance(record, str) else record
    (tmp_path / "detail").write_bytes(GOOD.format(1, 1).encode() + b"\n" + broken + b"\n" + GOOD.format(2, 2).encode())
    rows, refused = read(tmp_path / "detail", mappings=[ready("radius_detail")])

    assert [row["session_id"] for row in rows] == ["s1", "s2"]
    assert [(each.line, each.position) for each in refused] == [(8, 1)]
    assert reason in refused[0].reason
    assert broken.startswith(refused[0].raw)


def test_octets_beyond_32_bits_and_attributes_that_come_again(tmp_path: Path) -> None:
    """Gigawords count 2^32 octets; the second of a name is `Name.1`."""
    text = GOOD.format(1, 1) + '\tCisco-AVPair = "a=1"\n\tCisco-AVPair = "b=2"\n'
    (part,) = parts(tmp_path, text)
    assert part.table.select("Cisco-AVPair", "Cisco-AVPair.1").row(0) == ("a=1", "b=2")
    (row,), _ = read(tmp_path / "detail", mappings=[ready("radius_detail")])
    assert row["uplink_bytes"] == 2**32 + 5


def test_without_its_format_the_file_is_named(tmp_path: Path) -> None:
    """What it is, and how it is read."""
    parts(tmp_path, GOOD.format(1, 1))
    with pytest.raises(InputError, match="--format radius_detail"):
        open_source(tmp_path / "detail", "usage")


def test_what_was_refused_can_be_read_again() -> None:
    """Quarantine gives it as an object with all that a mapping may name."""
    raw = GOOD.format(7, 7).encode()
    place = {"quarantine_id": "q", "stream": "usage", "partition": "detail", "position": 3, "line": 9, "source": None}
    more = {"event_time": None, "reason": "no", "text": "", "replayed": False, "tenant": "main", "run": "live"}
    line = line_of(Record(raw=raw, form=FORM, **place, **more))

    assert b'"Acct-Session-Id":"s7"' in line
    assert b'"3GPP-IMSI":null' in line
    assert b'"_row":"3","_file":"detail"' in line
    assert attributes_of(raw)[0]
