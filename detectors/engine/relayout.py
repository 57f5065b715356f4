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
    moved = mask & k.LATE_BIT
    for known, bit in old.expressions.filters.items():
        if known in new.expressions.filters:
            flag = (mask >> np.uint64(bit)) & np.uint64(1)
            moved |= flag << np.uint64(new.expressions.filters[known])
    return moved
