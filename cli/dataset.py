"""Write a training set of a model: what the line saw of each event, and labels as they became known."""

from pathlib import Path

from rich.console import Console

from services.datasets import Wanted, make_dataset, prove_dataset
from services.stores import DATA
from tollwatch.config import load_settings
from tollwatch.times import parse_moment


def dataset(
    model: str,
    *,
    to: Path,
    data: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    known_until: str | None = None,
    prove: int = 2,
    config: Path | None = None,
) -> None:
    """Write rows as Parquet and a card of what they are, and prove that they know nothing of the future.

    A row has the features that the line saw when it scored the event, and the label with the moment it became known.
    Who has no verdict within the label horizon counts as genuine; who is younger has no label. The line is run again
    on the events before some moments, and has to see what the set says.

    Try: tollwatch dataset payment_risk --data data --to sets/october --until 2026-11-01

    Parameters
    ----------
    model
        The model, or the detector that uses it.
    to
        The folder for `rows.parquet` and `card.json`.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    since
        Events from this time on (ISO 8601).
    until
        Events before this time.
    known_until
        Labels that were known before this time; default: all.
    prove
        At how many moments the line is run again; 0 leaves it out.
    config
        A settings file.
    """
    settings = load_settings(config)
    where = data if data is not None or settings.clickhouse else DATA
    moments = [parse_moment(each) if each else None for each in (since, until, known_until)]
    wanted = Wanted(since_ms=moments[0], until_ms=moments[1], known_until_ms=moments[2])
    made = make_dataset(model, to, where, settings, wanted)
    said = Console(stderr=True)
    card = made.card
    counts = f"{card.frauds:,} fraud, {card.genuine:,} genuine, {card.unlabelled:,} without a label"
    said.print(f"{to}: {card.rows:,} rows, {counts}")
    if prove:
        proof = prove_dataset(made, where, settings, moments=prove)
        said.print(f"the line was run again on what had come until {prove} moments: {proof.rows:,} rows are the same")
