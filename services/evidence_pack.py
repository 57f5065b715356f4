"""An evidence pack: everything an alert rests on, in one ZIP that can be checked years later.

It holds the alert as it was stored (every revision), the events that were copied when it was made, the rule as it ran,
the verdicts and decisions, the versions of what made it, and a manifest with the SHA-256 of each file.
"""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import tollwatch
from detectors.rule import Rule
from services.alert_page import alert_page
from services.approvals import waiting_for
from services.audit import note
from services.verdicts import verdicts_of
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.times import readable

EPOCH = (1980, 1, 1, 0, 0, 0)
"""ZIP's own first day: the same alert gives the same bytes."""


def evidence_pack(
    alert_id: str, data: Path | None, home: Path, settings: Settings, *, rules: list[Rule], by: str
) -> bytes:
    """The ZIP. Giving it out is audited. Raises ConfigurationError where there is no such alert."""
    page = alert_page(alert_id, data, home, settings, rules)
    if page is None:
        raise ConfigurationError("no alert of yours has this id")
    note(home, "export", "alert", alert_id, {"by": [None, by]}, settings=settings, by=by)
    rule = next((rule for rule in rules if rule.name == page.document["detector"]), None)
    events = [
        msgspec.json.encode({"stream": row.stream, "side": row.side, "revision": row.revision, "event": row.columns})
        for row in page.evidence
    ]
    files = {
        "alert.ndjson": _lines([msgspec.json.encode(each, order="sorted") for each in page.revisions]),
        "events.ndjson": _lines(events),
        "rule.json": _json(rule) if rule is not None else _json({"rule": "runs no longer under this name"}),
        "story.txt": _story(page.document, page.story.sentence).encode(),
        "verdicts.json": _json(verdicts_of(alert_id, home, settings)),
        "decisions.json": _json(waiting_for(alert_id, home, settings)),
        "versions.json": _json(
            {
                "tollwatch": tollwatch.__version__,
                "detector": page.document["detector"],
                "detector_version": page.document["detector_version"],
                "thresholds": page.document["thresholds"],
                "run": page.document["run"],
            }
        ),
    }
    return _zipped(files)


def _story(document: dict[str, Any], sentence: str) -> str:
    return (
        f"Alert {document['alert_id']}, revision {document['revision']}, {document['severity']}, {document['state']}\n"
        f"{document['subject_kind']} {document['subject']}\n"
        f"from {readable(document['episode_start'])} to {readable(document['event_time'])}\n\n{sentence}\n"
    )


def _lines(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"


def _zipped(files: dict[str, bytes]) -> bytes:
    manifest = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted({**files, "SHA256SUMS": manifest.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
    return out.getvalue()
