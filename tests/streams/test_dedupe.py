"""An id is known for 24 hours of event time, exactly."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.dedupe import CONFLICT, DUPLICATE, KEPT_MS, NEW, TOO_LATE, Dedupe
from tests.make import START_MS
from tests.saved import standing

PLACES = np.random.default_rng(2).integers(0, 2**32, 50_000).astype(np.uint32)
HOUR_MS = 3_600_000
ROWS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2), st.integers(0, 60)), max_size=12)


@settings(max_examples=80)
@given(st.lists(ROWS, max_size=6), st.booleans())
def test_equals_a_dictionary(batches: list[list[tuple[int, int, int]]], reload: bool) -> None:
    """New, duplicate, conflict or too late, as the naive memory says, growing and saved in between."""
    dedupe, known, watermark = Dedupe(), dict[int, tuple[int, int]](), START_MS
    stored: dict[str, bytes] = {}
    for rows in batches:
        times = np.array([START_MS + hour * HOUR_MS for _, _, hour in rows], np.int64)
        ids = np.array([(name << 40) + 1 for name, _, _ in rows], np.uint64)
        said = np.array([content << 40 for _, content, _ in rows], np.uint64)
        wanted = []
        for (name, content, _), time in zip(rows, times.tolist(), strict=True):
            if time < watermark - KEPT_MS:
                wanted.append(TOO_LATE)
            elif name in known and known[name][1] >= watermark - KEPT_MS:
                wanted.append(DUPLICATE if known[name][0] == content else CONFLICT)
            else:
                known[name] = content, time
                wanted.append(NEW)
        assert dedupe.look(ids, np.zeros(len(ids), np.uint32), said, times, watermark).tolist() == wanted
        watermark = max([watermark, *times.tolist()])
        if reload:
            stored = standing(stored, dedupe.save(watermark, stored.keys()))
            dedupe = Dedupe()
            dedupe.load(stored, watermark)


def test_what_is_a_day_old_is_forgotten() -> None:
    """Memory is that of a day, however long the stream."""
    dedupe = Dedupe()
    for day in range(6):
        time = START_MS + 2 * day * KEPT_MS
        ids = np.arange(1, 20_001, dtype=np.uint64) * np.uint64(2**33) + np.uint64(day)
        codes = dedupe.look(ids, PLACES[: len(ids)], ids, np.full(len(ids), time), time)
        assert (codes == NEW).all()
    assert dedupe.used <= 40_000
    assert dedupe.bytes_used() <= 24 * (1 << 18)


def test_many_are_all_known_again() -> None:
    """Growth loses none, and finds none that was not there."""
    dedupe, rng = Dedupe(16), np.random.default_rng(1)
    ids = rng.integers(1, 2**63, 50_000).astype(np.uint64) * np.uint64(2)
    times = np.full(len(ids), START_MS)
    for part in np.array_split(np.arange(len(ids)), 7):
        assert (dedupe.look(ids[part], PLACES[part], ids[part], times[part], START_MS) == NEW).all()
    assert (dedupe.look(ids, PLACES, ids, times, START_MS) == DUPLICATE).all()
    assert (dedupe.look(ids, PLACES, ids ^ np.uint64(1), times, START_MS) == CONFLICT).all()


def test_half_a_name_is_no_name_and_half_a_content_no_content() -> None:
    """64 bits of the id alone do not make a duplicate, nor do 63 of the content."""
    dedupe, one = Dedupe(), np.array([1 << 40], np.uint64)
    times = np.array([START_MS])
    place = np.array([7], np.uint32)
    assert dedupe.look(one, place, one, times, START_MS).tolist() == [NEW]
    assert dedupe.look(one, place + np.uint32(1), one, times, START_MS).tolist() == [NEW]
    for bit in range(64):
        assert dedupe.look(one, place, one ^ np.uint64(1 << bit), times, START_MS).tolist() == [CONFLICT]
    assert dedupe.look(one, place, one, times, START_MS).tolist() == [DUPLICATE]
