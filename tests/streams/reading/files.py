"""Files for the tests of reading, and what is in a source."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streams.read import open_source
from streams.reading.mapping import Mapping, make_mapping
from tollwatch.findings import Quarantined

CALLS = {
    "stream": "usage",
    "columns": {"secs": "integer"},
    "fields": {
        "event_id": "id",
        "event_time": {"column": "at", "format": "%d.%m.%Y %H:%M:%S", "zone": "Europe/Copenhagen"},
        "service": {"column": "kind", "values": {"V": "voice", "S": "sms"}},
        "calling_number": "a",
        "duration_s": {"sql": "greatest(secs, 0)"},
        "charge_micros": {"column": "price", "money": "units"},
        "currency": {"value": "DKK"},
    },
}
HEADER = "id;at;kind;a;secs;price"
LINE = "1;01.07.2026 12:00:00;V;4511;60;1,5"


def mapping(**changes: Any) -> Mapping:
    """The mapping of a small operator's calls, changed."""
    return make_mapping(CALLS | changes, "calls.yaml")


def write(path: Path, *lines: str | bytes) -> Path:
    """A file of these lines."""
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return path


def read(
    path: Path, stream: str = "usage", mappings: Sequence[Mapping] = (), start: int = 0
) -> tuple[list[dict[str, Any]], list[Quarantined]]:
    """All rows of a file, nulls left out, and all that was refused; the spans must join without a gap."""
    rows, refused, end = [], [], None
    for batch in open_source(path, stream, mappings=mappings).batches(start):
        assert end is None or batch.begin == end
        end = batch.end
        rows += [{n: v for n, v in row.items() if v is not None} for row in batch.rows.iter_rows(named=True)]
        refused += batch.rejected
    return rows, refused
