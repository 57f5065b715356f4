"""Rows cut where lists or rules change: a change takes effect for the rows behind it."""

import itertools

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
        stretches.append(rows.part(start, cut))
        start = cut
    return stretches
