"""Snapshots of parts, under any URL that fsspec understands.

A part's state at an offset of its log of frames: segments that are written once, and a manifest, put in place last,
that names them. The manifest of the highest (epoch, offset) wins, whoever wrote it: a worker that was thought dead and
goes on writes lower ones. What is removed has been replaced by two later manifests, or is named by none of them and
older than they are.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import fsspec
import msgspec

from tollwatch.errors import ConfigurationError, StoreError, VersionError

FORMAT = 1
KEPT = 2


class PartManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Segment → file; `offset` is that of the first frame that is not in it."""

    format: int
    epoch: int
    offset: int
    segments: dict[str, str]


class PartSnapshots:
    """The snapshots of one part."""

    def __init__(self, url: str, key_space: str, part: int, *, epoch: int = 0) -> None:
        try:
            self.files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(f"state: `{url}` cannot be used: {error}") from error
        self.folder = f"{root.rstrip('/')}/{key_space}/{part:03}"
        self.epoch = epoch
        self.known: dict[str, str] = {}

    def _names(self) -> list[str]:
        try:
            found = self.files.ls(self.folder, detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(str(path).rpartition("/")[2] for path in found)

    def _manifests(self, names: list[str]) -> list[str]:
        return [name for name in names if name.startswith("manifest-") and name.endswith(".json")]

    def latest(self) -> PartManifest | None:
        """The manifest in force. Raises VersionError where another version wrote it."""
        manifests = self._manifests(self._names())
        return self._read(manifests[-1]) if manifests else None

    def _read(self, name: str) -> PartManifest:
        raw: Any = msgspec.json.decode(self.files.cat_file(f"{self.folder}/{name}"))
        if raw["format"] != FORMAT:
            advice = "upgrade Tollwatch" if raw["format"] > FORMAT else "replay into another `state`"
            raise VersionError(
                f"{self.folder}/{name} has format {raw['format']}, this Tollwatch knows {FORMAT}; {advice}"
            )
        return msgspec.convert(raw, PartManifest)

    def load(self, manifest: PartManifest) -> dict[str, bytes]:
        """The segments of a snapshot. Raises StoreError where one is missing."""
        self.known = dict(manifest.segments)
        try:
            return {name: self.files.cat_file(f"{self.folder}/{file}") for name, file in manifest.segments.items()}
        except FileNotFoundError as error:
            raise StoreError(
                f"{self.folder}: a part of the saved state is missing ({error}); restore it, or begin with "
                "another `state`"
            ) from error

    def save(self, segments: Mapping[str, bytes], offset: int) -> int:
        """Write what has changed, then the manifest, then let go of what is old; gives the bytes of the state."""
        self.files.makedirs(self.folder, exist_ok=True)
        named = {}
        for name, data in sorted(segments.items()):
            print_ = hashlib.sha256(data).hexdigest()[:24]
            before = self.known.get(name, "")
            if before.split("-", 1)[-1] != f"{print_}.segment":
                before = f"{offset:016}-{print_}.segment"
                self._put(before, data)
            named[name] = before
        manifest = PartManifest(format=FORMAT, epoch=self.epoch, offset=offset, segments=named)
        self._put(f"manifest-{self.epoch:06}-{offset:016}.json", msgspec.json.encode(manifest))
        self.known = named
        self._tidy()
        return sum(map(len, segments.values()))

    def _put(self, name: str, data: bytes) -> None:
        """In one step: an object store's put is one, a folder gets a file beside that is moved into place."""
        path = f"{self.folder}/{name}"
        if self.files.protocol in ("file", "local") or "file" in self.files.protocol:
            self.files.pipe_file(f"{path}.part", data)
            self.files.mv(f"{path}.part", path)
        else:
            self.files.pipe_file(path, data)

    def _tidy(self) -> None:
        names = self._names()
        manifests = self._manifests(names)
        kept = manifests[-KEPT:]
        try:
            used = {file for name in kept for file in self._read(name).segments.values()}
            newest = self._read(kept[-1]).offset
        except (FileNotFoundError, IndexError):
            return  # somebody else tidies
        old = set(manifests[:-KEPT])
        old |= {n for n in names if n.endswith(".segment") and n not in used and int(n.split("-")[0]) < newest}
        for name in sorted(old, reverse=True):
            try:
                self.files.rm_file(f"{self.folder}/{name}")
            except FileNotFoundError:
                continue
