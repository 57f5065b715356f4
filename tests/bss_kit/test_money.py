"""Money is exact: what people write, shares of it, and how a rest is rounded."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bss_kit.money import check_currency, micros, rounded, shares, smallest_micros
from tollwatch.errors import ConfigurationError


@pytest.mark.parametrize("text", ["1e400", "NaN", "ten", "1.2345678", "99999999999", None])
def test_what_is_no_amount_is_refused(text: object) -> None:
    """No float, no more than six decimals, nothing beyond a thousand million."""
    with pytest.raises(ConfigurationError, match="price"):
        micros(text, "price")


def test_a_currency_that_is_none_is_refused() -> None:
    """ISO 4217, and its decimals."""
    with pytest.raises(ConfigurationError, match="no currency"):
        check_currency("EUX", "price")
    assert smallest_micros("EUR") == 10_000


@given(amount=st.integers(-(10**15), 10**15), part=st.integers(0, 3_000_000), whole=st.integers(1, 3_000_000))
def test_a_share_is_the_exact_one_rounded_half_to_even(amount: int, part: int, whole: int) -> None:
    """As Python's own fractions say, at any size that money has."""
    part = min(part, whole)
    assert shares(np.array([amount]), part, whole).tolist() == [round(Fraction(amount * part, whole))]
    up = shares(np.array([amount]), part, whole, "up")[0]
    down = shares(np.array([amount]), part, whole, "down")[0]
    assert abs(down) <= abs(Fraction(amount * part, whole)) <= abs(up)
    assert abs(up - down) <= 1


@given(amounts=st.lists(st.integers(-(10**12), 10**12), min_size=1), to=st.sampled_from([1, 1_000, 10_000, 1_000_000]))
def test_rounded_amounts_are_whole_multiples_and_no_further_than_half(amounts: list[int], to: int) -> None:
    """To cents or to whole units."""
    made = rounded(np.array(amounts), to)
    assert (made % to == 0).all()
    assert (2 * np.abs(made - np.array(amounts)) <= to).all()
