"""Trained models: which there are, which score beside the champion, and who scores from when on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from cli._listing import Format, Listing, write
from services.approvals import decide
from services.lab.champions import changes_of, propose_promotion, propose_rollback, put_in_force
from services.lab.comparison import compare as compare_with
from services.lab.comparison import sentence
from services.lab.labelling import estimate_sentence, missed_fraud, worth_labelling
from services.lab.registry import challenge as challenge_with
from services.lab.registry import home_of, load_model, model_named
from services.lab.registry import models as every_one
from services.lab.registry import retire as retire_it
from services.relational import acting_user
from services.stores import DATA
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError
from tollwatch.times import parse_moment

app = App(name="models", help="Trained models: which there are, which score beside the champion, who scores from when.")
SHOWN = ("artifact", "detector", "algorithm", "state", "average_precision", "created_at", "by")

LABELLED = ("why", "event_id", "event_time", "subject", "score", "chance")
CHANGES = ("artifact", "from_ms", "decided_at", "by", "note")


def _listing(what: str, rows: Sequence[dict[str, Any]], fields: Sequence[str]) -> Listing:
    lines = [msgspec.json.encode({name: row.get(name) for name in fields}, order="sorted") for row in rows]
    return Listing(what, lines, fields, fields)


def _where(data: Path | None, config: Path | None) -> tuple[Path | None, Settings]:
    settings = load_settings(config)
    return (data if data is not None or settings.clickhouse else DATA), settings


@app.command(name="list")
def list_(
    *,
    detector: str | None = None,
    data: Path | None = None,
    form: Annotated[Format, Parameter(name="--format")] = "table",
    config: Path | None = None,
) -> None:
    """Print every trained model, the newest first.

    Try: tollwatch models list --data data

    Parameters
    ----------
    detector
        Only those of a detector.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    form
        How: table, ndjson, csv or parquet.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    found = [{**each, **each["metrics"]} for each in every_one(where, settings, detector=detector)]
    write(_listing("model", found, SHOWN), form)


@app.command
def show(name: str, *, data: Path | None = None, config: Path | None = None) -> None:
    """Print the card of a model as JSON: what it was trained on, by which code, how it did on days it had not seen.

    Try: tollwatch models show 09753f4c --data data

    Parameters
    ----------
    name
        Its hash, or the beginning of it.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    found = model_named(name, where, settings)
    load_model(found["artifact"], where, settings)
    print(msgspec.json.format(msgspec.json.encode(found)).decode())


@app.command
def label(
    detector: str,
    *,
    number: int = 12,
    control: int = 4,
    data: Path | None = None,
    form: Annotated[Format, Parameter(name="--format")] = "table",
    config: Path | None = None,
) -> None:
    """Print events that are worth a verdict: a random control, those a model is least sure of, those unlike all known.

    Give it with `tollwatch verdict give EVENT_ID fraud --event`, or in the console. What the control says of everything
    that was scored is printed below: verdicts on alerts alone only confirm what a model believes.

    Try: tollwatch models label payment_risk --data data

    Parameters
    ----------
    detector
        The scored detector.
    number
        How many by what a label would teach.
    control
        How many of each day by chance alone; keep to one number, for the estimate's sake.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    asked = worth_labelling(detector, where, settings, number=number, control=control)
    write(_listing("event", [msgspec.to_builtins(each) for each in asked], LABELLED), form)
    if form == "table":
        print(estimate_sentence(missed_fraud(detector, where, settings, control=control)))


@app.command
def challenge(name: str, *, data: Path | None = None, config: Path | None = None) -> None:
    """Let a model score what the champion scores, beside it; it alerts on nothing.

    Try: tollwatch models challenge 09753f4c --data data

    Parameters
    ----------
    name
        Its hash, or the beginning of it.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    done = challenge_with(name, where, settings, by=acting_user(None))
    Console().print(f"{done['artifact']}: scores beside the champion of {done['detector']} with the next run")


@app.command
def retire(name: str, *, data: Path | None = None, config: Path | None = None) -> None:
    """Let a challenger score no more.

    Try: tollwatch models retire 09753f4c --data data

    Parameters
    ----------
    name
        Its hash, or the beginning of it.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    done = retire_it(name, where, settings, by=acting_user(None))
    Console().print(f"{done['artifact']}: scores no more")


