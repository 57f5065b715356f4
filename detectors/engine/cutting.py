"""Rows cut where lists or rules change: a change takes effect for the rows behind it."""

import itertools

import numpy as np

from tollwatch.frames import CHANGES, Aligned


def cut_at_changes(rows: Aligned) -> list[Aligned]:
    """Rows in stretches, each of which but the first begins with the changes that count from there on."""
    table = rows.tables.get("reference")
    if table is None or "entity" not in table.columns:
        return [rows]
    changes = table["entity"].is_in(CHANGES).fill_null(value=False)
    if not changes.any():
        return [rows]
    at = rows.position["reference"][changes.to_numpy()]
    cuts = [int(at[0])] + [int(p) for before, p in itertools.pairwise(at) if p != before + 1]
    stretches, start = [], 0
    for cut in [*cuts, len(rows)]:
        stretches.append(_slice(rows, start, cut))
        start = cut
    return stretches


def _slice(rows: Aligned, start: int, end: int) -> Aligned:
    tables, position = {}, {}
    for name, table in rows.tables.items():
        at = rows.position[name]
        first, last = int(np.searchsorted(at, start)), int(np.searchsorted(at, end))
        tables[name] = table.slice(first, last - first)
        position[name] = at[first:last] - start
    cut = slice(start, end)
    return Aligned(
        tables, position, rows.time[cut], rows.key[cut], rows.ids[cut], rows.shard[cut], rows.late[cut], rows.watermark
    )
