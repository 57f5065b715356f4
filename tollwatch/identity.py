"""Stable names for things: keyed hashes of keys and events, ids of findings.

Events, subjects and findings are recognised by hashes that nobody can make collide on purpose who does not have the
installation's key (docs/decisions/0023). The same key gives the same hashes on every worker, embedded and replayed.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from tollwatch.columns import schema
from tollwatch.siphash import Key, RowHash, hash_texts

SHARDS = 64
KEY_BYTES = 16
_ARRIVAL = ("received_at", "file_id", "source", "tenant")
"""How a record arrived, and whose it is, is no part of what it says."""

Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Hasher:
    """Hashes under one installation's key of 16 bytes, for the tenant of who names none."""

    key: bytes = bytes(KEY_BYTES)
    tenant: str = "main"

    def texts(self, texts: pl.Series, purpose: str, tenants: pl.Series | None = None) -> Numbers:
        """A hash of each text, for one purpose, apart for each tenant; of null as of the empty text."""
        return hash_texts(texts, _key_for(self.key, purpose), self._before(tenants))

    def text(self, text: str, purpose: str, tenant: str | None = None) -> int:
        """The same hash of one text."""
        tenants = pl.Series([tenant or self.tenant])
        return int(self.texts(pl.Series([text]), purpose, tenants)[0])

    def rows(self, stream: str, rows: pl.DataFrame) -> Numbers:
        """A hash of what each row of a stream says, apart from how it arrived; absent and null are the same."""
        made = RowHash(len(rows), _key_for(self.key, f"content of {stream}"))
        for name, kind in schema(stream).items():
            if name not in rows.columns or name in _ARRIVAL:
                continue
            tag = zlib.crc32(name.encode())
            if kind == pl.String:
                made.texts(rows[name], tag)
            elif kind in (pl.Int64, pl.Boolean):
                made.numbers(rows[name], tag)
            else:
                made.texts(_as_text(rows[name]), tag)
        return made.finish()

    def finding_id(self, *parts: str | int) -> str:
        """16 hex digits naming a finding, from the parts that never change for it.

        >>> Hasher().finding_id("main", "live", "wangiri", "", "calling_number", "4471", 1767225600000)
        '8d4104c6f473d13d'
        """
        return self.ids_of([joined(*parts)])[0]

    def ids_of(self, parts: Sequence[str]) -> list[str]:
        """The same for many findings, each of parts that were joined."""
        made = hash_texts(pl.Series(parts, dtype=pl.String), _key_for(self.key, "finding"))
        return [f"{number:016x}" for number in made.tolist()]

    def _before(self, tenants: pl.Series | None) -> Numbers:
        if tenants is None or tenants.is_empty():
            return np.array([_tenant_number(self.key, self.tenant)], np.uint64)
        names = tenants.fill_null(self.tenant)
        known = names.unique(maintain_order=True)
        numbers: Numbers = np.array([_tenant_number(self.key, name) for name in known], np.uint64)
        if len(known) == 1:
            return numbers
        places = names.replace_strict(known, pl.Series(range(len(known)), dtype=pl.Int64), return_dtype=pl.Int64)
        made: Numbers = numbers[places.to_numpy()]
        return made


@cache
def _key_for(key: bytes, purpose: str) -> Key:
    """A key of its own for each purpose, so that what is learnt of one says nothing of another."""
    made = hashlib.blake2b(purpose.encode(), key=key, digest_size=KEY_BYTES).digest()
    return int.from_bytes(made[:8], "little"), int.from_bytes(made[8:], "little")


@cache
def _tenant_number(key: bytes, tenant: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"tenant {tenant}".encode(), key=key, digest_size=8).digest(), "little")


def _as_text(values: pl.Series) -> pl.Series:
    plain = values.cast(pl.List(pl.Struct)) if isinstance(values.dtype, pl.Struct) else values
    return plain.map_elements(lambda value: joined(*_flat(value)), return_dtype=pl.String)


def _flat(value: object) -> Sequence[str]:
    """The texts of a list, or of a list of pairs, with what tells the one from the other."""
    return [str(each) if isinstance(each, str) else joined(*map(str, dict(each).items())) for each in list(value)]  # type: ignore[call-overload]


def shard_of(key_hash: int) -> int:
    """The logical shard of a key: the six highest bits of its hash.

    >>> shard_of(0), shard_of(2**64 - 1)
    (0, 63)
    """
    return key_hash >> 58


def joined(*parts: str | int) -> str:
    r"""The parts of an id as one text, set apart by the unit separator; a separator inside a part is written out.

    >>> joined("a\x1fb", "c") == joined("a", "b\x1fc")
    False
    """
    return "\x1f".join(escaped(str(part)) for part in parts)


def escaped(part: str) -> str:
    """A part without the separator: no two parts look the same."""
    return part.replace("\\", "\\\\").replace("\x1f", "\\u") if "\x1f" in part or "\\" in part else part