@app.command
def promote(
    name: str, *, why: str, at: str | None = None, data: Path | None = None, config: Path | None = None
) -> None:
    """Propose that a model scores from an event time on; a second person confirms it.

    Try: tollwatch models promote 09753f4c --why "caught 12 more frauds in October" --data data

    Parameters
    ----------
    name
        Its hash, or the beginning of it.
    why
        For who confirms it, and for who looks at it later.
    at
        The event time from which it scores (ISO 8601); default: right behind what has been read.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    from_ms = parse_moment(at) if at else None
    done = propose_promotion(name, where, settings, by=acting_user(None), why=why, from_ms=from_ms)
    Console().print(f"{done.sentence} Number {done.proposal_id}: tollwatch models confirm {done.proposal_id}")


@app.command
def rollback(
    detector: str, *, why: str, at: str | None = None, data: Path | None = None, config: Path | None = None
) -> None:
    """Propose that the model before scores again; a second person confirms it.

    Try: tollwatch models rollback payment_risk --why "twice as many false alarms" --data data

    Parameters
    ----------
    detector
        The detector.
    why
        For who confirms it, and for who looks at it later.
    at
        The event time from which it scores (ISO 8601); default: right behind what has been read.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    from_ms = parse_moment(at) if at else None
    done = propose_rollback(detector, where, settings, by=acting_user(None), why=why, from_ms=from_ms)
    Console().print(f"{done.sentence} Number {done.proposal_id}: tollwatch models confirm {done.proposal_id}")


@app.command
def confirm(
    number: int,
    *,
    reject: Annotated[bool, Parameter(negative=())] = False,
    note: str = "",
    data: Path | None = None,
    config: Path | None = None,
) -> None:
    """Confirm what somebody else has proposed for a model, or reject it. Workers are told at once.

    Try: tollwatch models confirm 7 --data data

    Parameters
    ----------
    number
        The number of the proposal.
    reject
        Reject it instead.
    note
        Why.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    by = acting_user(None)

    def publish(proposal: dict[str, Any]) -> None:
        if proposal["kind"] != "model":
            raise ConfigurationError("this is no change of a model; decide about it in the console")
        put_in_force(proposal, where, settings, by=by, live=where is None)

    own = home_of(where)
    done = decide(number, confirm=not reject, note=note, data=own, settings=settings, by=by, publish=publish)
    Console().print(f"{done['target']}: {done['entry']} is {done['state']}")


@app.command
def compare(
    name: str,
    *,
    error: float = 0.05,
    form: Annotated[Literal["table", "json"], Parameter(name="--format")] = "table",
    data: Path | None = None,
    config: Path | None = None,
) -> None:
    """Hold a challenger against the champion: the same events, the same number of alerts a day, by verdicts so far.

    The test may be looked at after every verdict: it decides wrongly with a chance of `error` at most.

    Try: tollwatch models compare 09753f4c --data data

    Parameters
    ----------
    name
        Its hash, or the beginning of it.
    error
        The chance, for each side, of deciding for it where both are alike.
    form
        How: table or json.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    found = compare_with(name, where, settings, error=error)
    if form == "json":
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    said = Console()
    said.print(f"{found.detector}: {found.events:,} events, {found.labelled:,} with a label, {found.frauds:,} fraud")
    table = Table("measure", "champion", found.artifact)
    for measure, value in found.champion.items():
        table.add_row(measure.replace("_", " "), f"{value:.4f}", f"{found.challenger[measure]:.4f}")
    said.print(table)
    said.print(sentence(found))


@app.command
def history(detector: str, *, data: Path | None = None, config: Path | None = None) -> None:
    """Print who scored for a detector, and from when.

    Try: tollwatch models history payment_risk --data data

    Parameters
    ----------
    detector
        The detector.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    """
    where, settings = _where(data, config)
    write(_listing("change", changes_of(detector, where, settings), CHANGES), "table")
