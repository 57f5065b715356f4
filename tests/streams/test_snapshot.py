"""A snapshot is whole or is not there, and only what changed is written again."""

from pathlib import Path

import msgspec
import pytest

from streams.snapshot import FORMAT, Snapshots
from tollwatch.errors import StoreError, VersionError


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    """Segments, offsets and prints survive; the next snapshot replaces them."""
    kept = Snapshots(tmp_path)
    assert kept.latest() is None
    kept.save({"a/07": b"one", "b/01": b"two"}, {"usage.ndjson": 10}, {"usage.ndjson": "x"})
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.segment")}
    manifest = kept.save({"a/07": b"one", "b/01": b"three"}, {"usage.ndjson": 20}, {"usage.ndjson": "x"})
    assert Snapshots(tmp_path).load(manifest) == {"a/07": b"one", "b/01": b"three"}
    assert kept.latest() == manifest
    assert manifest.consumed == {"usage.ndjson": 20}
    unchanged = [path for path in tmp_path.glob("*.segment") if before.get(path) == path.stat().st_mtime_ns]
    assert len(unchanged) == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_a_cut_before_the_manifest_leaves_the_old_snapshot(tmp_path: Path) -> None:
    """Segments without a manifest are as if they had never been."""
    kept = Snapshots(tmp_path)
    manifest = kept.save({"a": b"one"}, {}, {})
    (tmp_path / "feed.segment").write_bytes(b"half")
    (tmp_path / "manifest-000000-000000000002.part").write_bytes(b"{")
    assert kept.latest() == manifest
    assert kept.load(manifest) == {"a": b"one"}


def test_a_newer_format_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """An older Tollwatch must not guess at what a newer one wrote."""
    kept = Snapshots(tmp_path)
    manifest = kept.save({"a": b"one"}, {}, {})
    newer = msgspec.structs.replace(manifest, format=FORMAT + 1, number=2)
    (tmp_path / "manifest-000000-000000000002.json").write_bytes(msgspec.json.encode(newer))
    with pytest.raises(VersionError, match="upgrade"):
        kept.latest()


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    """Half a state is worse than none."""
    kept = Snapshots(tmp_path)
    manifest = kept.save({"a": b"one"}, {}, {})
    next(tmp_path.glob("*.segment")).unlink()
    with pytest.raises(StoreError, match="missing"):
        kept.load(manifest)
