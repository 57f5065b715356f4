"""Snapshots: a run's state on disk, so that the next run goes on where it ended.

Segments are files named by what is in them, written once; a manifest names them and is put in place last, in one
step, so that a snapshot is whole or is not there. The manifest with the highest number wins; what no manifest names
any more is removed.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tollwatch.errors import StoreError, VersionError

FORMAT = 4


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot consists of: segment name → file, how far each source partition was read, and of which file."""

    format: int
    epoch: int
    number: int
    segments: dict[str, str]
    consumed: dict[str, int]
    prints: dict[str, str]


def _write(path: Path, data: bytes) -> None:
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class Snapshots:
    """The snapshots in one folder."""

    def __init__(self, folder: Path, *, epoch: int = 0) -> None:
        self.folder, self.epoch = folder, epoch
        folder.mkdir(parents=True, exist_ok=True)

    def _manifests(self) -> list[Path]:
        return sorted(self.folder.glob("manifest-*.json"))

    def latest(self) -> Manifest | None:
        """The manifest in force. Raises VersionError where a newer Tollwatch wrote it."""
        files = self._manifests()
        if not files:
            return None
        raw = msgspec.json.decode(files[-1].read_bytes())
        if raw["format"] != FORMAT:
            newer = raw["format"] > FORMAT
            raise VersionError(
                f"{files[-1]}: the state has format {raw['format']}, this Tollwatch knows {FORMAT}; "
                + ("upgrade Tollwatch" if newer else "run the input again into another --data")
            )
        return msgspec.convert(raw, Manifest)

    def load(self, manifest: Manifest) -> dict[str, bytes]:
        """The segments of a snapshot. Raises StoreError where one is missing."""
        try:
            return {name: (self.folder / file).read_bytes() for name, file in manifest.segments.items()}
        except FileNotFoundError as error:
            raise StoreError(
                f"{error.filename}: a part of the saved state is missing; restore it, or start with another --data"
            ) from error

    def save(self, segments: Mapping[str, bytes], consumed: Mapping[str, int], prints: Mapping[str, str]) -> Manifest:
        """Write what has changed, then the manifest, then let go of what is no longer named."""
        before = self.latest()
        named = {}
        for name, data in sorted(segments.items()):
            named[name] = f"{hashlib.sha256(data).hexdigest()[:32]}.segment"
            if not (self.folder / named[name]).exists():
                _write(self.folder / named[name], data)
        manifest = Manifest(
            format=FORMAT, epoch=self.epoch, number=before.number + 1 if before else 1, segments=named,
            consumed=dict(sorted(consumed.items())), prints=dict(sorted(prints.items())),
        )  # fmt: skip
        _write(self.folder / f"manifest-{manifest.epoch:06}-{manifest.number:012}.json", msgspec.json.encode(manifest))
        self._tidy(set(named.values()))
        return manifest

    def _tidy(self, named: set[str]) -> None:
        for old in self._manifests()[:-1]:
            old.unlink()
        for segment in self.folder.glob("*.segment"):
            if segment.name not in named:
                segment.unlink()
