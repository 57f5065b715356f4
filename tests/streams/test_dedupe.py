"""An id is known for 24 hours of event time, exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams import dedupe as dedupes
from streams.dedupe import CONFLICT, DUPLICATE, KEPT_MS, NEW, TOO_LATE, Dedupe
from tests.make import START_MS
from tests.saved import standing

PLACES = np.random.default_rng(2).integers(0, 2**32, 50_000).astype(np.uint32)
HOUR_MS = 3_600_000
ROWS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2), st.integers(0, 60)), max_size=12)


@settings(max_examples=120, deadline=None)
@given(st.lists(ROWS, max_size=8), st.sampled_from([1, 3, 1000]), st.sampled_from([2, 5, 1 << 15]), st.booleans())
def test_equals_a_dictionary(
    batches: list[list[tuple[int, int, int]]], at_first: int, at_most: int, reload: bool
) -> None:
    """New, duplicate, conflict or too late, as the naive memory says: growing, sorted in, let go, saved in between."""
    known, watermark = dict[int, tuple[int, int]](), START_MS
    stored: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dedupes, "YOUNG_AT_FIRST", at_first)
        patched.setattr(dedupes, "YOUNG_AT_MOST", at_most)
        dedupe = Dedupe()
        for unsorted in batches:
            on_time = sorted((row for row in unsorted if START_MS + row[2] * HOUR_MS >= watermark), key=lambda r: r[2])
            rows = [*on_time, *(row for row in unsorted if START_MS + row[2] * HOUR_MS < watermark)]
            times = np.array([START_MS + hour * HOUR_MS for _, _, hour in rows], np.int64)
            ids = np.array([(name << 60) + 1 for name, _, _ in rows], np.uint64)
            said = np.array([content << 40 for _, content, _ in rows], np.uint64)
            before, wanted = dict(known), []
            for n, ((name, content, _), time) in enumerate(zip(rows, times.tolist(), strict=True)):
                since = max(watermark, time) - KEPT_MS
                past = [each for each in (before,) if n >= len(on_time)] + [known]
                of_it = [each[name][0] for each in past if name in each and each[name][1] >= since]
                if time < watermark - KEPT_MS:
                    wanted.append(TOO_LATE)
                elif of_it:
                    wanted.append(DUPLICATE if of_it[0] == content else CONFLICT)
                else:
                    known[name] = content, max(time, known[name][1]) if name in known else time
                    wanted.append(NEW)
            late, places = len(rows) - len(on_time), np.zeros(len(ids), np.uint32)
            assert dedupe.look(ids, places, said, times, watermark, late=late).tolist() == wanted
            watermark = max([watermark, *times.tolist()])
            stored = standing(stored, dedupe.save(watermark, stored.keys()))
            if reload:
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
    assert dedupe.used <= 60_000
    assert dedupe.bytes_used() <= 3 << 20


def test_many_are_all_known_again() -> None:
    """Growth loses none, and finds none that was not there."""
    dedupe, rng = Dedupe(), np.random.default_rng(1)
    ids = rng.integers(1, 2**63, 50_000).astype(np.uint64) * np.uint64(2)
    times = np.full(len(ids), START_MS)
    for part in np.array_split(np.arange(len(ids)), 7):
        assert (dedupe.look(ids[part], PLACES[part], ids[part], times[part], START_MS) == NEW).all()
    assert (dedupe.look(ids, PLACES, ids, times, START_MS) == DUPLICATE).all()
    assert (dedupe.look(ids, PLACES, ids ^ np.uint64(1), times, START_MS) == CONFLICT).all()


def test_an_id_takes_seventeen_bytes() -> None:
    """Two million of them, as many as one partition of a large operator sees in an hour or so."""
    dedupe, rng = Dedupe(), np.random.default_rng(1)
    for _ in range(40):
        ids, said = rng.integers(0, 2**64, 50_000, np.uint64), rng.integers(0, 2**64, 50_000, np.uint64)
        codes = dedupe.look(ids, PLACES, said, np.full(len(ids), START_MS), START_MS)
        assert (codes == NEW).all()
    assert dedupe.used == 2_000_000
    assert dedupe.bytes_used() <= 17 * dedupe.used


def test_who_need_not_tell_conflicts_keeps_no_content() -> None:
    """What has another content is known too; it takes half of the memory."""
    dedupe, rng = Dedupe(tell_conflicts=False), np.random.default_rng(1)
    for _ in range(20):
        ids = rng.integers(0, 2**64, 50_000, np.uint64)
        times = np.full(len(ids), START_MS)
        assert (dedupe.look(ids, PLACES, ids, times, START_MS) == NEW).all()
        assert (dedupe.look(ids, PLACES, ids + np.uint64(1), times, START_MS) == DUPLICATE).all()
    assert dedupe.bytes_used() <= 10 * dedupe.used
    again = Dedupe(tell_conflicts=False)
    again.load(standing({}, dedupe.save(START_MS)), START_MS)
    assert (again.look(ids, PLACES, ids, times, START_MS) == DUPLICATE).all()


def test_half_a_name_is_no_name_and_half_a_content_no_content() -> None:
    """64 bits of the id alone do not make a duplicate, nor do 63 bits of the content."""
    dedupe, one = Dedupe(), np.array([1 << 40], np.uint64)
    times = np.array([START_MS])
    place = np.array([7], np.uint32)
    assert dedupe.look(one, place, one, times, START_MS).tolist() == [NEW]
    assert dedupe.look(one, place ^ np.uint32(1 << 31), one, times, START_MS).tolist() == [NEW]
    for bit in range(64):
        assert dedupe.look(one, place, one ^ np.uint64(1 << bit), times, START_MS).tolist() == [CONFLICT]
    assert dedupe.look(one, place, one, times, START_MS).tolist() == [DUPLICATE]
