"""One record with the types themselves: strict, every refusal a sentence."""

import json
from typing import Any

import msgspec

from tollwatch.events import STREAMS
from tollwatch.findings import Quarantined
from tollwatch.rescue import UNFORESEEN, reason_of

MAX_RECORD = 1 << 20
KEPT_OF_LONG = 1 << 16


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """An event as columns: the attributes of `reference` beside its fields, maps as lists of pairs."""
    attributes = row.get("attributes")
    if isinstance(attributes, dict) and "entity" in row:
        row = {name: value for name, value in row.items() if name != "attributes"} | attributes
    elif isinstance(attributes, dict):
        row = row | {"attributes": [{"key": k, "value": v} for k, v in attributes.items()]}
    return row


def _check(name: str, value: object) -> None:
    """Refuse what no column holds. Raises ValueError."""
    if value == "":
        raise ValueError(f"{name} is an empty string; leave it out or send null")
    if isinstance(value, int) and not -(2**63) < value < 2**63:
        raise ValueError(f"{name} is {str(value)[:40]}, which has no place in 64 bits; is it in another unit?")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for inner in value:
            _check(name, inner if not isinstance(inner, str) else inner or None)


def _twice(raw: bytes) -> bool:
    seen: list[bool] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        seen.append(len({name for name, _ in found}) < len(found))
        return dict(found)

    json.loads(raw, object_pairs_hook=pairs)
    return any(seen)


class Decoder:
    """Decodes records of one stream and partition."""

    def __init__(self, stream: str, partition: str) -> None:
        self.stream, self.partition = stream, partition
        self.kind = STREAMS[stream]
        self.decoder = msgspec.json.Decoder(self.kind)
        self.names = set(self.kind.__struct_fields__)
        self.unknown = 0

    def take_unknown(self) -> int:
        """Unknown names since the last call."""
        unknown, self.unknown = self.unknown, 0
        return unknown

    def decode(self, raw: bytes, *, position: int) -> dict[str, Any] | Quarantined | None:
        """The record's columns, or its refusal, or None for an empty line."""
        if not raw.strip():
            return None
        if len(raw) > MAX_RECORD:
            return self.refuse(raw[:KEPT_OF_LONG], position, f"the record has {len(raw)} bytes, more than {MAX_RECORD}")
        try:
            row, given = self._row(raw)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return self.refuse(raw, position, self._sentence(raw, error))
        except UNFORESEEN as error:
            return self.refuse(raw, position, reason_of(error))
        self.unknown += len(given.keys() - self.names)
        return row

    def _row(self, raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        """The columns, and the object as it was given. Raises ValueError with a sentence, or what msgspec raises."""
        raw.decode()
        event = self.decoder.decode(raw)
        row = flat({n: v for n, v in msgspec.to_builtins(event).items() if v is not None})
        for name, value in row.items():
            _check(name, value)
        given: dict[str, Any] = msgspec.json.decode(raw)
        if len(given) != raw.count(b'":') and _twice(raw):
            raise ValueError("a name stands in the record twice; send each once")
        return row, given

    def refuse(self, raw: bytes, position: int, reason: str) -> Quarantined:
        """Put a record aside, whole."""
        return Quarantined(
            stream=self.stream, partition=self.partition, position=position, line=position + 1, reason=reason, raw=raw
        )

    def _sentence(self, raw: bytes, error: Exception) -> str:
        if isinstance(error, RecursionError):
            return "the record is nested too deeply; send a flat object"
        text = str(error)
        if "utf" in text.lower() or isinstance(error, UnicodeDecodeError):
            return f"the record is not UTF-8 ({text}); convert the file, for example with iconv"
        if "Expected `int" in text and "got `float`" in text and "micros" in text:
            return f"{text}; money is a whole number of millionths"
        return text if raw else "the record is empty"
