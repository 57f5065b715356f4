"""The dashboards of the package, as `make docs` wrote them."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "json"


def shipped_boards() -> dict[str, dict[str, Any]]:
    """Every dashboard by the name of its file."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
