"""Exact money: amounts in millionths, shares of them, and the one place where a fraction of a millionth is rounded."""

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import numba
import numpy as np
import numpy.typing as npt
from babel.core import UnknownLocaleError
from babel.numbers import get_currency_precision, list_currencies

from tollwatch.errors import ConfigurationError

Ints = npt.NDArray[np.int64]
Rounding = Literal["half_even", "up", "down"]
HALF_EVEN, UP, DOWN = range(3)
ROUNDINGS: dict[str, int] = {"half_even": HALF_EVEN, "up": UP, "down": DOWN}
MICROS = 1_000_000
LARGEST = 10**15
"""An amount beyond a thousand million units is taken for a mistake; it also keeps every product here within int64."""


def micros(text: Any, where: str) -> int:
    """An amount as people write it, in millionths. Raises ConfigurationError where it is none, or not exact.

    >>> micros("14.99", "price")
    14990000
    """
    try:
        amount = Decimal(str(text)) * MICROS
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount != int(amount) or abs(amount) > LARGEST:
        raise ConfigurationError(
            f"{where}: `{text}` is no amount below {LARGEST // MICROS:,} of at most six decimals; write for example "
            "14.99"
        )
    return int(amount)


def check_currency(code: Any, where: str) -> str:
    """A currency's code. Raises ConfigurationError where there is no such currency.

    >>> check_currency("EUR", "price")
    'EUR'
    """
    try:
        known = isinstance(code, str) and code in list_currencies()
    except UnknownLocaleError:  # pragma: no cover  (Babel without its data)
        known = False
    if not known:
        raise ConfigurationError(f"{where}: `{code}` is no currency of ISO 4217; write for example EUR")
    return str(code)


def smallest_micros(currency: str) -> int:
    """The smallest amount that can be paid in a currency, in millionths (CLDR's decimals of a currency).

    >>> smallest_micros("EUR"), smallest_micros("JPY"), smallest_micros("BHD")
    (10000, 1000000, 1000)
    """
    return int(MICROS // 10 ** int(get_currency_precision(currency)))


@numba.njit(cache=True)
def part_of(amount: int, part: int, whole: int, how: int) -> int:
    """Amount × part ÷ whole as a whole number, rounded half to even, away from zero (up) or towards it (down).

    `whole` is above zero. No product leaves int64 as long as amount ÷ whole × part and part × whole do not.
    """
    sign = -1 if (amount < 0) != (part < 0) else 1
    size, share = abs(amount), abs(part)
    times = size // whole
    product = (size - times * whole) * share
    made = times * share + product // whole
    rest = product % whole
    if rest != 0:
        twice = rest * 2
        if how == UP or (how == HALF_EVEN and (twice > whole or (twice == whole and made % 2 == 1))):
            made += 1
    return sign * made


@numba.njit(cache=True)
def _parts(amount: Ints, part: Ints, whole: Ints, how: int) -> Ints:
    made = np.empty(len(amount), np.int64)
    for at in range(len(amount)):
        made[at] = part_of(amount[at], part[at], whole[at], how)
    return made


def shares(amount: Ints, part: Ints | int, whole: Ints | int, how: Rounding = "half_even") -> Ints:
    """Amount × part ÷ whole of each row, in whole millionths.

    >>> shares(np.array([5, 7, -5]), 1, 2).tolist()
    [2, 4, -2]
    """
    size = len(amount)
    parts, wholes = (np.ascontiguousarray(np.broadcast_to(np.asarray(each, np.int64), size)) for each in (part, whole))
    made: Ints = _parts(np.ascontiguousarray(amount, np.int64), parts, wholes, ROUNDINGS[how])
    return made


def rounded(amount: Ints, to: Ints | int, how: Rounding = "half_even") -> Ints:
    """Each amount as a whole multiple of `to` millionths.

    >>> rounded(np.array([15_000, 25_000, 25_001]), 10_000).tolist()
    [20000, 20000, 30000]
    """
    return np.asarray(shares(amount, 1, to, how) * to)
