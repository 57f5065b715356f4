"""Subscription risk: how likely an order will never be paid for, learnt from verdicts by trees fitted as they come."""

from sklearn.ensemble import ExtraTreesClassifier

from models.contract import Numbers
from models.order_view import OrderView
from models.refitted import RefittedScorer
from models.trees import Trees, of_forest


class SubscriptionRisk(OrderView, RefittedScorer):
    """Extremely randomised trees over ten inputs; every order is kept, since there are few."""

    name = "subscription_risk"
    version = 1
    LEAST_OF_EACH = 50

    def __init__(self, *, seed: int = 1, keep: float = 1.0, most: int = 20_000) -> None:
        super().__init__(seed=seed, keep=keep, most=most)

    def fit(self, inputs: Numbers, labels: Numbers) -> Trees:
        """Sixty trees of eight levels; a leaf has five examples."""
        forest = ExtraTreesClassifier(60, min_samples_leaf=5, max_depth=8, n_jobs=1, random_state=self.seed)
        return of_forest(forest.fit(inputs, labels))
