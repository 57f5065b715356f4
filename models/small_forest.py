"""Trees for where examples are few: every one is kept, and nothing is fitted before there are some of either kind."""

from models.contract import Numbers
from models.refitted import RefittedScorer
from models.trees import Trees, of_forest


class SmallForest(RefittedScorer):
    """Extremely randomised trees: sixty, of eight levels, with five examples in a leaf.

    With few examples of one kind they would believe anything of all others, and set the thresholds of a week by it.
    """

    LEAST_OF_EACH = 50

    def __init__(self, *, seed: int = 1, keep: float = 1.0, most: int = 20_000) -> None:
        super().__init__(seed=seed, keep=keep, most=most)

    def fit(self, inputs: Numbers, labels: Numbers) -> Trees:
        """Fit them on all examples."""
        from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415  (it takes a second, and only fitting needs it)

        forest = ExtraTreesClassifier(60, min_samples_leaf=5, max_depth=8, n_jobs=1, random_state=self.seed)
        return of_forest(forest.fit(inputs, labels))
