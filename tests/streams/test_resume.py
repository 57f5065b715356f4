"""A file is known by its name and its beginning."""

from pathlib import Path

import pytest

from streams.resume import PRINT_BYTES, fingerprint, is_same, recognise
from tests.streams.memory import Rows


def source(path: Path, data: bytes | None = None, stream: str = "usage") -> Rows:
    """A source over a file with these bytes."""
    if data is not None:
        path.write_bytes(data)
    made = Rows(stream, path.name, [])
    made.path = path
    return made


def test_a_file_that_grew_is_the_same(tmp_path: Path) -> None:
    """Even when it was shorter than what is looked at; and when it was longer."""
    for size in (10, PRINT_BYTES * 2):
        known = fingerprint(source(tmp_path / "u", b"a" * size))
        assert is_same(source(tmp_path / "u", b"a" * size + b"b"), known)
        assert not is_same(source(tmp_path / "u", b"b" + b"a" * size), known)


def test_a_file_of_another_stream_is_another(tmp_path: Path) -> None:
    """The same bytes read as orders are other records."""
    known = fingerprint(source(tmp_path / "u", b"abc"))
    assert not is_same(source(tmp_path / "u", stream="orders"), known)


def test_a_sorted_file_that_grew_is_another(tmp_path: Path) -> None:
    """Its records have other places now."""
    first = source(tmp_path / "u", b"abc")
    first.whole = True  # type: ignore[attr-defined]
    known = fingerprint(first)
    assert is_same(first, known)
    (tmp_path / "u").write_bytes(b"abcd")
    assert not is_same(first, known)


def test_standard_input_is_never_the_same() -> None:
    """What came through it cannot be read again."""
    stdin = source(Path("-"))
    assert fingerprint(stdin) == ""
    assert not is_same(stdin, "")


def test_names_are_given_back(tmp_path: Path) -> None:
    """Daily files of one name are partitions of their own, and each is known again in any order."""
    days = [tmp_path / day / "usage.ndjson" for day in "abc"]
    for n, path in enumerate(days):
        path.parent.mkdir()
        path.write_bytes(b"%d" % n)
    first = [source(path) for path in days[:2]]
    known = recognise(first, {})
    assert [each.partition for each in known.sources] == ["usage.ndjson", "usage.ndjson#2"]
    assert [each.partition for each in first] == ["usage.ndjson"] * 2, "what was given stays as it is"

    again = [source(path) for path in (days[2], days[1], days[0])]
    later = recognise(again, known.known)
    assert [each.partition for each in later.sources] == ["usage.ndjson#3", "usage.ndjson#2", "usage.ndjson"]
    assert known.known.items() <= later.known.items()
    assert later.after({"usage.ndjson": 7})["usage.ndjson"].consumed == 7


@pytest.mark.parametrize("both", [b"same", b""])
def test_two_copies_of_one_file_are_two_partitions(tmp_path: Path, both: bytes) -> None:
    """Each record of the second is a duplicate, which is what the operator should hear."""
    (tmp_path / "x").mkdir()
    copies = [source(tmp_path / "u", both), source(tmp_path / "x" / "u", both)]
    assert [each.partition for each in recognise(copies, {}).sources] == ["u", "u#2"]
