"""A model that was trained in the lab and is scored in the line; it learns nothing there, unless it is online."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from models import every_scorer, scorer
from models.artifact import Artifact, Line, artifact_hash
from models.contract import Identity, Numbers, Scorer
from models.trees import Trees, load_trees
from tollwatch.errors import StoreError

CODE = 1


class TrainedScorer(Scorer):
    """What an artifact says of rows: its trees or its line, among all rows and not those it was trained on, calibrated.

    Its name is that of what it sees (`payment_risk`), its hash the artifact's.
    """

    def __init__(self, artifact: Artifact) -> None:
        what = f"model {artifact_hash(artifact)}"
        if artifact.view not in every_scorer():
            raise StoreError(
                f"{what}: this Tollwatch has no model `{artifact.view}`; it was trained for another version"
            )
        self.view = scorer(artifact.view)
        if artifact.inputs != self.view.inputs:
            raise StoreError(f"{what}: it was trained on other inputs than `{artifact.view}` has now; train it again")
        self.artifact, self.hash = artifact, artifact_hash(artifact)
        self.name, self.version, self.inputs = artifact.view, self.view.version, artifact.inputs  # type: ignore[misc]
        self.trees = load_trees(artifact.trees, what=what) if artifact.trees is not None else None
        self.online: Scorer | None = None
        if artifact.state is not None:
            self.online = scorer(artifact.algorithm)
            self.online.load(artifact.state)
        if (self.trees is None) + (artifact.line is None) + (self.online is None) != 2:
            raise StoreError(f"{what}: it has not exactly one of trees, a line and a state; train it again")

    def identity(self) -> Identity:
        """What every score carries: the artifact's own hash."""
        return Identity(self.name, self.version, self.hash)

    def parameters(self) -> dict[str, float | int | str]:
        """What it was trained with."""
        return {"algorithm": self.artifact.algorithm, "seed": self.artifact.seed, **self.artifact.parameters}

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """As what it sees is prepared."""
        return self.view.prepare(rows)

    def learn_one(self, features: Mapping[str, float], label: bool, weight: float = 1.0) -> None:  # noqa: FBT001
        """Learn, where it is an online model; a batch model is trained anew instead."""
        if self.online is not None:
            self.online.learn_one(features, label, weight)

    def settle(self, time: int) -> None:
        """Let an online model be fitted."""
        if self.online is not None:
            self.online.settle(time)

    def score_one(self, features: Mapping[str, float]) -> float:
        """The chance of one event."""
        return float(self.score_many(np.array([list(self.known(features).values())]))[0])

    def score_many(self, inputs: Numbers) -> Numbers:
        """The chance of each row."""
        found: Numbers = np.clip(self.artifact.calibration.apply(self._share(inputs)), 0.0, 1.0)
        return found

    def raw(self, inputs: Numbers) -> Numbers:
        """The score of each row before calibration."""
        return self._share(inputs)

    def _share(self, inputs: Numbers) -> Numbers:
        if self.online is not None:
            return self.online.score_many(inputs)
        return chances(self.trees, self.artifact.line, inputs, kept_share=self.artifact.kept_share)

    def explain_one(self, features: Mapping[str, float]) -> dict[str, float]:
        """How far each input moved the score before it was calibrated, the strongest first."""
        known = self.known(features)
        if self.online is not None:
            return self.online.explain_one(known)
        row = np.array([*known.values()])
        if self.trees is not None:
            parts = self.trees.contributions(row)
        else:
            assert self.artifact.line is not None
            parts = line_parts(self.artifact.line, row)
        named = dict(zip(known, parts.tolist(), strict=True))
        return dict(sorted(named.items(), key=lambda part: (-abs(part[1]), part[0])))

    def ready(self) -> bool:
        """It was trained."""
        return self.online is None or self.online.ready()

    def save(self) -> bytes:
        """What an online model has learnt; of a batch model nothing, its file is its state."""
        return self.online.save() if self.online is not None else b""

    def load(self, state: bytes) -> None:
        """Take up what an online model had learnt."""
        if self.online is not None:
            self.online.load(state)


FARTHEST = 20.0


def chances(trees: Trees | None, line: Line | None, inputs: Numbers, *, kept_share: float = 1.0) -> Numbers:
    """What trees, or else a line, say of each row: a chance among all, where a share of the genuine was learnt.

    (Elkan 2001, theorem 2.) Of an isolation forest its score, which is no chance.
    """
    if trees is not None:
        raw = trees.score(inputs)
        if trees.link == "isolation":
            return raw
    else:
        assert line is not None
        raw = _on_line(line, inputs)
    return raw / (raw + (1.0 - raw) / kept_share)


def line_parts(line: Line, row: Numbers) -> Numbers:
    """How far each input of a row moves a line."""
    parts: Numbers = _scaled(line, row.reshape(1, -1))[0] * np.array(line.weights)
    return parts


def _scaled(line: Line, inputs: Numbers) -> Numbers:
    scaled: Numbers = np.clip((inputs - np.array(line.means)) / np.array(line.deviations), -FARTHEST, FARTHEST)
    return scaled


def _on_line(line: Line, inputs: Numbers) -> Numbers:
    sums = np.cumsum(_scaled(line, inputs) * np.array(line.weights), axis=1)[:, -1] + line.intercept
    found: Numbers = 1.0 / (1.0 + np.exp(-np.clip(sums, -500.0, 500.0)))
    return found
