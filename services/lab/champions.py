"""Who scores for a detector: proposed by one person, confirmed by another, from an event time on; and back again."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from services.approvals import Done, Wish, propose
from services.assembly import configured_model
from services.audit import note as note_in_audit
from services.files import write_lines
from services.keys import key_for_changes
from services.lab.registry import as_learnt, home_of, load_model, model_named
from services.relational import acting_user, open_database
from services.rules import behind_what_was_read
from store.relational import ModelChange, ModelVersion
from store.relational.audit import now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.signing import signed

OWN = "own"
"""How the product's own model is called where a trained one could stand."""


def propose_promotion(
    name: str,
    data: Path | None,
    settings: Settings,
    *,
    by: str,
    why: str,
    from_ms: int | None = None,
) -> Done:
    """Ask a second person to let a trained model score from an event time on; default: behind what has been read.

    A challenger that learns as it goes is promoted as what it has learnt, which is registered as a model of its own.
    """
    found = model_named(name, data, settings)
    load_model(found["artifact"], data, settings)
    if found["state"] == "champion":
        raise ConfigurationError(f"{found['artifact']} is the champion already")
    promoted = as_learnt(found["artifact"], data, settings, by=by)
    wish = Wish("model", found["detector"], promoted, {"from_ms": from_ms}, why)
    return propose(wish, home_of(data), settings, by=by)


def propose_rollback(
    detector: str, data: Path | None, settings: Settings, *, by: str, why: str, from_ms: int | None = None
) -> Done:
    """Ask a second person to let the model before score again: the champion before this one, or the product's own."""
    configured_model(detector, settings)
    changes = changes_of(detector, data, settings)
    if not changes or changes[-1]["artifact"] is None:
        raise ConfigurationError(f"{detector}: is scored by the product's own model already")
    before = changes[-2]["artifact"] if len(changes) > 1 else None
    wish = Wish("model", detector, before or OWN, {"from_ms": from_ms}, why)
    return propose(wish, home_of(data), settings, by=by)


def changes_of(detector: str, data: Path | None, settings: Settings) -> list[dict[str, Any]]:
    """Who scored for a detector, in the order of the decisions."""
    wanted = select(ModelChange).where(ModelChange.tenant == settings.tenant, ModelChange.detector == detector)
    names = [column.name for column in ModelChange.__table__.columns]
    with open_database(home_of(data), settings) as database, database.reading() as session:
        rows = session.scalars(wanted.order_by(ModelChange.model_change_id)).all()
        return [{name: getattr(row, name) for name in names} for row in rows]


def put_in_force(proposal: Mapping[str, Any], data: Path | None, settings: Settings, *, by: str, live: bool) -> None:
    """What a second person has confirmed. Workers are told at once, a data directory's next run takes it up."""
    detector, name, from_ms = proposal["target"], proposal["entry"], proposal["content"].get("from_ms")
    artifact = None if name == OWN else name
    if artifact is not None:
        load_model(artifact, data, settings)
    home, moment = home_of(data), from_ms
    if live:
        moment = from_ms if from_ms is not None else behind_what_was_read(settings)
        _tell_workers(model_event(detector, artifact, moment, settings, key_for_changes(settings, home)), settings)
    said = {"artifact": [None, artifact], "from_ms": [None, moment]}
    note_in_audit(home, "publish", "model", detector, said, settings=settings)
    with open_database(home, settings) as database, database.session(by) as session:
        for row in session.scalars(select(ModelVersion).where(ModelVersion.detector == detector)):
            if row.tenant == settings.tenant and row.state == "champion":
                row.state, row.until_ms = "retired", moment
            if row.tenant == settings.tenant and row.artifact == artifact:
                row.state, row.from_ms, row.until_ms = "champion", moment, None
        change = ModelChange(tenant=settings.tenant, detector=detector, artifact=artifact, from_ms=moment, by=by)
        change.decided_at, change.note = now_ms(), proposal.get("note")
        change.exported_at = now_ms() if live else None
        session.add(change)


def model_event(detector: str, artifact: str | None, moment: int, settings: Settings, key: bytes) -> bytes:
    """The event of a change. Its id is that of what it says: sent twice, it is taken once."""
    digest = hashlib.sha256(f"{detector} {moment} {artifact}".encode()).hexdigest()[:12]
    event: dict[str, Any] = {
        "event_id": f"model-{digest}",
        "event_time": moment,
        "source": "models",
        "entity": "model",
        "id": detector,
        "tenant": settings.tenant,
        "attributes": {"artifact": artifact} if artifact is not None else {},
    }
    return msgspec.json.encode(signed("reference", event, key))


def _tell_workers(event: bytes, settings: Settings) -> None:
    from streams.live import announce  # noqa: PLC0415  (Kafka is not needed for a data directory)

    announce.announce(settings.kafka, [event])


def export_models(data: Path, folder: Path, settings: Settings, at_ms: int) -> int:
    """Write the changes that the next run is to take up as events; gives how many."""
    wanted = select(ModelChange).where(ModelChange.exported_at.is_(None)).order_by(ModelChange.model_change_id)
    with open_database(data, settings) as database, database.session(acting_user(None)) as session:
        found = session.scalars(wanted).all()
        lines = []
        for each in found:
            own = msgspec.structs.replace(settings, tenant=each.tenant)
            each.from_ms = each.from_ms if each.from_ms is not None else at_ms
            lines.append(model_event(each.detector, each.artifact, each.from_ms, own, key_for_changes(settings, data)))
            each.exported_at = now_ms()
        if lines:
            write_lines(folder / f"reference-models{found[-1].model_change_id}-{at_ms}.ndjson", lines)
    return len(lines)
