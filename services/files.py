"""Files that use cases write: whole or not at all, and the same events always under the same name."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tollwatch.private_files import private
from tollwatch.signing import signed


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file whole or not at all; it is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with private(part) as file:
        file.writelines(line + b"\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def export_events(events: Sequence[dict[str, Any]], stream: str, folder: Path, key: bytes) -> Path:
    """Write events as NDJSON, signed, in the order of their times; the same give a file of the same name and bytes."""
    kept = [{n: v for n, v in event.items() if v is not None} for event in events]
    ordered = sorted(
        (signed(stream, event, key) for event in kept), key=lambda event: (event["event_time"], event["event_id"])
    )
    lines = [msgspec.json.encode(event) for event in ordered]
    path = folder / f"{stream}-{hashlib.sha256(b''.join(lines)).hexdigest()[:12]}.ndjson"
    write_lines(path, lines)
    return path
