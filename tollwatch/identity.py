"""Stable names for things: 64-bit hashes of keys and events, ids of findings.

Every hash here is XXH64 (or XXH3-64 for finding ids), so that any other program can compute the same.
"""

import polars as pl
import polars_hash as plh
import xxhash

SHARDS = 64


def hash64(text: str) -> int:
    """XXH64 of the UTF-8 bytes.

    >>> hash64("447100000734")
    757982756485134069
    """
    return xxhash.xxh64_intdigest(text.encode())


def hash64_expr(column: str) -> pl.Expr:
    """The same hash over a string column, as UInt64; null stays null."""
    return plh.col(column).nchash.xxhash64()


def shard_of(key_hash: int) -> int:
    """The logical shard of a key: the six highest bits of its hash.

    >>> shard_of(0), shard_of(2**64 - 1)
    (0, 63)
    """
    return key_hash >> 58


def finding_id(*parts: str | int) -> str:
    """16 hex digits naming a finding, from the parts that never change for it.

    >>> finding_id("main", "live", "wangiri", "", "calling_number", "4471", 1767225600000)
    'cba3491b9222ed49'
    """
    return xxhash.xxh3_64_hexdigest(joined(*parts).encode())


def joined(*parts: str | int) -> str:
    """The parts of an id as one text, set apart by the unit separator."""
    return "\x1f".join(map(str, parts))
