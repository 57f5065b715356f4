"""State that was saved: structs with a version, which is looked at before anything else is believed."""

from typing import TypeVar

import msgspec

from tollwatch.errors import StoreError, VersionError

Saved = TypeVar("Saved", bound=msgspec.Struct)


class _Version(msgspec.Struct):
    version: int


def decode_saved(data: bytes, kind: type[Saved], version: int, *, what: str) -> Saved:
    """The struct of a saved state, as msgpack, whose field `version` must be the one that is known.

    Raises VersionError where another version wrote it, StoreError where it is damaged.

    >>> class Example(msgspec.Struct):
    ...     version: int
    ...     keys: int
    >>> decode_saved(msgspec.msgpack.encode(Example(1, 7)), Example, 1, what="the example").keys
    7
    """
    try:
        found = msgspec.msgpack.decode(data, type=_Version).version
        if found == version:
            return msgspec.msgpack.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"{what}: the saved state cannot be read ({error}); restore it, or run the input again into another --data"
        ) from error
    advice = "upgrade Tollwatch" if found > version else "run the input again into another --data or `state`"
    raise VersionError(f"{what} was saved in version {found}, this Tollwatch knows {version}; {advice}")
