"""Payment risk on the handbook's simulated card payments, through the engine and the scoring stage."""

import polars as pl
import pytest

from replay.cards import average_precision, prove
from tests.shared import shared


def test_average_precision_of_a_ranking() -> None:
    """Two frauds at places one and three: (1/1 + 2/3) / 2."""
    rows = pl.DataFrame({"score": [0.9, 0.8, 0.7, 0.1], "fraud": [True, False, True, False]})

    assert average_precision(rows) == pytest.approx(5 / 6)


def test_cards_are_ranked_as_well_as_required() -> None:
    """Labels seven days late, the handbook's test week and its rows: AP at least .58 and CP@100 at least .27."""
    figures = prove(shared("cards/transactions_2018-04-01_2018-08-14.parquet"))

    assert (figures.rows, figures.frauds) == (58_264, 385), "the protocol keeps other rows than the handbook"
    assert figures.ap >= 0.58
    assert figures.cp_at_100 >= 0.27
