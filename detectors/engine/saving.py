"""A shard's state as bytes and back: keys in order of their hashes, so that the same state gives the same bytes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine.change import Versions, take_up
from detectors.engine.content import pack, unpacked
from tollwatch.errors import VersionError
from tollwatch.frames import Ints

if TYPE_CHECKING:
    from detectors.engine.engine import Engine

FORMAT = 1


def _put(array: Any) -> tuple[str, list[int], bytes]:
    return array.dtype.str, list(array.shape), np.ascontiguousarray(array).tobytes()


def _get(stored: Any) -> Any:
    kind, shape, data = stored
    return np.frombuffer(data, kind).reshape(shape).copy()


def save_shards(engine: "Engine") -> dict[str, bytes]:
    """One segment per shard: keys, what they have seen, open episodes, the log and its rows; and one for all."""
    keys = engine.keys
    shard = (keys.key[: keys.used] >> np.uint64(58)).astype(np.int64)
    common = {"format": FORMAT, "watermark": engine.watermark, "swept": engine.swept, "lists": engine.lists.entries}
    if engine.versions.changed:
        common["rules"] = msgspec.to_builtins(engine.versions)
    segments = {"all": msgspec.msgpack.encode(common, order="sorted")}
    for number in np.unique(shard).tolist():
        rows = np.flatnonzero(shard == number)
        rows = rows[np.argsort(keys.key[rows])]
        segments[f"{number:02}"] = msgspec.msgpack.encode(_shard(engine, rows), order="sorted")
    return segments


def _shard(engine: "Engine", rows: Ints) -> dict[str, Any]:
    keys, seen, log = engine.keys, engine.seen, engine.log
    moved = np.full(keys.used + 1, -1, np.int64)
    moved[rows] = np.arange(len(rows))
    saved: dict[str, Any] = {name: _put(getattr(keys, name)[rows]) for name in ("key",)}
    cells = keys.cells[rows].copy()
    cells[:, k.SEQ] = -1
    saved["cells"] = _put(cells)
    alive = seen.alive()
    alive = alive[moved[seen.row[alive]] >= 0]
    alive = alive[np.argsort(seen.table[alive, 0], kind="stable")]
    saved["seen"] = [_put(seen.table[alive]), _put(moved[seen.row[alive]].astype(np.int32))]
    slots = np.flatnonzero(engine.episodes[:, e.ROW] >= 0)
    slots = slots[moved[engine.episodes[slots, e.ROW]] >= 0]
    slots = slots[np.lexsort((engine.episodes[slots, e.RULE], moved[engine.episodes[slots, e.ROW]]))]
    opened = engine.episodes[slots].copy()
    opened[:, e.ROW] = moved[opened[:, e.ROW]]
    seqs = np.arange(log.first, log.next)
    seqs = seqs[moved[log.kept(k.LOG_ROW, seqs)] >= 0]
    opened[:, e.SEQ] = np.searchsorted(seqs, opened[:, e.SEQ])
    saved["episodes"] = [_put(opened), _put(engine.values[slots])]
    saved["log"] = [_put(log.kept(column, seqs)) for column in (k.LOG_TIME, k.LOG_ID, k.LOG_MASK)]
    saved["log_row"] = _put(moved[log.kept(k.LOG_ROW, seqs)].astype(np.int32))
    saved["content"] = {}
    for stream, (indices, table) in engine.content.fetch(seqs).items():
        order = np.argsort(indices)
        saved["content"][stream] = [_put(indices[order]), pack(table[order])]
    return saved


def load_shards(engine: "Engine", segments: Mapping[str, bytes]) -> None:
    """Add saved shards to an engine that does not have them yet."""
    if "all" in segments:
        stored = msgspec.msgpack.decode(segments["all"])
        if stored["format"] > FORMAT:
            raise VersionError(f"the saved state has format {stored['format']}, newer than {FORMAT}; upgrade Tollwatch")
        engine.watermark, engine.swept = stored["watermark"], stored["swept"]
        engine.lists.entries = stored["lists"]
        if "rules" in stored:
            take_up(engine, msgspec.convert(stored["rules"], Versions))
    for name in sorted(segments.keys() - {"all"}):
        _take(engine, msgspec.msgpack.decode(segments[name]))


def _take(engine: "Engine", stored: dict[str, Any]) -> None:
    keys, seen, log = engine.keys, engine.seen, engine.log
    key = _get(stored["key"])
    rows = keys.find(key, np.ones(len(key), np.uint64))
    keys.cells[rows] = _get(stored["cells"])
    known, owner = (_get(part) for part in stored["seen"])
    alive = seen.alive()
    seen.rebuild(np.concatenate([seen.table[alive], known]), np.concatenate([seen.row[alive], rows[owner]]))
    first = log.next
    _take_log(engine, stored, rows)
    opened, values = (_get(part) for part in stored["episodes"])
    engine.reserve_slots(len(opened))
    for episode, value in zip(opened, values, strict=True):
        engine.free_count -= 1
        slot = engine.free[engine.free_count]
        episode[e.ROW] = rows[episode[e.ROW]]
        episode[e.SEQ] += first
        engine.episodes[slot], engine.values[slot] = episode, value
        keys.open_slot[episode[e.ROW], episode[e.RULE]] = slot


def _take_log(engine: "Engine", stored: dict[str, Any], rows: Any) -> None:
    log = engine.log
    time, ids, mask = (_get(part) for part in stored["log"])
    if not len(time):
        return
    row = rows[_get(stored["log_row"])]
    log.reserve(len(time))
    first, seqs = log.next, np.empty(len(time), np.int64)
    ids, mask = ids.view(np.uint64), mask.view(np.uint64)
    late = (mask & k.LATE_BIT) != 0
    log.next = int(k.log_rows(time, ids, mask, row, late, engine.keys.cells, first, log.table, seqs))
    stream, place = np.zeros(len(time), np.int8), np.zeros(len(time), np.int32)
    tables: dict[str, pl.DataFrame] = {}
    for name, (indices, packed) in stored["content"].items():
        at = _get(indices)
        tables[name] = unpacked(packed)
        stream[at], place[at] = engine.streams.index(name), np.arange(len(at), dtype=np.int32)
    engine.content.add(first, stream, place, tables, int(time.max()))
