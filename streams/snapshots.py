"""Snapshots: state in named segments, under any URL that fsspec understands, so that the next process goes on with it.

Segments are written once, and only what has changed is (`tollwatch.segments`); a manifest names them and is put in
place last, in one step, so that a snapshot is whole or is not there. The manifest of the highest (epoch, number) wins,
whoever wrote it: a worker that was thought dead and goes on writes lower ones. What is removed has been replaced by
later manifests, or is named by none of them and older than they are.

What is loaded was written by this installation for this place: a manifest carries a keyed hash of itself, and names
every segment by its own. Where one does not fit, the snapshot before is taken.
"""

import hashlib
import hmac
import logging
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import fsspec
import msgspec

from tollwatch.errors import ConfigurationError, StoreError, VersionError
from tollwatch.private_files import private
from tollwatch.segments import KEPT, Segment

log = logging.getLogger("tollwatch.snapshots")
FORMAT = 7
GO_ON = "restore it, or start again with another --data or `state`"


class ReadFile(msgspec.Struct, frozen=True):
    """A file that was read as a source partition: how many of its records, and how to know it again."""

    consumed: int
    fingerprint: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot consists of: segment -> file; `number` is its place in the log, `files` what had been read."""

    format: int
    epoch: int
    number: int
    segments: dict[str, str]
    files: dict[str, ReadFile] = {}
    seal: str = ""


class Snapshots:
    """The snapshots in one folder, of which the last `keep` stay.

    `key` is the installation's, `about` says of what they are: those of another installation or place are refused.
    """

    def __init__(self, url: str | Path, *, epoch: int = 0, keep: int = 2, key: bytes = b"", about: str = "run") -> None:
        self.key, self.about = key, about
        try:
            self.files, root = fsspec.core.url_to_fs(str(url))
        except (ImportError, ValueError) as error:
            raise ConfigurationError(f"state: `{url}` cannot be used: {error}") from error
        self.folder = root.rstrip("/")
        self.epoch, self.keep = epoch, keep
        self.known: dict[str, str] = {}
        self.written_bytes = 0

    def _names(self) -> list[str]:
        try:
            found = self.files.ls(self.folder, detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(str(path).rpartition("/")[2] for path in found)

    @staticmethod
    def _manifests(names: list[str]) -> list[str]:
        return [name for name in names if name.startswith("manifest-") and name.endswith(".json")]

    def latest(self) -> Manifest | None:
        """The manifest in force. Raises VersionError where another version wrote it."""
        manifests = self._manifests(self._names())
        return self._read(manifests[-1]) if manifests else None

    def newest(self) -> tuple[Manifest, dict[str, bytes]] | None:
        """The newest snapshot that is whole, with its segments; None where there is none at all.

        Raises StoreError where every one is damaged, VersionError where another version wrote the newest.
        """
        damaged: StoreError | None = None
        for name in reversed(self._manifests(self._names())):
            try:
                manifest = self._read(name)
                return manifest, self.load(manifest)
            except VersionError:
                raise
            except StoreError as error:
                log.warning("%s; the snapshot before is taken", error)
                damaged = damaged or error
        if damaged is not None:
            raise damaged
        return None

    def _seal(self, manifest: Manifest) -> str:
        plain = msgspec.json.encode(msgspec.structs.replace(manifest, seal=""))
        return hashlib.blake2b(self.about.encode() + b"\0" + plain, key=self.key, digest_size=32).hexdigest()

    def _read(self, name: str) -> Manifest:
        where = f"{self.folder}/{name}"
        try:
            raw: Any = msgspec.json.decode(self.files.cat_file(where))
            if raw["format"] == FORMAT:
                manifest = msgspec.convert(raw, Manifest)
                if not hmac.compare_digest(manifest.seal, self._seal(manifest)):
                    raise StoreError(f"{where}: was changed, or written by another installation; {GO_ON}")
                return manifest
        except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{where}: is damaged ({error}); {GO_ON}") from error
        newer = raw["format"] > FORMAT
        raise VersionError(
            f"{where}: the state has format {raw['format']}, this Tollwatch knows {FORMAT}; "
            + ("upgrade Tollwatch" if newer else "run the input again into another --data or `state`")
        )

    def load(self, manifest: Manifest) -> dict[str, bytes]:
        """The segments of a snapshot. Raises StoreError where one is missing, or is not what was written."""
        segments = {}
        for name, file in manifest.segments.items():
            where = f"{self.folder}/{file}"
            try:
                data = self.files.cat_file(where)
            except OSError as error:
                raise StoreError(f"{where}: a part of the saved state is missing ({error}); {GO_ON}") from error
            if _digest(data) != file.split("-", 1)[-1].removesuffix(".segment"):
                raise StoreError(f"{where}: a part of the saved state is damaged; {GO_ON}")
            segments[name] = data
        self.known = dict(manifest.segments)
        return segments

    def names(self) -> AbstractSet[str]:
        """The segments that the snapshot holds which was loaded or saved last."""
        return self.known.keys()

    def save(
        self, segments: Mapping[str, Segment], number: int, files: Mapping[str, ReadFile] | None = None
    ) -> Manifest:
        """Write what has changed, then the manifest, then let go of what is old; `KEPT` segments stay as they are."""
        self.files.makedirs(self.folder, exist_ok=True)
        named = {}
        for name, segment in sorted(segments.items()):
            if segment is KEPT:
                named[name] = self.known[name]
                continue
            data = bytes(segment)
            digest = _digest(data)
            file = self.known.get(name, "")
            if file.split("-", 1)[-1] != f"{digest}.segment":
                file = f"{number:016}-{digest}.segment"
                self._put(file, data)
                self.written_bytes += len(data)
            named[name] = file
        manifest = Manifest(
            format=FORMAT, epoch=self.epoch, number=number, segments=named, files=dict(sorted((files or {}).items()))
        )
        manifest = msgspec.structs.replace(manifest, seal=self._seal(manifest))
        self._put(f"manifest-{self.epoch:06}-{number:016}.json", msgspec.json.encode(manifest))
        self.known = named
        self._tidy()
        return manifest

    def _put(self, name: str, data: bytes) -> None:
        """Write in one step: an object store's put is one, a folder gets a file beside it that is moved into place."""
        path = f"{self.folder}/{name}"
        if "file" in self.files.protocol:
            beside = Path(f"{path}.part")
            with private(beside) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        else:
            self.files.pipe_file(path, data)

    def _tidy(self) -> None:
        names = self._names()
        manifests = self._manifests(names)
        kept = manifests[-self.keep :]
        try:
            used = {file for name in kept for file in self._read(name).segments.values()}
            newest = self._read(kept[-1]).number
        except (FileNotFoundError, IndexError):
            return  # somebody else tidies
        except StoreError as error:
            log.warning("%s; nothing is removed", error)
            return
        old = set(manifests[: -self.keep])
        old |= {n for n in names if n.endswith(".segment") and n not in used and int(n.split("-")[0]) < newest}
        for name in sorted(old, reverse=True):
            try:
                self.files.rm_file(f"{self.folder}/{name}")
            except FileNotFoundError:
                continue


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
