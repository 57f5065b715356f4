"""Which model scores: the product's own, or one that was trained and promoted at an event time."""

import logging

import msgspec
import polars as pl

from models.contract import Numbers, Scorer
from models.registry import ModelFolder
from tollwatch.errors import ConfigurationError
from tollwatch.rescue import UNFORESEEN

log = logging.getLogger("tollwatch.models")
NEVER = 2**62
Past = list[tuple[int, list[float]]]


class SavedChampion(msgspec.Struct, frozen=True, kw_only=True):
    """Which trained model scores and what it has learnt since, changes that are still to come, the own model's past."""

    artifact: str | None
    state: bytes
    changes: list[tuple[int, str | None]]
    own_past: Past


class Champion:
    """The model of a detector. The product's own goes on learning while another scores, so that it can be taken back.

    A change is an event of `reference` (entity `model`, the detector as its id, `artifact`). It takes place before the
    first row that is not older, the same live, embedded and replayed.
    """

    def __init__(self, detector: str, own: Scorer, folder: ModelFolder | None) -> None:
        self.detector, self.own, self.folder = detector, own, folder
        self.model, self.identity = own, own.identity()
        self.artifact: str | None = None
        self.changes: list[tuple[int, str | None]] = []
        self.own_past: Past = []

    def note(self, reference: pl.DataFrame | None) -> None:
        """Take note of the changes among rows of `reference`."""
        if reference is None or reference.is_empty() or "entity" not in reference.columns:
            return
        mine = reference.filter((pl.col("entity") == "model") & (pl.col("id") == self.detector))
        if mine.is_empty():
            return
        absent = [] if "artifact" in mine.columns else [pl.lit(None, pl.String).alias("artifact")]
        self.changes += list(mine.with_columns(absent).select("event_time", "artifact").iter_rows())
        self.changes.sort(key=lambda change: change[0])  # stable: of one instant the last one counts

    def next_change(self, time: int) -> int:
        """When (ms) the next change after an instant takes place."""
        return next((at for at, _ in self.changes if at > time), NEVER)

    def change(self, time: int, so_far: Past) -> Past | None:
        """Make the changes up to an instant; gives the greatest scores of the new model's last days, None without one.

        Raises ConfigurationError, StoreError where the model that is to score is not here.
        """
        due = [artifact for at, artifact in self.changes if at <= time]
        if not due:
            return None
        self.changes = self.changes[len(due) :]
        if due[-1] == self.artifact:
            return None
        if self.artifact is None:
            self.own_past = so_far
        self._score_by(due[-1])
        if self.artifact is None:
            return self.own_past
        return list(self._folder().load(self.artifact).past)

    def _folder(self) -> ModelFolder:
        if self.folder is None:
            raise ConfigurationError(f"{self.detector}: no folder of trained models is known; name it in `models`")
        return self.folder

    def _score_by(self, artifact: str | None) -> None:
        trained = self._folder().scorer(artifact) if artifact is not None else None
        if trained is not None and trained.inputs != self.own.inputs:
            raise ConfigurationError(
                f"{self.detector}: model {artifact} was trained for {trained.name}, which sees others"
            )
        self.model = trained or self.own
        self.artifact, self.identity = artifact, self.model.identity()

    def learn(self, features: dict[str, float], *, fraud: bool) -> None:
        """Learn what an event turned out to be: the product's own model, and one that scores and learns."""
        for model in self._all():
            try:
                model.learn_one(features, fraud)
            except UNFORESEEN as error:
                log.warning("%s: an example could not be learnt and is left out (%r)", model.name, error)

    def observe(self, inputs: Numbers) -> None:
        """Show them rows that were scored and alerted nobody."""
        for model in self._all():
            try:
                model.observe(inputs)
            except UNFORESEEN as error:
                log.warning("%s: what was scored could not be learnt and is left out (%r)", model.name, error)

    def settle(self, time: int) -> None:
        """Let them be fitted."""
        for model in self._all():
            try:
                model.settle(time)
            except UNFORESEEN as error:
                log.warning("%s: could not be fitted, and scores as before (%r)", model.name, error)

    def _all(self) -> list[Scorer]:
        return [self.own] if self.model is self.own else [self.own, self.model]

    def save(self) -> SavedChampion:
        """Which one scores, and what it has learnt; the own model's state is saved apart."""
        state = self.model.save() if self.artifact is not None else b""
        return SavedChampion(artifact=self.artifact, state=state, changes=self.changes, own_past=self.own_past)

    def load(self, saved: SavedChampion) -> None:
        """Take it up. Raises StoreError where the model that scored is not here."""
        self.changes, self.own_past = list(saved.changes), list(saved.own_past)
        if saved.artifact is not None:
            self._score_by(saved.artifact)
            self.model.load(saved.state)
