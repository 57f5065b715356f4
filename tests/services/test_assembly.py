"""What runs is what the settings say: detectors by name, thresholds, budgets; a word nobody knows is a sentence."""

import pytest

from services.assembly import make_plan, rules_in_force
from streams.plan import EVENT
from streams.score import Scoring
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError


def test_every_stage_is_made_anew() -> None:
    """A plan holds factories: two partitions share no state."""
    plan = make_plan(Settings(enabled=["wangiri", "payment_risk"]))
    for planned in (*plan.stages.values(), *plan.models.values()):
        assert planned.make("main") is not planned.make("main")


def test_a_plan_counts_the_partitions_of_every_key_space() -> None:
    """Shards are divided; what has one shard has one partition; all events are one more key space."""
    plan = make_plan(Settings(enabled=["wangiri", "payment_risk"]))
    counts = plan.partition_counts(Settings(partitions=4))
    assert counts == {"calling_number": 4, "card_fingerprint": 4, "terminal_id": 4, "payment_risk": 1, EVENT: 4}
    assert plan.models["payment_risk"].fed_by == ("card_fingerprint", "terminal_id")


def test_a_budget_is_how_many_alerts_a_day_the_model_may_raise() -> None:
    """`[budgets] payment_risk = 3` is the model's `per_day`."""
    scoring = make_plan(Settings(budgets={"payment_risk": 3})).models["payment_risk"].make("main")
    assert isinstance(scoring, Scoring)
    assert scoring.budget.per_day == 3
    assert scoring.declared.per_day == 3


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(budgets={"wangiri": 3}), "budgets.wangiri: only models have a budget"),
        (Settings(budgets={"payment_risk": 3}, detectors={"payment_risk": {"per_day": 4}}), "say the same"),
        (Settings(enabled=["wangir"]), "did you mean `wangiri`"),
        (Settings(detectors={"wangiri": {"warn_att": 3}}), "its thresholds are window"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(settings: Settings, sentence: str) -> None:
    """With the place and what there is."""
    with pytest.raises(ConfigurationError, match=sentence):
        make_plan(settings)


def test_thresholds_of_the_settings_are_in_force() -> None:
    """The rule says them, and so does every alert."""
    (rule,) = rules_in_force(Settings(enabled=["wangiri"], detectors={"wangiri": {"warn_at": 7}}))
    assert rule.thresholds["warn_at"] == 7
    assert rule.warning == "victims >= 7"
