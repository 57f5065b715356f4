"""Say what a finding was, and let the line learn from it."""

import uuid
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

import msgspec
from cyclopts import App
from sqlalchemy import select

from cli._listing import DATA, Format, Listing, reading, when, write
from cli._relational import export as export_events
from cli._relational import relational, tell, who
from store import about
from store.relational import Verdict
from store.relational.audit import now_ms
from store.relational.models import KEYS
from tollwatch.config import load_settings
from tollwatch.errors import ConfigurationError

app = App(name="verdict", help="Say what a finding was, and let the line learn from it.")
SHOWN = ("recorded_at", "verdict", "refers_to", "subject", "loss_micros", "currency", "by", "exported_at")
FIELDS = [column.name for column in Verdict.__table__.columns]
EVENT = ("tenant", "verdict", "refers_to", "subject_kind", "subject", *KEYS, "loss_micros", "currency", "by")


@app.command
def give(
    id_: str,
    verdict: Literal["fraud", "false_alarm", "unsure"],
    /,
    *,
    data: Path = DATA,
    event: bool = False,
    loss: str | None = None,
    currency: str | None = None,
    note: str | None = None,
    by: str | None = None,
    at: str | None = None,
    config: Path | None = None,
) -> None:
    """Record a verdict about an alert, a leakage or an event. A change of mind is a new verdict.

    Try: tollwatch verdict give 3f2a9c0d11aa22bb fraud --loss 12.50 --currency EUR --data data

    Parameters
    ----------
    id_
        The id of an alert or a leakage.
    verdict
        fraud, false_alarm or unsure.
    data
        The data directory.
    event
        The id is an event's.
    loss
        What was lost, in units of the currency.
    note
        Why.
    by
        Who says so; default: who is logged in.
    at
        When it became known (ISO 8601); default: now.
    config
        A settings file, which may name the database.
    """
    person = who(by)
    keys = {"refers_to": id_, "tenant": load_settings(config).tenant} if event else _keys(id_, data)
    own = {"verdict_id": uuid.uuid4().hex, "verdict": verdict, "note": note, "by": person}
    row = keys | own | {"recorded_at": when(at) if at else now_ms()} | _loss(loss, currency)
    with relational(data, config) as database, database.session(person) as session:
        session.add(Verdict(**row))
    print(f"recorded: {id_} is {verdict}, says {person}; `tollwatch verdict export` tells the line")


def _keys(finding_id: str, data: Path) -> dict[str, Any]:
    """What a verdict must carry to reach the shards of its row; a model's alert refers to the event it scored."""
    with reading(data) as store:
        found = about(store, finding_id)
    if found is None:
        raise ConfigurationError(
            f"{finding_id}: no alert and no leakage has this id; is it an event's? Then say --event"
        )
    document, row = found
    keys = {name: row.get(name) or document.get(name) for name in KEYS}
    if document["subject_kind"] in KEYS:
        keys[document["subject_kind"]] = document["subject"]
    scored = document.get("score") is not None and "event_id" in row
    own = {name: document[name] for name in ("tenant", "subject_kind", "subject")}
    return own | keys | {"finding_id": finding_id, "refers_to": row["event_id"] if scored else finding_id}


def _loss(loss: str | None, currency: str | None) -> dict[str, Any]:
    if (loss is None) != (currency is None):
        raise ConfigurationError("--loss and --currency belong together; give both or none")
    return {"loss_micros": _micros(loss), "currency": currency}


def _micros(amount: str | None) -> int | None:
    if amount is None:
        return None
    try:
        micros = Decimal(amount) * 1_000_000
        if micros == int(micros):
            return int(micros)
    except (InvalidOperation, OverflowError, ValueError):
        micros = Decimal(0)
    raise ConfigurationError(f"--loss {amount}: is no amount of money; write for example 12.50")


@app.command(name="list")
def list_(
    *,
    data: Path = DATA,
    format: Format = "table",  # noqa: A002  (the word people type)
    output: Path | None = None,
    config: Path | None = None,
) -> None:
    """List the verdicts in the order in which they became known.

    Try: tollwatch verdict list --data data --format csv

    Parameters
    ----------
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    output
        A file to write to instead of standard output; parquet needs one.
    config
        A settings file, which may name the database.
    """
    with relational(data, config) as database, database.reading() as session:
        found = session.scalars(select(Verdict).order_by(Verdict.recorded_at, Verdict.verdict_id)).all()
        rows = [{name: getattr(row, name) for name in FIELDS} for row in found]
    documents = [msgspec.json.encode(row, order="sorted") for row in rows]
    write(Listing("verdict", documents, FIELDS, SHOWN), format, output)


@app.command
def export(*, data: Path = DATA, to: Path | None = None, again: bool = False, config: Path | None = None) -> None:
    """Write the verdicts that the line has not been told of, as events of the stream `verdicts`.

    The file is on the disk before they are noted as exported; the line knows each by its id, so none counts twice.

    Try: tollwatch verdict export --data data

    Parameters
    ----------
    data
        The data directory.
    to
        The folder to write to; default `export` in the data directory.
    again
        Those too that were exported before.
    config
        A settings file, which may name the database.
    """
    with relational(data, config) as database, database.session(who(None)) as session:
        wanted = select(Verdict) if again else select(Verdict).where(Verdict.exported_at.is_(None))
        found = session.scalars(wanted).all()
        events = [_event(verdict) for verdict in found]
        path = export_events(events, "verdicts", to or data / "export") if events else None
        for verdict in found:
            verdict.exported_at = verdict.exported_at or now_ms()
    if path is None:
        print("no verdict waits to be exported")
    else:
        tell(path, "verdicts", len(events), data)


def _event(verdict: Verdict) -> dict[str, Any]:
    own = {"event_id": verdict.verdict_id, "event_time": verdict.recorded_at, "source": "verdicts"}
    return own | {name: getattr(verdict, name) for name in EVENT}
