"""Snapshots are written beside the line: of what was when they were asked for, one behind another."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams.saving import BackgroundSaver
from streams.snapshots import Manifest, ReadFile, Snapshots
from tollwatch.errors import StoreError
from tollwatch.segments import KEPT, Deferred, Segment


def test_the_line_goes_on_while_a_snapshot_is_written(tmp_path: Path) -> None:
    """The call comes back before the bytes are made; the next one waits, and knows which segments stand."""
    saver, may_go_on = BackgroundSaver(Snapshots(tmp_path)), threading.Event()

    def slow(copied: dict[str, bytes]) -> bytes:
        assert may_go_on.wait(10)
        return copied["what"]

    saver.save(lambda stored: {"a": Deferred(lambda: {"what": b"first"}, slow), "n": str(len(stored)).encode()})
    assert saver.writing is not None
    assert not saver.writing.done()
    may_go_on.set()
    saver.save(lambda stored: {"a": KEPT if "a" in stored else b"?", "n": str(len(stored)).encode()})
    found = saver.newest()
    assert found is not None
    assert (found[0].number, found[1]) == (2, {"a": b"first", "n": b"2"})
    saver.close()


def test_a_large_snapshot_is_copied_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never all of it at a time: the line waits instead, and what is written is what was when it was asked for."""
    monkeypatch.setattr("streams.saving.MOST_COPIED", 1000)
    saver, held, most = BackgroundSaver(Snapshots(tmp_path)), 0, 0
    state = np.zeros(100, np.int64)

    def copied() -> dict[str, Any]:
        nonlocal held, most
        held += 1
        most = max(most, held)
        return {"a": state.copy()}

    def encoded(arrays: dict[str, Any]) -> bytes:
        nonlocal held
        held -= 1
        return arrays["a"].tobytes()

    saver.save(lambda _: {f"{n:02}": Deferred(copied, encoded) for n in range(40)})
    state += 1  # the line goes on
    found = saver.newest()
    assert found is not None
    assert set(found[1].values()) == {bytes(800)}
    assert most <= 4
    saver.close()


def test_a_manifest_comes_behind_the_findings(tmp_path: Path) -> None:
    """Where these could not be stored the snapshot before stands: what follows it is done again."""
    saver = BackgroundSaver(Snapshots(tmp_path))

    def not_stored() -> None:
        assert not list(tmp_path.glob("manifest-*"))
        raise StoreError("the disk is full")

    saver.save(lambda _: {"a": b"first"}, until_stored=not_stored)
    with pytest.raises(StoreError, match="the disk is full"):
        saver.wait()
    assert not list(tmp_path.glob("manifest-*"))
    saver.close()


def test_snapshots_take_a_small_part_of_the_time(tmp_path: Path) -> None:
    """Where one was dear the next one waits."""
    saver = BackgroundSaver(Snapshots(tmp_path))
    assert saver.is_due()
    saver.cpu_s = 1e9
    assert not saver.is_due()
    saver.close()


def test_what_fails_is_raised_by_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk ends the run, as it did when the line waited; what stood before stands."""
    saver = BackgroundSaver(Snapshots(tmp_path))
    saver.save(lambda _: {"a": b"first"})
    saver.wait()

    def full(
        self: Snapshots, segments: Mapping[str, Segment], number: int, files: Mapping[str, ReadFile] | None = None
    ) -> Manifest:
        raise StoreError("no space left")

    monkeypatch.setattr(Snapshots, "save", full)
    saver.save(lambda _: {"a": b"second"})
    with pytest.raises(StoreError, match="no space left"):
        saver.save(lambda _: {"a": b"third"})
    monkeypatch.undo()
    found = saver.newest()
    assert found is not None
    assert found[1] == {"a": b"first"}
    saver.close()
