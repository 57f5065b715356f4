"""Structs of what an engine saves beside its arrays."""

import msgspec

from detectors.rule import Rule


class SavedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a rule, as `change.Version` has it."""

    rule: Rule
    begins: int
    retired: bool
    before: int


class SavedEngine(msgspec.Struct, frozen=True, kw_only=True):
    """What all keys share. `rules` are saved once a row has changed them; before that the configuration has them.

    `layout` says how the cells of a key lie.
    """

    version: int
    watermark: int
    swept: int
    layout: str
    lists: dict[str, dict[str, int]]
    rules: list[SavedVersion] | None = None
