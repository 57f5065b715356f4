"""Snapshots: whole or not there, only what changed is written, the highest place wins, a sleeper harms nothing."""

from pathlib import Path

import msgspec
import pytest

from streams.snapshots import FORMAT, ReadFile, Snapshots
from tollwatch.errors import ConfigurationError, StoreError, VersionError


def at(folder: Path) -> Snapshots:
    """The snapshots of one partition, as workers keep them."""
    return Snapshots(f"{folder}/calling_number/003", keep=2)


def loaded(folder: Path) -> tuple[int, dict[str, bytes]]:
    """What the next owner goes on with."""
    own = at(folder)
    manifest = own.latest()
    assert manifest is not None
    return manifest.number, own.load(manifest)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """Segments by name, with the place; at first there is none."""
    own = at(tmp_path)
    assert own.latest() is None
    assert own.save({"a": b"1", "b": b"22"}, 7).number == 7
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
    own = Snapshots("memory://state/card/000")
    own.save({"a": b"1"}, 1)
    own.save({"a": b"2"}, 2)
    again = Snapshots("memory://state/card/000")
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
        Snapshots("nowhere://x")


def test_what_had_been_read_is_kept_beside_it(tmp_path: Path) -> None:
    """A run over files knows again which it had read, and how far; the next snapshot replaces the one before."""
    kept = Snapshots(tmp_path, keep=1)
    kept.save({"a/07": b"one", "b/01": b"two"}, 1, {"usage.ndjson": ReadFile(10, "x")})
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.segment")}
    manifest = kept.save({"a/07": b"one", "b/01": b"three"}, 2, {"usage.ndjson": ReadFile(20, "x")})
    assert Snapshots(tmp_path).load(manifest) == {"a/07": b"one", "b/01": b"three"}
    assert kept.latest() == manifest
    assert manifest.files == {"usage.ndjson": ReadFile(20, "x")}
    unchanged = [path for path in tmp_path.glob("*.segment") if before.get(path) == path.stat().st_mtime_ns]
    assert len(unchanged) == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_a_cut_before_the_manifest_leaves_the_old_snapshot(tmp_path: Path) -> None:
    """Segments without a manifest are as if they had never been."""
    kept = Snapshots(tmp_path)
    manifest = kept.save({"a": b"one"}, 1)
    (tmp_path / "0000000000000002-feed.segment").write_bytes(b"half")
    (tmp_path / "manifest-000000-0000000000000002.json.part").write_bytes(b"{")
    assert kept.latest() == manifest
    assert kept.load(manifest) == {"a": b"one"}


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    """It says which file, and what to do."""
    kept = Snapshots(tmp_path)
    kept.save({"a": b"one"}, 1)
    next(tmp_path.glob("manifest-*.json")).write_bytes(b"[]")
    with pytest.raises(StoreError, match="is damaged"):
        kept.latest()


def sealed(folder: Path, key: bytes = b"k" * 16, about: str = "run") -> Snapshots:
    """Snapshots under a key."""
    return Snapshots(folder, key=key, about=about)


@pytest.mark.parametrize("damage", ["flip", "cut", "swap", "remove", "manifest", "foreign manifest", "other place"])
def test_what_is_damaged_is_said_and_the_one_before_is_taken(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A byte turned over, a part cut off, exchanged or gone, a manifest of somebody else's: never loaded."""
    own = sealed(tmp_path)
    own.save({"a": b"first", "b": b"stays"}, 1)
    own.save({"a": b"second", "b": b"stays"}, 2)
    newest = next(path for path in tmp_path.glob("*.segment") if path.read_bytes() == b"second")
    manifest = max(tmp_path.glob("manifest-*"))
    if damage == "flip":
        newest.write_bytes(b"sEcond")
    elif damage == "cut":
        newest.write_bytes(b"sec")
    elif damage == "swap":
        newest.write_bytes(next(p for p in tmp_path.glob("*.segment") if p.read_bytes() == b"stays").read_bytes())
    elif damage == "remove":
        newest.unlink()
    elif damage == "manifest":
        manifest.write_bytes(manifest.read_bytes().replace(b'"number":2', b'"number":3'))
    else:
        other = sealed(tmp_path / "x", b"o" * 16) if damage == "foreign manifest" else sealed(tmp_path / "x", about="b")
        other.save({"a": b"second", "b": b"stays"}, 2)
        manifest.write_bytes(next((tmp_path / "x").glob("manifest-*")).read_bytes())
    found = sealed(tmp_path).newest()
    assert found is not None
    assert (found[0].number, found[1]) == (1, {"a": b"first", "b": b"stays"})
    assert "the snapshot before is taken" in caplog.text


def test_where_all_are_damaged_it_does_not_begin_anew(tmp_path: Path) -> None:
    """To forget everything in silence would be worse than to stop: the sentence says what can be done."""
    own = sealed(tmp_path)
    assert own.newest() is None
    own.save({"a": b"first"}, 1)
    for path in tmp_path.glob("*.segment"):
        path.write_bytes(b"x")
    with pytest.raises(StoreError, match="is damaged; restore it, or start again"):
        sealed(tmp_path).newest()
    with pytest.raises(StoreError, match="written by another installation"):
        sealed(tmp_path, b"o" * 16).newest()


def test_only_the_owner_reads_the_state(tmp_path: Path) -> None:
    """It holds people's numbers."""
    sealed(tmp_path).save({"a": b"first"}, 1)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
