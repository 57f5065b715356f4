"""The registry of trained models: a file each in the folder of models, and what is known of it in the database."""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from models.artifact import Artifact
from models.frozen import TrainedScorer
from models.registry import ModelFolder
from services.keys import folder_of, with_key
from services.relational import open_database
from services.stores import DATA
from store.relational import ModelVersion
from store.relational.audit import AuditedSession, now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.times import readable

FIELDS = [column.name for column in ModelVersion.__table__.columns]


def home_of(data: Path | None) -> Path:
    """Where relational data lies that is not on a server."""
    return data or DATA


def model_folder(data: Path | None, settings: Settings) -> ModelFolder:
    """The folder of models, and the key under which they are signed."""
    own = with_key(settings, folder_of(data, settings), make=True)
    return ModelFolder(own.models, own.hasher().key)


def register(artifact: Artifact, detector: str, data: Path | None, settings: Settings, *, by: str) -> str:
    """Keep a model; gives its hash. One that is there already stays as it is."""
    name = model_folder(data, settings).save(artifact)
    with open_database(home_of(data), settings) as database, database.session(by) as session:
        if _find(session, name, settings) is None:
            session.add(
                ModelVersion(
                    tenant=settings.tenant,
                    detector=detector,
                    artifact=name,
                    algorithm=artifact.algorithm,
                    state="registered",
                    metrics=msgspec.json.encode(artifact.card.metrics, order="sorted").decode(),
                    card=msgspec.json.encode(artifact.card, order="sorted").decode(),
                    by=by,
                    created_at=now_ms(),
                    note=artifact.card.note or None,
                )
            )
    return name


def _find(session: AuditedSession, name: str, settings: Settings) -> ModelVersion | None:
    wanted = select(ModelVersion).where(ModelVersion.tenant == settings.tenant, ModelVersion.artifact == name)
    return session.scalars(wanted).first()


def models(data: Path | None, settings: Settings, *, detector: str | None = None) -> list[dict[str, Any]]:
    """Every trained model, the newest first, with its metrics and its card."""
    wanted = select(ModelVersion).where(ModelVersion.tenant == settings.tenant)
    if detector is not None:
        wanted = wanted.where(ModelVersion.detector == detector)
    with open_database(home_of(data), settings) as database, database.reading() as session:
        rows = session.scalars(wanted.order_by(ModelVersion.model_version_id.desc())).all()
        return [_as_dict(row) for row in rows]


def _as_dict(row: ModelVersion) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in FIELDS}
    return found | {name: msgspec.json.decode(found[name]) for name in ("metrics", "card")}


def model_named(name: str, data: Path | None, settings: Settings) -> dict[str, Any]:
    """A trained model by its hash or the beginning of it. Raises ConfigurationError where none or several fit."""
    fitting = [each for each in models(data, settings) if each["artifact"].startswith(name)]
    if len(fitting) != 1 or not name:
        what = "several models begin" if fitting else "no model begins"
        raise ConfigurationError(f"{what} with `{name[:40]}`; `tollwatch models list` says what there is")
    return fitting[0]


def load_model(name: str, data: Path | None, settings: Settings) -> TrainedScorer:
    """A trained model as it scores. Raises StoreError where its file is missing or is not this installation's."""
    return model_folder(data, settings).scorer(model_named(name, data, settings)["artifact"])


def as_learnt(name: str, data: Path | None, settings: Settings, *, by: str) -> str:
    """The model to promote: a batch model itself; one that has learnt beside the champion, as a model of its own."""
    found = model_named(name, data, settings)
    folder = model_folder(data, settings)
    learnt = folder.learnt(found["artifact"])
    if learnt == folder.load(found["artifact"]):
        return str(found["artifact"])
    until = readable(learnt.card.labels_known_until_ms)
    card = msgspec.structs.replace(learnt.card, note=f"{found['artifact']} as it had learnt until {until}")
    return register(msgspec.structs.replace(learnt, card=card), found["detector"], data, settings, by=by)


def challenge(name: str, data: Path | None, settings: Settings, *, by: str) -> dict[str, Any]:
    """Let a model score beside the champion, alerting on nothing; gives it as it is then."""
    return _put(name, "challenger", data, settings, by=by)


def retire(name: str, data: Path | None, settings: Settings, *, by: str) -> dict[str, Any]:
    """Let a model score no more; the champion has to be replaced first."""
    return _put(name, "retired", data, settings, by=by)


def _put(name: str, state: str, data: Path | None, settings: Settings, *, by: str) -> dict[str, Any]:
    found = model_named(name, data, settings)
    load_model(found["artifact"], data, settings)
    with open_database(home_of(data), settings) as database, database.session(by) as session:
        row = _find(session, found["artifact"], settings)
        assert row is not None
        if row.state == "champion":
            raise ConfigurationError(f"{row.artifact} is the champion; promote another model, or roll back, first")
        row.state = state
        if state == "challenger":
            row.challenged_at = now_ms()
        session.flush()
        return _as_dict(row)
