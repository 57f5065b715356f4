"""Trained models for tests of the live line: one that likes large amounts, and how it is promoted by two people."""

import msgspec

from models.artifact import Artifact, Card, Line
from models.payment_risk import PaymentRisk
from services.approvals import decide
from services.lab.champions import changes_of, propose_promotion, put_in_force
from services.stores import DATA
from tollwatch.config import Settings

CARD = Card(
    dataset="",
    dataset_hash="",
    since_ms=0,
    until_ms=1,
    labels_known_until_ms=1,
    rows=1,
    frauds=1,
    code_version="",
    libraries={},
)


def of_line(weight: float, intercept: float = 0.0) -> Artifact:
    """A model that looks at the amount, which is the first input."""
    inputs = PaymentRisk.inputs
    zeros = (0.0,) * len(inputs)
    line = Line(means=zeros, deviations=(1.0,) * len(inputs), weights=(weight, *zeros[1:]), intercept=intercept)
    return Artifact(
        view="payment_risk", algorithm="logistic", seed=1, inputs=inputs, parameters={}, line=line, card=CARD
    )


def of_large_amounts() -> Artifact:
    """One that alerts on other payments than the product's own: on the largest, by thresholds of a week."""
    past = [(day, [0.007, 0.008]) for day in range(7)]
    return msgspec.structs.replace(of_line(0.01, -5.0), past=past)


def promoted(name: str, settings: Settings) -> int:
    """Asked by one and confirmed by another, and the workers told; gives the event time from which it scores."""
    wish = propose_promotion(name, None, settings, by="anna", why="a test")

    def publish(proposal: dict[str, object]) -> None:
        put_in_force(proposal, None, settings, by="boss", live=True)

    decide(wish.proposal_id, confirm=True, note="", data=DATA, settings=settings, by="boss", publish=publish)
    (change,) = changes_of("payment_risk", None, settings)
    return int(change["from_ms"])
