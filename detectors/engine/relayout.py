"""Where a feature's cells lie, and what a log's filter bits become, when state moves under another program."""

import numpy as np
import numpy.typing as npt

from detectors.engine import kernel as k
from detectors.engine.program import Program
from detectors.features import KINDS, Feature
from tollwatch.frames import Ints


def extent(feature: Feature, spec: Ints) -> tuple[int, int]:
    """How many counts (small cells) and numbers (large cells) a feature keeps of a key."""
    kind, ring = KINDS[feature.kind], int(spec[k.RING])
    return kind.count_cells(ring), len(kind.first_numbers(ring, feature.slots))


def moved_masks(mask: npt.NDArray[np.uint64], old: Program, new: Program) -> npt.NDArray[np.uint64]:
    """Filters have other bits under another program; those of filters that are gone are gone."""
    moved = np.zeros(len(mask), np.uint64)
    for known, bit in old.expressions.filters.items():
        if known in new.expressions.filters:
            flag = (mask >> np.uint64(bit)) & np.uint64(1)
            moved |= flag << np.uint64(new.expressions.filters[known])
    return moved


def relaid(cells: Ints, old: Program, new: Program) -> Ints:
    """The cells of keys as another program lays them out, with what every feature that stays has counted."""
    made = np.tile(new.first_row, (len(cells), 1))
    counts, old_counts = made.view(np.int32), cells.view(np.int32)
    for at, pane in enumerate(new.groups.tolist()):
        before = np.flatnonzero(old.groups == pane)
        if len(before):
            made[:, at] = cells[:, int(before[0])]
    for feature, at in new.columns.items():
        if feature not in old.columns:
            continue
        source, target = old.spec[old.columns[feature]], new.spec[at]
        small, large = extent(feature, target)
        counts[:, target[k.SMALL] : target[k.SMALL] + small] = old_counts[:, source[k.SMALL] : source[k.SMALL] + small]
        made[:, target[k.LARGE] : target[k.LARGE] + large] = cells[:, source[k.LARGE] : source[k.LARGE] + large]
    return made
