"""Data for measuring that is no part of the repository: beside the checkout, or where `TOLLWATCH_SHARED` says."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def shared(name: str) -> Path:
    """A file under the shared data (`cards/…`) or its benchmark (`bench/…`).

    Where it is absent the test is skipped with a loud line, and fails in the pipeline (`CI=true`).
    """
    top = Path(os.environ.get("TOLLWATCH_SHARED") or ROOT.parent / "shared")
    found = next((path for path in (top / "data" / name, top / name) if path.exists()), None)
    if found is not None:
        return found
    sentence = f"{name} is not under {top}: this is not tested here; set TOLLWATCH_SHARED to where it is"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)
