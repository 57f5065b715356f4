"""Values as ClickHouse reads them in the parameters of a query."""

from collections.abc import Sequence
from typing import Any

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\b": "\\b", "\f": "\\f"})


def parameter(value: Any) -> str:
    r"""A number, a text or a list of texts for `{name:Type}`.

    >>> parameter(5), parameter("a\tb"), parameter(["it's"])
    ('5', 'a\\tb', "['it\\'s']")
    """
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, Sequence):
        return "[" + ", ".join(_quoted(str(each)) for each in value) + "]"
    return str(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
