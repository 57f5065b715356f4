"""The folder of trained models: a file each, by its hash. What this installation did not write is not loaded."""

import os
import re
from pathlib import Path

import msgspec

from models.artifact import Artifact, artifact_hash, read_artifact, write_artifact
from models.frozen import TrainedScorer
from tollwatch.errors import ConfigurationError, StoreError

ENDING = ".model"
LEARNT = ".learnt"
"""What an online model has learnt beside the champion, as a model again; named by the one it was trained as."""
HASH = re.compile(r"[0-9a-f]{16}")


class ModelFolder:
    """Models in a folder, signed under the installation's key (16 bytes)."""

    def __init__(self, folder: str | Path | None, key: bytes) -> None:
        self.folder = Path(folder) if folder is not None else None
        self.key = key

    def _path(self, name: str) -> Path:
        if self.folder is None:
            raise ConfigurationError(
                "no folder of trained models is known; name it in `models`, the same for all workers"
            )
        if not HASH.fullmatch(name):
            raise ConfigurationError(f"`{name[:40]}` is no model; `tollwatch models list` says what there is")
        return self.folder / f"{name}{ENDING}"

    def save(self, artifact: Artifact) -> str:
        """Write a model; gives its hash. What is there already stays."""
        name = artifact_hash(artifact)
        self._write(self._path(name), artifact)
        return name

    def _write(self, path: Path, artifact: Artifact) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole = path.with_name(f".{path.name}.{os.getpid()}")
        whole.write_bytes(write_artifact(artifact, self.key))
        whole.replace(path)

    def load(self, name: str) -> Artifact:
        """A model by its hash. Raises StoreError where it is missing, damaged, or not of this installation."""
        path = self._path(name)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(
                f"model {name}: {path} cannot be read ({error.strerror}); copy it from where it was trained"
            ) from error
        found = read_artifact(data, self.key, what=str(path))
        if artifact_hash(found) != name:
            raise StoreError(f"{path}: holds model {artifact_hash(found)}; its name was changed: give it back")
        return found

    def learnt(self, name: str) -> Artifact:
        """An online model with what it has learnt beside the champion until now; as it was trained before it has.

        Raises StoreError where the file of it is damaged or another's.
        """
        trained, path = self.load(name), self._path(name).with_suffix(LEARNT)
        if not path.exists():
            return trained
        found = read_artifact(path.read_bytes(), self.key, what=str(path))
        if msgspec.structs.replace(found, state=trained.state, card=trained.card) != trained:
            raise StoreError(f"{path}: is what another model has learnt; delete it, and model {name} learns anew")
        return found

    def keep_learnt(self, name: str, artifact: Artifact) -> None:
        """Keep what an online model has learnt."""
        self._write(self._path(name).with_suffix(LEARNT), artifact)

    def scorer(self, name: str) -> TrainedScorer:
        """The model of a hash, as it scores in the line."""
        return TrainedScorer(self.load(name))
