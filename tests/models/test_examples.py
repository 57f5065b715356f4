"""Examples that are kept: every fraud, a share of the genuine, the newest; the same after a restart."""

import numpy as np
import pytest

from models.examples import Examples
from tollwatch.errors import StoreError


def filled(number: int, *, keep: float = 0.2, most: int = 300) -> Examples:
    """Examples that are numbered; each hundredth is fraud."""
    examples = Examples(2, keep=keep, most=most, seed=3)
    for n in range(number):
        examples.add([float(n), 1.0], fraud=n % 100 == 0)
    return examples


def test_every_fraud_and_a_share_of_the_genuine() -> None:
    """About the share that was asked for, chosen by seed."""
    examples = filled(1_000)
    assert examples.frauds == 10
    assert 150 < examples.genuine < 250
    rows, labels = examples.all()
    assert labels.sum() == 10
    assert len(rows) == len(labels) == 10 + examples.genuine
    assert np.array_equal(filled(1_000).all()[0], rows)


def test_only_the_newest_are_kept() -> None:
    """And in their order, oldest first."""
    rows, _ = filled(5_000, most=100).all()
    genuine = rows[:100, 0]
    assert (np.diff(genuine) > 0).all()
    assert genuine[-1] > 4_980
    assert genuine[0] > 4_000


@pytest.mark.parametrize("number", [0, 1, 150, 5_000])
def test_saved_in_the_middle_it_goes_on(number: int) -> None:
    """The same rows are kept afterwards."""
    whole, again = filled(number, most=100), Examples(2, keep=0.2, most=100, seed=3)
    again.load(whole.save(), what="it")
    for examples in (whole, again):
        for n in range(700):
            examples.add([float(n), 0.0], fraud=n % 50 == 0)
    assert again.all()[0].tolist() == whole.all()[0].tolist()
    assert again.learnt == whole.learnt


def test_rows_of_another_width_are_refused() -> None:
    """They are of another model."""
    with pytest.raises(StoreError, match="not of 3 inputs"):
        Examples(3, keep=1.0, most=9, seed=1).load(filled(200).save(), what="it")
