"""Payment risk: how likely a card payment is fraud, learnt from verdicts and chargebacks by trees fitted every day."""

from models.contract import Numbers
from models.payment_view import PaymentView
from models.refitted import RefittedScorer
from models.trees import Trees, of_forest


class PaymentRisk(PaymentView, RefittedScorer):
    """Extremely randomised trees (Geurts, Ernst and Wehenkel 2006) over windows of the card and of the terminal.

    Chosen among forests, boosted trees and straight lines on public cards (simulated): decision 0038.
    """

    name = "payment_risk"
    version = 2

    def fit(self, inputs: Numbers, labels: Numbers) -> Trees:
        """Sixty trees of twelve levels; half of the inputs are tried at each node, a leaf has five examples."""
        from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415  (it takes a second, and only fitting needs it)

        forest = ExtraTreesClassifier(
            60, min_samples_leaf=5, max_depth=12, max_features=0.5, n_jobs=1, random_state=self.seed
        )
        return of_forest(forest.fit(inputs, labels))
