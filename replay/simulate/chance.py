"""Chance, split by purpose, so that what one part draws never moves another."""

import zlib

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def chance(seed: int, purpose: str, part: int = 0) -> np.random.Generator:
    """The generator of one purpose and one slice of time.

    >>> int(chance(1, "calls", 5).integers(100)) == int(chance(1, "calls", 5).integers(100))
    True
    """
    return np.random.Generator(np.random.SFC64([seed, zlib.crc32(purpose.encode()), part]))


def scatter(value: Ints, salt: int, modulus: int) -> Ints:
    """A number that looks random and is always the same for the same value: nothing to remember."""
    mixed = (value.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return ((mixed >> np.uint64(20)) % np.uint64(modulus)).astype(np.int64)
