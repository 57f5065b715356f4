"""Payment risk on the handbook's simulated card payments, through the engine and the scoring stage."""

import polars as pl
import pytest

from replay.cards import average_precision


def test_average_precision_of_a_ranking() -> None:
    """Two frauds at places one and three: (1/1 + 2/3) / 2."""
    rows = pl.DataFrame({"score": [0.9, 0.8, 0.7, 0.1], "fraud": [True, False, True, False]})

    assert average_precision(rows) == pytest.approx(5 / 6)
