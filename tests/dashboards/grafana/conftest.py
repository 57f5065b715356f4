"""The operator whose week the dashboards show."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a small operator whose streams were run."""
    folder = tmp_path_factory.mktemp("boards")
    words = ("demo", "--subscribers", "1500", "--days", "4", "--seed", "6", "--data", str(folder))
    subprocess.run([sys.executable, "-m", "tollwatch", *words], check=True, capture_output=True)
    return folder / "data"
