"""The payment model: seeded by nothing but its labels, saved as numbers, explained by input."""

import msgspec
import polars as pl
import pytest

from detectors.fraud.payment_risk import PaymentRisk as Declared
from models import scorer
from models.payment_risk import PaymentRisk
from tollwatch.errors import ConfigurationError, VersionError


def learnt(n: int = 50) -> PaymentRisk:
    """A model that has seen dear frauds."""
    model = PaymentRisk()
    for i in range(n):
        fraud = i % 5 == 0
        model.learn_one(dict.fromkeys(model.inputs, float(i % 7)) | {"amount": 400.0 if fraud else 20.0}, fraud)
    return model


def test_a_restored_model_goes_on_as_if_it_had_never_stopped() -> None:
    """Saved, loaded and taught further, it scores the same bits and saves the same bytes."""
    model, restored = learnt(), PaymentRisk()
    restored.load(model.save())
    for each in (model, restored):
        each.learn_one(dict.fromkeys(each.inputs, 2.0), True)

    assert restored.score_one(dict.fromkeys(model.inputs, 3.0)) == model.score_one(dict.fromkeys(model.inputs, 3.0))
    assert restored.save() == model.save()


def test_a_state_of_a_newer_version_is_refused() -> None:
    """Numbers of an unknown meaning are not taken."""
    state = msgspec.msgpack.decode(PaymentRisk().save())
    state["version"] = 99
    with pytest.raises(VersionError, match="upgrade Tollwatch"):
        PaymentRisk().load(msgspec.msgpack.encode(state))


def test_absent_features_count_as_nothing() -> None:
    """A payment without terminal, history or amount still has all inputs as numbers."""
    names = dict.fromkeys(Declared().features(), None)
    row = pl.DataFrame([{"event_time": 0, "amount_micros": None} | names]).cast(dict.fromkeys(names, pl.Float64))
    row = row.cast({"amount_micros": pl.Int64})
    inputs = PaymentRisk().prepare(row).row(0, named=True)

    assert tuple(inputs) == PaymentRisk.inputs
    assert {name for name, value in inputs.items() if value != 0} == {"night"}


def test_one_absurd_amount_does_not_spoil_the_model() -> None:
    """A payment of a thousand million leaves the others ranked as they were."""
    model = learnt()
    model.learn_one(dict.fromkeys(model.inputs, 1.0) | {"amount": 1e9}, False)
    usual = dict.fromkeys(model.inputs, 3.0)

    assert model.score_one(usual | {"amount": 400.0}) >= model.score_one(usual | {"amount": 20.0})


def test_an_unknown_model_is_a_sentence() -> None:
    """A misspelt name says what is missing."""
    with pytest.raises(ConfigurationError, match="unknown model `payment_rsk`"):
        scorer("payment_rsk")
