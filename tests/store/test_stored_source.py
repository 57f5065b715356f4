"""Stored events read again: each once, in their order, by ranges of places, whatever gaps there are."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from store import ChdbStore
from store import stored_source as module
from store.stored_source import StoredSource, stored_sources

BEGUN, HOUR_MS = 1_772_323_200_000, 3_600_000
PLACES = [*range(25), *range(40, 61), 500, 501, 503]
"""With gaps within a range of places, of a whole one, and of many."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    """Calls an hour apart in one partition, a few in another."""
    made = ChdbStore(tmp_path_factory.mktemp("stored") / "data")
    made.apply_tables()
    made.write_raw("usage", "a", calls(PLACES))
    made.write_raw("usage", "b", calls([7]))
    made.flush_raw()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def ten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges are of ten places."""
    monkeypatch.setattr(module, "AT_ONCE", 10)


def calls(places: list[int]) -> pl.DataFrame:
    """One for each place."""
    columns: dict[str, Any] = {
        "event_id": [f"e{n}" for n in places],
        "event_time": [BEGUN + n * HOUR_MS for n in places],
        "service": "voice",
        "record_type": "originating",
        "_offset": pl.Series(places, dtype=pl.Int64),
    }
    return pl.DataFrame(columns)


def places_of(source: StoredSource, start: int = 0) -> list[int]:
    """Of all rows; batches join, none is empty."""
    found, reached = [], start
    for batch in source.batches(start):
        assert batch.begin == reached
        assert len(batch.rows)
        found += batch.rows["_offset"].to_list()
        reached = batch.end
        assert reached == found[-1] + 1
    return found


def test_every_row_comes_once_in_its_order(store: ChdbStore) -> None:
    """Of each partition its own."""
    assert [places_of(source) for source in stored_sources(store)] == [PLACES, [7]]


@pytest.mark.parametrize("start", [0, 5, 24, 25, 39, 61, 502, 504])
def test_reading_goes_on_from_any_place(store: ChdbStore, start: int) -> None:
    """Also from within a gap, and from behind the last one."""
    assert places_of(StoredSource(store, "usage", "a"), start) == [n for n in PLACES if n >= start]


@pytest.mark.parametrize(("since", "until"), [(0, 3), (11, 42), (30, 35), (58, 502), (600, 700)])
def test_a_stretch_of_time_is_a_part_of_it(store: ChdbStore, since: int, until: int) -> None:
    """Its end is excluded."""
    asked = StoredSource(store, "usage", "a", since=BEGUN + since * HOUR_MS, until=BEGUN + until * HOUR_MS)
    assert places_of(asked) == [n for n in PLACES if since <= n < until]


def test_no_row_is_read_for_another_page(store: ChdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement has an end beside its beginning, or asks for one place: a page costs no more than its rows."""
    asked, query = [], store.query
    monkeypatch.setattr(store, "query", lambda sql, given: asked.append((sql, given)) or query(sql, given))
    places_of(StoredSource(store, "usage", "a"))
    pages = [given for sql, given in asked if "min(_offset)" not in sql]
    assert len(pages) < len(PLACES) / 2
    assert {given["end"] - given["begin"] for given in pages} == {10}
    assert len(asked) - len(pages) <= 4, "gaps are stepped over at once"
