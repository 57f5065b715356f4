"""A model that is fitted anew on what it has learnt, at moments of event time: trees for a stream of labels."""

import logging
from abc import abstractmethod
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
import numpy as np

from models.contract import Numbers, Scorer
from models.examples import Examples, SavedExamples
from models.trees import SavedTrees, Trees, load_trees
from tollwatch.rescue import UNFORESEEN
from tollwatch.saved import decode_saved

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
VERSION = 1
log = logging.getLogger("tollwatch.models")
_FITTING = ThreadPoolExecutor(1, "fitting")


class _State(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    examples: SavedExamples
    trees: SavedTrees | None
    following: SavedTrees | None
    fitted_at: int | None
    fitted_on: int


class RefittedScorer(Scorer):
    """Keeps labelled examples, and fits trees on them: at most every hour of event time, at least once a day.

    It is fitted when the examples have grown by a quarter, or a day has passed and there are new ones. Trees are fitted
    beside the line, and score from the first settling that lies `IN_FORCE_AFTER_MS` of event time behind the one that
    began it: whether the fit took a second or a minute, the same rows are scored by them. Only a share of the genuine
    examples is kept; scores are chances among all, not among those that were kept (Elkan 2001, theorem 2).
    """

    IN_FORCE_AFTER_MS = HOUR_MS
    GROWN = 1.25
    LEAST_OF_EACH = 1
    """As many examples of either kind are needed before anything is fitted."""

    def __init__(self, *, seed: int = 1, keep: float = 0.1, most: int = 40_000) -> None:
        self.seed, self.keep = seed, keep
        self.examples = Examples(len(self.inputs), keep=keep, most=most, seed=seed)
        self.trees: Trees | None = None
        self.following: Future[Trees] | None = None
        self.fitted_at: int | None = None
        self.fitted_on = 0

    @abstractmethod
    def fit(self, inputs: Numbers, labels: Numbers) -> Trees:
        """Fit trees on kept examples."""

    def parameters(self) -> dict[str, float | int | str]:
        """What it is made with."""
        return {"seed": self.seed, "keep": self.keep, "most": self.examples.most}

    def learn_one(self, features: Mapping[str, float], label: bool, weight: float = 1.0) -> None:  # noqa: FBT001
        """Keep what an event turned out to be."""
        del weight  # examples count alike
        self.examples.add(list(self.known(features).values()), fraud=label)

    def settle(self, time: int) -> None:
        """Fit, or let the fitted trees come into force, where event time has come to it."""
        if self.following is not None:
            assert self.fitted_at is not None
            if time >= self.fitted_at + self.IN_FORCE_AFTER_MS:
                self.trees, self.following = self._fitted() or self.trees, None
        elif self._is_due(time):
            self.fitted_at, self.fitted_on = time, self.examples.learnt
            inputs, labels = self.examples.all()
            self.following = _FITTING.submit(self.fit, inputs, labels)

    def _fitted(self) -> Trees | None:
        """What was being fitted; None, and a line in the log, where that failed: the trees before it stay."""
        assert self.following is not None
        try:
            return self.following.result()
        except UNFORESEEN as error:
            log.warning("%s: could not be fitted, and scores as before (%r)", self.name, error)
            return None

    def _is_due(self, time: int) -> bool:
        examples = self.examples
        if min(examples.frauds, examples.genuine) < self.LEAST_OF_EACH or examples.learnt == self.fitted_on:
            return False
        if self.fitted_at is None:
            return True
        if time < self.fitted_at + HOUR_MS:
            return False
        return examples.learnt >= self.GROWN * self.fitted_on or time // DAY_MS > self.fitted_at // DAY_MS

    def score_one(self, features: Mapping[str, float]) -> float:
        """How likely the event is fraud; 0 where nothing was fitted."""
        return float(self.score_many(np.array([list(self.known(features).values())]))[0])

    def score_many(self, inputs: Numbers) -> Numbers:
        """How likely each row is fraud."""
        if self.trees is None:
            return np.zeros(len(inputs))
        share = self.trees.score(inputs)
        return share / (share + (1.0 - share) / self.keep)

    def explain_one(self, features: Mapping[str, float]) -> dict[str, float]:
        """How far each input moved the trees, the strongest first."""
        known = self.known(features)
        parts = np.zeros(len(known)) if self.trees is None else self.trees.contributions(np.array([*known.values()]))
        named = dict(zip(known, parts.tolist(), strict=True))
        return dict(sorted(named.items(), key=lambda part: (-abs(part[1]), part[0])))

    def ready(self) -> bool:
        """Trees were fitted, which needs both kinds."""
        return self.trees is not None

    def save(self) -> bytes:
        """Examples and trees; what is being fitted is waited for."""
        following = self._fitted() if self.following is not None else None
        return msgspec.msgpack.encode(
            _State(
                version=VERSION,
                examples=self.examples.save(),
                trees=self.trees.save() if self.trees is not None else None,
                following=following.save() if following is not None else None,
                fitted_at=self.fitted_at,
                fitted_on=self.fitted_on,
            ),
            order="sorted",
        )

    def load(self, state: bytes) -> None:
        """Take up examples and trees. Raises StoreError where they are damaged."""
        saved = decode_saved(state, _State, VERSION, what=self.name)
        self.examples.load(saved.examples, what=self.name)
        self.trees = load_trees(saved.trees, what=self.name) if saved.trees is not None else None
        self.following = None
        if saved.following is not None:
            self.following = Future()
            self.following.set_result(load_trees(saved.following, what=self.name))
        self.fitted_at, self.fitted_on = saved.fitted_at, saved.fitted_on
