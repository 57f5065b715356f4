"""Published protocols: what was printed comes out again, and ours beside it."""

from pathlib import Path

import polars as pl
import pytest

from models.payment_risk import PaymentRisk
from replay.cards import TEST_MS, prove
from replay.lab import handbook
from replay.lab.published import Result, ours_on_sichuan, ours_on_smtp
from services.lab.evaluate import as_markdown, evaluate_protocol
from tests.shared import shared
from tollwatch.errors import InputError

CARDS = "cards/transactions_2018-04-01_2018-08-14.parquet"


def test_the_handbooks_features_are_the_handbooks() -> None:
    """Against its own of the test week: equal, but for two payments that share an instant with another."""
    oracle = pl.read_parquet(shared("cards/features_2018-08-08_2018-08-14.parquet"))
    rows = handbook.features(handbook.transactions(shared(CARDS)))
    both = oracle.join(rows, on="TRANSACTION_ID", suffix="_ours")
    assert len(both) == len(oracle) == 67_080
    for name in handbook.inputs():
        differ = (both[name].cast(pl.Float64) - both[f"{name}_ours"].cast(pl.Float64)).abs() > 1e-3
        assert differ.sum() <= 2, name


def test_the_handbooks_models_come_to_what_it_printed() -> None:
    """AUC, average precision and CP@100 within .005."""
    found = handbook.reproduce(shared(CARDS))
    for name, figures in handbook.PUBLISHED.items():
        assert found[name] == pytest.approx(figures, abs=0.005), name


def test_ours_on_cards_online() -> None:
    """At least .675 and .295, with labels seven days late; one seed of three, the others are in docs/models.md."""
    figures = prove(shared(CARDS), start_ms=TEST_MS - 30 * 86_400_000, model=PaymentRisk(seed=1))
    assert (figures.rows, figures.frauds) == (58_264, 385)
    assert figures.ap >= 0.675
    assert figures.cp_at_100 >= 0.285


def test_ours_on_real_subscribers() -> None:
    """Prequentially at least as good as what was published elsewhere."""
    assert ours_on_sichuan(shared("sichuan_telecom_fraud").parent, seeds=(1,)).auc >= 0.945


def test_ours_on_the_anomalies_of_a_stream() -> None:
    """Better than the best published of both figures, .906 and .119."""
    found = ours_on_smtp(shared("smtp").parent)
    assert found.auc > 0.906
    assert found.ap > 0.119


def test_figures_are_written_as_a_section(tmp_path: Path) -> None:
    """With what is published beside them; without the data it is a sentence."""
    found = [Result("logistic regression", 0.8703, 0.6053, 0.2914, handbook.PUBLISHED["logistic regression"], "x")]
    assert "| logistic regression | 0.870 | 0.605 | 0.291 | 0.871 / 0.606 / 0.291 |" in as_markdown("cards", found)
    with pytest.raises(InputError, match="--from"):
        evaluate_protocol("smtp", tmp_path)
