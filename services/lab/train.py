"""Train a model on a training set, and register it."""

from pathlib import Path

import msgspec

from models.artifact import Artifact
from replay.lab.dataset import read_dataset
from replay.lab.training import Training, train
from services.lab.registry import register
from services.relational import acting_user
from tollwatch.config import Settings


def train_model(
    dataset: Path, wanted: Training, data: Path | None, settings: Settings, *, note: str = ""
) -> tuple[str, Artifact]:
    """Train a model on the training set of a folder, and register it; gives its hash and what was made."""
    found = read_dataset(dataset)
    artifact = train(found, wanted, name=dataset.name)
    by = acting_user(None)
    card = msgspec.structs.replace(artifact.card, trained_by=by, note=note.strip())
    artifact = msgspec.structs.replace(artifact, card=card)
    return register(artifact, found.card.detector, data, settings, by=by), artifact
