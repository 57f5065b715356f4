"""Make a worker of the live line, once everything that it needs is there."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from services.assembly import make_plan
from services.audit import note, note_settings
from services.controls import run_controls
from services.controls_pace import Pace
from services.keys import folder_of, with_key
from services.lab.shadow import Beside
from services.lab.watching import Watching
from services.ledger.books import Books
from services.ledger.notes import keep
from services.stores import DATA
from store import ServerStore
from streams.live import topics
from streams.live.worker import Worker
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, StoreError, TollwatchError

log = logging.getLogger("tollwatch.worker")
STATE = "tollwatch-state"


def make_worker(settings: Settings, rules: Sequence[Path] = (), state: str | None = None) -> Worker:
    """A worker that takes what comes on Kafka and stores what is found on the server; `run` it.

    Raises ConfigurationError without a server, StoreError where its tables or the topics are not as they should be.
    """
    if settings.clickhouse is None:
        raise ConfigurationError("`clickhouse` is not set; name the server, for example in TOLLWATCH_CLICKHOUSE")
    server = settings.clickhouse
    settings = msgspec.structs.replace(settings, state=state or settings.state or STATE)
    store = ServerStore(server)
    if missing := store.check_tables():
        raise StoreError(missing[0])
    settings = with_key(settings, folder_of(None, settings), make=True)
    plan = make_plan(settings, rules)
    if different := topics.check(settings.kafka, topics.wanted(plan, settings)):
        raise StoreError(different[0])
    note_settings(DATA, settings)
    return Worker(
        plan,
        settings,
        store,
        settings.state or STATE,
        lambda refused: _note_refused(refused, settings),
        evidence_store=ServerStore(server),
        controls=partial(_run_controls, server, settings, Pace(), {}, (Beside(settings), Watching(settings))),
    )


def _run_controls(
    server: str, settings: Settings, pace: Pace, books: dict[str, Books], beside: tuple[Beside, Watching]
) -> None:
    """Run the controls over what is stored, and book what they found; challengers score and are watched beside it."""
    for each in beside:
        each.go_on()
    store = ServerStore(server, make=False)
    try:
        run_controls(store, settings, pace=pace)
        keep(settings, store, None, DATA, books)
    finally:
        store.close()


def _note_refused(refused: Mapping[tuple[str, str], int], settings: Settings) -> None:
    """Leave a row for each source that sent what it may not; where that fails, the log has it."""
    for (source, kind), number in sorted(refused.items()):
        try:
            note(DATA, "refuse", kind, source, {"records": [None, number]}, settings=settings)
        except TollwatchError as error:
            log.warning(
                "source %s sent %d records of %s that it may not send; not audited: %s", source, number, kind, error
            )
