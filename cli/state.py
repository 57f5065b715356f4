"""Show what the line remembers: keys and bytes by key space, and by detector."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.table import Table

from cli._listing import print_table
from detectors.engine import Engine
from detectors.engine.saved import SavedShard
from detectors.plan import parts
from services.assembly import rules_in_force
from streams.snapshots import Snapshots
from tollwatch.config import load_settings
from tollwatch.errors import InputError

KINDS = ("cells", "seen", "episodes", "log", "content", "align")


def state(
    *,
    data: Path = Path("tollwatch-data"),
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    format: Literal["table", "ndjson"] = "table",  # noqa: A002  (the word people type)
    config: Path | None = None,
) -> None:
    """Print the keys and the bytes of the last snapshot, by key space and kind, and what each detector's cells take.

    cells: what features count; seen: values of distinct features; episodes: open alerts; log and content: rows kept for
    claims and evidence; align: ids and rows that wait.

    Try: tollwatch state --data data

    Parameters
    ----------
    data
        The data directory.
    rules
        The rules files of the run.
    format
        table or ndjson.
    config
        A settings file.
    """
    snapshots = Snapshots(data / "state")
    manifest = snapshots.latest()
    if manifest is None:
        raise InputError(f"{data}: holds no snapshot; `tollwatch run --data {data}` keeps one")
    spaces = sizes(snapshots.load(manifest))
    detectors = _by_detector({name: counted["keys"] for name, counted in spaces.items()}, rules, config)
    if format == "ndjson":
        for name, counted in sorted(spaces.items()):
            print(msgspec.json.encode({"key_space": name, **counted}, order="sorted").decode())
        for name, (space, number) in sorted(detectors.items()):
            print(msgspec.json.encode({"detector": name, "key_space": space, "cells": number}, order="sorted").decode())
        return
    table = Table("key space", "keys", *KINDS, "total", title="bytes of the last snapshot")
    for name, counted in sorted(spaces.items()):
        sums = [counted[kind] for kind in KINDS]
        table.add_row(name, f"{counted['keys']:,}", *(f"{number:,}" for number in [*sums, sum(sums)]))
    print_table(table)
    own = Table("detector", "key space", "bytes of cells", title="by detector")
    for name, (space, number) in sorted(detectors.items(), key=lambda each: -each[1][1]):
        own.add_row(name, space, f"{number:,}")
    print_table(own)


def sizes(segments: dict[str, bytes]) -> dict[str, Counter[str]]:
    """Key space -> keys, and bytes by kind, of the segments of a snapshot."""
    found: dict[str, Counter[str]] = {}
    for name, segment in segments.items():
        space, _, rest = name.partition("/")
        _, _, part = rest.partition("/")
        if space == "run" or not part:
            continue
        counted = found.setdefault(space, Counter(keys=0))
        shard = _shard_of(segment) if part.startswith("stage-") else None
        if shard is not None:
            _count_shard(shard, counted)
        else:
            counted["align"] += len(segment)
    return found


def _shard_of(segment: bytes) -> SavedShard | None:
    """The shard of an engine that a segment holds; None where it is something else."""
    try:
        return msgspec.msgpack.decode(segment, type=SavedShard)
    except msgspec.DecodeError:
        return None


def _count_shard(shard: SavedShard, counted: Counter[str]) -> None:
    counted["keys"] += shard.key[1][0]
    counted["cells"] += len(shard.key[2]) + len(shard.cells[2])
    counted["seen"] += len(shard.seen[2]) + len(shard.seen_row[2])
    counted["episodes"] += len(shard.episodes[2]) + len(shard.values[2])
    counted["log"] += sum(len(column[2]) for column in [*shard.log, shard.log_row])
    counted["content"] += sum(len(at[2]) + len(table) for at, table in shard.content.values())


def _by_detector(keys: dict[str, int], files: tuple[Path, ...], config: Path | None) -> dict[str, tuple[str, int]]:
    """Detector -> its key space, and what its cells would take alone; features that are shared count for each."""
    found = {}
    for rule in rules_in_force(load_settings(config), files):
        (part,) = parts([rule]).values()
        size = Engine(part.key_space, part.rules).program.first_row.nbytes
        found[rule.name] = (rule.by, size * keys.get(rule.by, 0))
    return found
