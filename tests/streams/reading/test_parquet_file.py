"""Parquet: kinds of its own become ours, a damaged file is a sentence."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streams.reading.parquet_file import read_parquet
from tests.streams.reading.files import mapping, read
from tollwatch.errors import InputError

NOON = datetime(2026, 7, 1, 12)  # noqa: DTZ001  (files have such times)
JULY_MS = 1_782_907_200_000


def test_moments_decimals_and_categories(tmp_path: Path) -> None:
    """A time without a zone is UTC unless the mapping says otherwise; a decimal is exact money."""
    path = tmp_path / "x.parquet"
    kinds = {"price": pl.Decimal(10, 2), "kind": pl.Categorical}
    rows = {"id": [1], "at": [NOON], "kind": ["voice"], "price": [Decimal("1.25")], "u": [NOON.replace(tzinfo=UTC)]}
    pl.DataFrame(rows, schema_overrides=kinds).write_parquet(path)
    fields: dict[str, Any] = {"event_id": "id", "event_time": "at", "service": "kind", "start_time": "u"}
    fields["charge_micros"] = {"column": "price", "money": "units"}
    found, refused = read(path, mappings=[mapping(fields=fields, columns={})])
    assert not refused
    assert found == [
        {
            "event_id": "1",
            "event_time": JULY_MS,
            "service": "voice",
            "start_time": JULY_MS,
            "charge_micros": 1_250_000,
            "_offset": 0,
        }
    ]
    zoned = read(path, mappings=[mapping(fields=fields, columns={}, zone="Europe/Copenhagen")])[0]
    assert (zoned[0]["event_time"], zoned[0]["start_time"]) == (JULY_MS - 7_200_000, JULY_MS)


def test_a_refused_row_is_kept_whole(tmp_path: Path) -> None:
    """As JSON in the file's own words, so that it can be read again with the same mapping."""
    path = tmp_path / "usage.parquet"
    pl.DataFrame(
        {"event_id": ["a", "b"], "event_time": [1767225600000, 1767225600001], "service": ["voice", "x"]}
    ).write_parquet(path)
    found, refused = read(path)
    assert [row["event_id"] for row in found] == ["a"]
    assert (refused[0].position, refused[0].raw) == (1, b'{"event_id":"b","event_time":1767225600001,"service":"x"}')


@pytest.mark.parametrize("keep", [0, 10, 0.6])
def test_half_a_file(tmp_path: Path, keep: float) -> None:
    """Its index stands at the end: without it nothing can be read, and that is said."""
    path = tmp_path / "usage.parquet"
    pl.DataFrame({"event_id": ["a"], "event_time": [1767225600000], "service": ["voice"]}).write_parquet(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep >= 1 else len(data) * keep)])
    with pytest.raises(InputError, match="is no Parquet file, or a part of one"):
        read(path)


def test_lists_are_read_under_their_own_names(tmp_path: Path) -> None:
    """What the simulator writes as Parquet comes back."""
    path = tmp_path / "reference.parquet"
    rows = {
        "event_id": ["a"],
        "event_time": [1767225600000],
        "entity": ["account"],
        "id": ["a1"],
        "account_class": ["postpaid"],
    }
    pl.DataFrame(rows).write_parquet(path)
    found, refused = read(path, "reference")
    assert not refused
    assert found[0]["account_class"] == "postpaid"


def test_a_text_that_is_no_text_costs_its_row(tmp_path: Path) -> None:
    """A tool that wrote Latin letters into a Parquet file: the other rows are taken."""
    names = pa.array([b"447100000001", b"\xc8\xc9", b"447100000002"], pa.binary()).view(pa.string())
    rows = pa.table({"a": pa.array([1, 2, 3]), "caller": names})
    path = tmp_path / "calls.parquet"
    pq.write_table(rows, path)
    (part,) = read_parquet(path, None)
    assert part.table["a"].to_list() == [1, 3]
    assert part.ordinals() == [0, 2]
    assert [(bad.position, bad.raw) for bad in part.bad] == [(1, b"\xc8\xc9")]
    assert "caller: the text is not UTF-8" in part.bad[0].reason
