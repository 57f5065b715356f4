"""A trained model as a file: numbers by name, signed under the installation's key; nothing in it can run.

The line, the lab and the console read the same file. A file that this installation did not write is refused before
anything in it is looked at.
"""

import hashlib
import hmac
from typing import Any

import msgspec

from models.calibration import Calibration
from models.trees import SavedTrees
from tollwatch.errors import StoreError, VersionError

MAGIC = b"tollwatch model\n"
VERSION = 1
SIGNATURE = 32


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A logistic regression over scaled inputs: `means`, `deviations` and `weights` by input."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What people ask of a model: what it was trained on, by which code, how it did on later data it had not seen."""

    dataset: str
    dataset_hash: str
    since_ms: int
    until_ms: int
    labels_known_until_ms: int
    rows: int
    frauds: int
    code_version: str
    libraries: dict[str, str]
    trained_by: str = ""
    metrics: dict[str, float] = {}
    searched: list[dict[str, Any]] = []
    note: str = ""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A trained model: `view` names what it sees; one of `trees`, `line` and `state` is what it knows.

    `state` is what an online model of the product saved of itself; it goes on learning. `kept_share` is the share of
    genuine examples it was trained on. `past` are the greatest scores of its last days, from which the first thresholds
    come.
    """

    version: int = VERSION
    view: str
    algorithm: str
    seed: int
    inputs: tuple[str, ...]
    parameters: dict[str, float | int | str]
    trees: SavedTrees | None = None
    line: Line | None = None
    state: bytes | None = None
    kept_share: float = 1.0
    calibration: Calibration = Calibration()
    past: list[tuple[int, list[float]]] = []
    card: Card


def artifact_hash(artifact: Artifact) -> str:
    """What names an artifact: a hash of everything in it (BLAKE2b, 16 hexadecimal digits)."""
    return hashlib.blake2b(_body(artifact), digest_size=8, person=b"tollwatch model").hexdigest()


def _body(artifact: Artifact) -> bytes:
    return msgspec.msgpack.encode(artifact, order="deterministic")


def _signature(body: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(body, key=key, digest_size=SIGNATURE, person=b"tollwatch model").digest()


def write_artifact(artifact: Artifact, key: bytes) -> bytes:
    """The bytes of a file."""
    body = _body(artifact)
    return MAGIC + _signature(body, key) + body


def read_artifact(data: bytes, key: bytes, *, what: str) -> Artifact:
    """The artifact in a file's bytes. Raises StoreError where this installation did not write it, or it is damaged."""
    if not data.startswith(MAGIC):
        raise StoreError(f"{what}: this is no model that Tollwatch wrote; models come from `tollwatch train`")
    signature, body = data[len(MAGIC) : len(MAGIC) + SIGNATURE], data[len(MAGIC) + SIGNATURE :]
    if not hmac.compare_digest(signature, _signature(body, key)):
        raise StoreError(
            f"{what}: the signature is not this installation's, or the file was changed; a model is loaded only where "
            "it was trained: run `tollwatch train` here"
        )
    try:
        found = msgspec.msgpack.decode(body, type=Artifact)
    except msgspec.DecodeError as error:
        raise StoreError(f"{what}: the model cannot be read ({error}); train it again") from error
    if found.version != VERSION:
        raise VersionError(
            f"{what} was written in version {found.version}, this Tollwatch knows {VERSION}; train it again"
        )
    found.calibration.check(what=what)
    return found
