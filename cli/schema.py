"""Print the JSON Schema of a stream or a finding."""

import sys

import msgspec

from tollwatch.errors import ConfigurationError
from tollwatch.events import STREAMS
from tollwatch.findings import FINDINGS


def schema(name: str | None = None, /, *, all_: bool = False) -> None:
    """Print the JSON Schema of a stream (usage, orders, …) or a finding (alert, leakage, …).

    Try: tollwatch schema usage

    Parameters
    ----------
    name
        A stream or a finding.
    all_
        Print one object with the schema of every stream and finding.
    """
    known: dict[str, type[msgspec.Struct]] = {**STREAMS, **FINDINGS}
    if all_:
        document: object = {each: msgspec.json.schema(kind) for each, kind in known.items()}
    elif name is None:
        raise ConfigurationError(f"schema: say which, or --all; known: {', '.join(known)}.")
    elif name not in known:
        raise ConfigurationError.unknown_word(name, list(known), where="schema", what="stream or finding")
    else:
        document = msgspec.json.schema(known[name])
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
