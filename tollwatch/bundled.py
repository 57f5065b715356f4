"""The other folders, where they come in the wheel: inside `tollwatch/_app`, so that nobody gets a package `models`."""

import sys
from pathlib import Path

BUNDLED = Path(__file__).parent / "_app"


def use_bundled_folders() -> None:
    """Make `cli`, `streams`, `detectors` and the others importable; in a checkout they are already."""
    if BUNDLED.is_dir() and str(BUNDLED) not in sys.path:
        sys.path.insert(0, str(BUNDLED))
