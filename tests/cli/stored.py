"""A data directory with a few findings, made by a process that has ended."""

from pathlib import Path
from typing import Any

import msgspec

from store import ChdbStore
from tests.store.found import alert, leakage, quarantined
from tollwatch.frames import Findings

FOUND = Findings(
    alerts=[alert(2), alert(1), alert(1, 2, state="closed"), alert(3, detector="irsf_hot_destination")],
    leakages=[leakage(2), leakage(1, control="billed_not_provisioned"), leakage(2, 2, state="final")],
    quarantined=[
        quarantined(0, b'{"event_id":"a"}'),
        quarantined(1, b"\xff\xfe{", reason="no UTF-8"),
        quarantined(2, b'{"event_id":"b"}', stream="orders", partition="orders.ndjson"),
        quarantined(3, b"", reason="the file is damaged"),
    ],
)


def make(data: Path) -> Path:
    """Store the findings."""
    store = ChdbStore(data)
    store.apply_tables()
    store.write(FOUND)
    store.close()
    return data


def decoded(data: bytes | str) -> list[dict[str, Any]]:
    """NDJSON as rows."""
    return [msgspec.json.decode(line) for line in data.splitlines()]
