"""SipHash-2-4 over columns, compiled: a keyed hash whose collisions nobody finds who does not have the key.

Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. Of a text the hash is that of eight bytes, which say in
what the text is unique (its tenant), and of its UTF-8 bytes: ClickHouse's `sipHash64Keyed` of the same bytes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from tollwatch import siphash_kernel as kernel

Numbers = npt.NDArray[np.uint64]
Key = tuple[int, int]
NOBODY = np.zeros(1, np.uint64)
_U = np.uint64


def _views(texts: pl.Series) -> tuple[Numbers, Numbers, Any]:
    """The views of a column of text, the addresses of its buffers, and what keeps both alive."""
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    if array.type != pa.string_view():
        array = array.cast(pa.string_view())
    _, views, *buffers = array.buffers()
    if views is None or not len(array):
        return np.zeros((0, 2), np.uint64), NOBODY, array
    made = np.frombuffer(views, np.uint64, 2 * len(array), 16 * array.offset).reshape(-1, 2)
    return made, np.array([buffer.address if buffer else 0 for buffer in buffers] or [0], np.uint64), array


def _there(values: pl.Series) -> npt.NDArray[np.bool_]:
    if not values.null_count():
        return np.ones(len(values), np.bool_)
    return values.is_not_null().to_numpy()


def hash_texts(texts: pl.Series, key: Key, before: Numbers = NOBODY) -> Numbers:
    """SipHash-2-4 of each text behind the eight bytes of `before` (one number, or one a row). Null is as empty."""
    texts = texts.fill_null("") if texts.null_count() else texts
    views, addresses, alive = _views(texts)
    out = np.empty(len(texts), np.uint64)
    kernel.hash_texts(views, addresses, before, _U(key[0]), _U(key[1]), out)
    del alive
    return out


class RowHash:
    """The hash of whole rows: columns are taken in one after another, each with a tag of its own; null is nothing.

    The words of a row are, for each column that is there, (bytes << 32 | tag) and its text in words of eight bytes, or
    the tag and its number: no two different rows say the same words.
    """

    def __init__(self, rows: int, key: Key) -> None:
        self.states = np.empty((rows, 4), np.uint64)
        kernel.fill(_U(key[0]), _U(key[1]), self.states)

    def texts(self, texts: pl.Series, tag: int) -> None:
        """Take in a column of text."""
        views, addresses, alive = _views(texts)
        kernel.absorb_texts(views, addresses, _there(texts), _U(tag), self.states)
        del alive

    def numbers(self, numbers: pl.Series, tag: int) -> None:
        """Take in a column of whole numbers or of yes and no."""
        whole = numbers.cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64)
        kernel.absorb_numbers(np.ascontiguousarray(whole), _there(numbers), _U(tag), self.states)

    def finish(self) -> Numbers:
        """The hashes."""
        out = np.empty(len(self.states), np.uint64)
        kernel.finish(self.states, out)
        return out
