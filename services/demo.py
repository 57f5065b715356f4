"""Simulate an operator for some days, run the line on it, and hold what was found against what was planted."""

import resource
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from detectors.assurance import every_control
from replay.evaluate import Report, evaluate
from replay.simulate.run import START, WRITTEN, Tell
from replay.truth import read_truth
from services.run import RunOutcome, run_line
from services.simulate import SIMULATED_SOURCES, write_operator
from services.stores import reading
from store import listed
from streams.read import open_sources
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import Alert, Leakage
from tollwatch.ports import Source

DAY_MS = 86_400_000
RunLine = Callable[[Sequence[Source], Path, Settings, int], RunOutcome]


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What a demonstration gave."""

    report: Report
    outcome: RunOutcome
    simulated_s: float
    peak_memory_mb: int
    not_planted: list[str] = []


class Size(NamedTuple):
    """How large the operator is, and what all chance comes from."""

    subscribers: int
    days: int
    seed: int


def _run_silently(sources: Sequence[Source], data: Path, settings: Settings, as_of_ms: int) -> RunOutcome:
    return run_line(sources, data, settings, as_of_ms=as_of_ms)


def play(folder: Path, size: Size, *, tell: Tell | None = None, run: RunLine = _run_silently) -> Demo:
    """Simulate into `folder/streams`, run into `folder/data`, compare. An earlier demonstration there is replaced.

    Raises ConfigurationError where the folder holds something else.
    """
    streams, data = folder / "streams", folder / "data"
    _clear(folder)
    began = time.monotonic()
    done = write_operator(streams, size[:2], size.seed, tell=tell)
    simulated_s = round(time.monotonic() - began, 1)
    sources = open_sources({name: [streams / f"{name}.ndjson"] for name in WRITTEN})
    given = load_settings()
    own = Settings(installation_key=given.installation_key, key_file=given.key_file, sources=SIMULATED_SOURCES)
    outcome = run(sources, data, own, START + (size.days + 1) * DAY_MS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Demo(
        report=compare(streams, data),
        outcome=outcome,
        simulated_s=simulated_s,
        peak_memory_mb=peak,
        not_planted=done.not_planted,
    )


def _clear(folder: Path) -> None:
    """Remove an earlier demonstration, and nothing else."""
    parts = [folder / "streams", folder / "data"]
    if (folder / "streams" / "truth.ndjson").exists():
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)
    if any(part.exists() for part in parts):
        raise ConfigurationError(f"{folder}: holds something else; name another directory with --data")


def compare(streams: Path, data: Path) -> Report:
    """What a data directory says against what was planted."""
    with reading(data) as store:
        alerts = [msgspec.json.decode(each, type=Alert) for each in listed(store, "alert", all_revisions=True)]
        leakages = [msgspec.json.decode(each, type=Leakage) for each in listed(store, "leakage")]
        places = store.query("SELECT DISTINCT stream, position FROM quarantine")
    quarantined = [(stream, int(position)) for stream, position in places.iter_rows()]
    controls = [kind.name() for kind in every_control()]
    estimates = [kind.name() for kind in every_control() if kind.estimates]
    truths = read_truth(streams / "truth.ndjson")
    return evaluate(truths, alerts, leakages, quarantined, start=START, controls=controls, estimates=estimates)
