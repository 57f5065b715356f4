"""Sorting on disk gives the rows of the file in the order of time, each once, whatever the size of the pieces."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.read import open_source
from streams.reading import sort
from streams.reading.sort import SortedSource
from tests.streams.reading.files import write

LINE = '{"event_id":"%d","event_time":%d,"service":"voice"}'


@settings(max_examples=25)
@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 20), st.integers(0, 60))
def test_sorted_is_sorted(tmp_path_factory: pytest.TempPathFactory, times: list[int], piece: int, start: int) -> None:
    """Ties keep the order of the file; reading on from a place gives the rest; nothing is left on the disk."""
    folder = tmp_path_factory.mktemp("sort")
    path = write(folder / "usage.ndjson", *(LINE % (n, 10 * t) for n, t in enumerate(times)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sort, "RUN_ROWS", piece)
        patch.setattr(sort, "BATCH_ROWS", 2)
        patch.setattr(sort, "SAMPLED", 1)
        batches = list(SortedSource(open_source(path, "usage"), folder / "tmp").batches(start))
    found = [row for batch in batches for row in batch.rows.select("event_id", "_offset").rows()]
    wanted = sorted(range(len(times)), key=lambda n: (times[n], n))
    assert found == [(str(n), at) for at, n in enumerate(wanted)][start:]
    assert list((folder / "tmp").iterdir()) == []


def test_what_is_refused_comes_first(tmp_path: Path) -> None:
    """With its position in the file as it is."""
    path = write(tmp_path / "usage.ndjson", LINE % (0, 5), "nonsense", LINE % (2, 1))
    first, *others = SortedSource(open_source(path, "usage"), tmp_path / "tmp").batches()
    assert [each.position for each in first.rejected] == [1]
    assert [row for batch in others for row in batch.rows["event_id"]] == ["2", "0"]
