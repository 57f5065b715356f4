"""What findings show is copied out of the raw events by its place: at once, or as soon as it is there."""

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import pyarrow as pa
import pytest

from store import ChdbStore
from store.evidence import evidence_of, place_rows, settle
from tests.make import START_MS
from tollwatch.frames import EvidencePlaces, Findings

COLUMNS = {"usage": ("event_id", "event_time", "calling_number", "source", "duration_s")}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[ChdbStore]:
    """A store with tables."""
    made = ChdbStore(tmp_path / "data")
    made.apply_tables()
    yield made
    made.close()


def raw(*offsets: int, tenant: str | None = None) -> pl.DataFrame:
    """Calls at these offsets, as the line has them."""
    rows = pl.DataFrame(
        {
            "event_id": [f"e{n}" for n in offsets],
            "event_time": [START_MS + n for n in offsets],
            "calling_number": [str(n % 7) for n in offsets],
            "duration_s": [n if n % 2 else None for n in offsets],
            "_offset": [*offsets],
        },
        schema_overrides={"duration_s": pl.Int64, "_offset": pl.Int64},
    )
    return rows if tenant is None else rows.with_columns(tenant=pl.lit(tenant))


def places(*offsets: int, tenant: str = "main", partition: str = "usage-0", finding: str = "f" * 16) -> EvidencePlaces:
    """What a finding shows."""
    about = pl.DataFrame(
        {
            "finding_id": finding,
            "revision": 1,
            "ordinal": range(len(offsets)),
            "stream": "usage",
            "partition": partition,
            "offset": offsets,
        },
        schema_overrides={"revision": pl.Int64, "ordinal": pl.Int64, "offset": pl.Int64},
    )
    return EvidencePlaces(about, COLUMNS, tenant, "live")


def shown(store: ChdbStore) -> list[dict[str, object]]:
    """The rows of evidence as stored."""
    rows = store.query("SELECT row FROM evidence FINAL ORDER BY finding_id, ordinal")
    return [msgspec.json.decode(row) for row in rows["row"]] if len(rows) else []


def test_the_rows_at_the_places_are_copied(kept: ChdbStore) -> None:
    """With the columns of the key space, without what nobody said; a copy of a place counts once, others' never."""
    kept.write_raw("usage", "usage-0", raw(*range(50)))
    kept.write_raw("usage", "usage-0", raw(4, 5))  # a run that began again
    kept.write_raw("usage", "usage-1", raw(*range(50)))
    kept.write_raw("usage", "usage-0", raw(60, tenant="other"))
    found = Findings(evidence_places=[places(5, 4), places(60, finding="g" * 16)])
    kept.write(found)
    assert [row["event_id"] for row in shown(kept)] == ["e5", "e4"]
    assert shown(kept)[0] == {
        "event_id": "e5",
        "event_time": START_MS + 5,
        "calling_number": "5",
        "source": "unknown",
        "duration_s": 5,
    }
    assert "duration_s" not in shown(kept)[1]


def test_what_is_gone_is_said_and_the_findings_are_stored(kept: ChdbStore, caplog: pytest.LogCaptureFixture) -> None:
    """Raw events may have been let go by then."""
    kept.write_raw("usage", "usage-0", raw(1))
    with caplog.at_level(logging.WARNING):
        kept.write(Findings(evidence_places=[places(1, 2, 3)]))
    assert [row["event_id"] for row in shown(kept)] == ["e1"]
    assert "2 rows of evidence are not among the raw events" in caplog.text


def test_many_are_found_in_parts(kept: ChdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, whatever the parts."""
    monkeypatch.setattr("store.evidence.AT_ONCE", 7)
    kept.write_raw("usage", "usage-0", raw(*range(100)))
    kept.flush_raw()
    rows, left = evidence_of(places(*range(99, -1, -3)), kept)
    ordinals = [each.ordinal for part in rows for each in part]
    assert sorted(ordinals) == list(range(34))
    assert left.about.is_empty()


def wait_for(store: ChdbStore, *wanted: EvidencePlaces) -> None:
    """As a server's store does that finds no raw event yet."""
    store._insert("evidence_place", pa.Table.from_pylist(place_rows(wanted)))


def test_what_comes_later_is_copied_when_it_is_there(kept: ChdbStore) -> None:
    """First some, then the rest; what a parser of its own refused is read by that of the line."""
    wait_for(kept, places(1, 2, 3), places(7, tenant="other", finding="g" * 16))
    kept.write_raw("usage", "usage-0", raw(2))
    kept.flush_raw()
    settled, missing = settle(kept, lambda *_: None)
    assert settled is not None
    assert missing == 3
    assert [each.event_id for each in settled.findings.all_evidence()] == ["e2"]
    kept._insert("evidence_place", pa.Table.from_pylist(place_rows(settled.places, settled=True)))

    kept.write_raw("usage", "usage-0", raw(1))
    kept.write_raw("usage", "usage-0", raw(7, tenant="other"))
    kept.flush_raw()
    kept.run(
        "INSERT INTO raw_refused (stream, _partition, _offset, reason, raw) VALUES ('usage', 'usage-0', 3, 'why', 'x')"
    )
    read = {"event_id": "e3", "event_time": START_MS, "calling_number": "3", "called_number": "9"}
    settled, missing = settle(kept, lambda stream, raw: read if (stream, raw) == ("usage", b"x") else None)
    assert settled is not None
    assert missing == 0
    found = list(settled.findings.all_evidence())
    assert sorted((each.event_id, each.ordinal, each.tenant) for each in found) == [
        ("e1", 0, "main"),
        ("e3", 2, "main"),
        ("e7", 0, "other"),
    ]
    assert all("called_number" not in each.row for each in found)
    kept._insert("evidence_place", pa.Table.from_pylist(place_rows(settled.places, settled=True)))
    assert settle(kept, lambda *_: None) == (None, 0)
