"""SIM box score: how likely a SIM's day of calls is a bypass, learnt from verdicts by trees fitted as they come."""

from sklearn.ensemble import ExtraTreesClassifier

from models.contract import Numbers
from models.refitted import RefittedScorer
from models.sim_view import SimView
from models.trees import Trees, of_forest


class SimBoxScore(SimView, RefittedScorer):
    """Extremely randomised trees over seven inputs; every row is kept, since few SIMs call that much.

    With few examples of one kind it would believe anything of all others, and that would set the thresholds of a week.
    """

    name = "sim_box_score"
    version = 1
    LEAST_OF_EACH = 50

    def __init__(self, *, seed: int = 1, keep: float = 1.0, most: int = 20_000) -> None:
        super().__init__(seed=seed, keep=keep, most=most)

    def fit(self, inputs: Numbers, labels: Numbers) -> Trees:
        """Sixty trees of eight levels; a leaf has five examples."""
        forest = ExtraTreesClassifier(60, min_samples_leaf=5, max_depth=8, n_jobs=1, random_state=self.seed)
        return of_forest(forest.fit(inputs, labels))
