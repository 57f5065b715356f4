"""Snapshots of parts: whole or not there, the highest place wins, and a sleeper that wakes harms nothing."""

from pathlib import Path

import msgspec
import pytest

from streams.live.snapshots import FORMAT, PartSnapshots
from tollwatch.errors import ConfigurationError, StoreError, VersionError


def at(folder: Path) -> PartSnapshots:
    """The snapshots of one part."""
    return PartSnapshots(str(folder), "calling_number", 3)


def loaded(folder: Path) -> tuple[int, dict[str, bytes]]:
    """What the next owner goes on with."""
    own = at(folder)
    manifest = own.latest()
    assert manifest is not None
    return manifest.offset, own.load(manifest)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """Segments by name, with the place; at first there is none."""
    own = at(tmp_path)
    assert own.latest() is None
    assert own.save({"a": b"1", "b": b"22"}, 7) == 3
    assert loaded(tmp_path) == (7, {"a": b"1", "b": b"22"})


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """A segment that stayed is named again; what no manifest of the last two names is removed."""
    own = at(tmp_path)
    for offset in range(1, 6):
        own.save({"same": b"same", "other": str(offset).encode()}, offset)
    files = sorted(path.name for path in tmp_path.rglob("*.segment"))
    assert [name[:16] for name in files] == [f"{n:016}" for n in (1, 4, 5)]
    assert loaded(tmp_path) == (5, {"same": b"same", "other": b"5"})


def test_a_sleeper_that_wakes_changes_nothing(tmp_path: Path) -> None:
    """It writes a lower place than its successor: the successor's counts, and none of its files is removed."""
    sleeper = at(tmp_path)
    sleeper.save({"a": b"old", "b": b"stays"}, 10)
    successor = at(tmp_path)
    manifest = successor.latest()
    assert manifest is not None
    successor.load(manifest)
    successor.save({"a": b"new", "b": b"stays"}, 20)
    sleeper.save({"a": b"older", "b": b"stays"}, 15)
    assert loaded(tmp_path) == (20, {"a": b"new", "b": b"stays"})
    successor.save({"a": b"newest", "b": b"stays"}, 30)
    sleeper.save({"a": b"oldest", "b": b"changed"}, 16)
    assert loaded(tmp_path) == (30, {"a": b"newest", "b": b"stays"})


def test_object_stores_take_them_too() -> None:
    """Any file system of fsspec; here one in memory."""
    own = PartSnapshots("memory://state", "card", 0)
    own.save({"a": b"1"}, 1)
    own.save({"a": b"2"}, 2)
    again = PartSnapshots("memory://state", "card", 0)
    manifest = again.latest()
    assert manifest is not None
    assert again.load(manifest) == {"a": b"2"}


def test_another_format_and_what_is_missing_are_refused(tmp_path: Path) -> None:
    """With a sentence that says what to do."""
    own = at(tmp_path)
    own.save({"a": b"1"}, 1)
    manifest = own.latest()
    assert manifest is not None
    next(tmp_path.rglob("*.segment")).unlink()
    with pytest.raises(StoreError, match="is missing"):
        own.load(manifest)
    file = next(tmp_path.rglob("manifest-*.json"))
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, format=FORMAT + 1)))
    with pytest.raises(VersionError, match="upgrade Tollwatch"):
        own.latest()
    with pytest.raises(ConfigurationError, match="cannot be used"):
        PartSnapshots("nowhere://x", "card", 0)
