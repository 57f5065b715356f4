"""Run the line over files into a data directory, going on where the last run on it ended."""

import gc
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from services.assembly import parts_in_force, plan_of_parts
from services.audit import note, note_settings
from services.changes import FOLDER, forget_told, untold_sources
from services.controls import run_controls
from services.keys import with_key
from services.lab.health import keep_health
from services.lab.shadow import score_beside
from services.ledger.notes import keep
from services.stores import open_store
from streams.embedded import Progress, Run, Summary, go_surely
from streams.plan import Plan
from streams.resume import recognise
from streams.saving import BackgroundSaver
from streams.snapshots import Snapshots
from streams.storing import StoringThread
from tollwatch.config import Settings
from tollwatch.ports import Source, Store
from tollwatch.private_files import private_folder


@dataclass(frozen=True)
class RunOutcome:
    """A summary with how long it took."""

    summary: Summary
    seconds: float
    snapshots_cpu_s: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """The summary, with seconds and the peak of memory in MB."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return {n: v for n, v in asdict(self.summary).items() if n != "not_allowed"} | {
            "seconds": self.seconds,
            "snapshots_cpu_seconds": round(self.snapshots_cpu_s, 2),
            "peak_memory_mb": peak,
        }


def run_line(
    sources: Sequence[Source],
    data: Path,
    settings: Settings,
    *,
    as_of_ms: int,
    rules: Sequence[Path] = (),
    progress: Progress | None = None,
) -> RunOutcome:
    """Read sources to their end, store what is found, save the state on the way and at the end.

    What people have decided since the last run (verdicts, lists, bars, rules) is read beside the sources.
    """
    parts = parts_in_force(settings, rules)  # what is wrong with it is said before anything is made
    began = time.monotonic()
    store = open_store(data, settings, must_exist=False)
    try:
        settings = with_key(settings, data, make=True)
        plan = plan_of_parts(parts, settings)
        note_settings(data, settings)
        store.apply_tables()
        sources = [*sources, *untold_sources(data, settings, store)]
        gc.freeze()  # what is there stays: the collector need not go through it again and again
        summary, snapshots_cpu_s = _go(sources, store, data, plan, settings, as_of_ms=as_of_ms, progress=progress)
        breaks = sum(run.breaks for run in run_controls(store, settings))
        summary.leakages += breaks
        keep(settings, store, data, data)
        score_beside(store, data, settings)
        keep_health(store, settings)
        for (source, kind), number in sorted(summary.not_allowed.items()):
            note(data, "refuse", kind, source, {"records": [None, number]}, settings=settings)
        forget_told(data / FOLDER)
    finally:
        store.close()
    return RunOutcome(summary, round(time.monotonic() - began, 1), snapshots_cpu_s)


def _go(
    sources: Sequence[Source],
    store: Store,
    data: Path,
    plan: Plan,
    settings: Settings,
    *,
    as_of_ms: int,
    progress: Progress | None,
) -> tuple[Summary, float]:
    """Run to the end, with reading, storing and the writing of snapshots beside it; gives what snapshots took, too."""
    storing = StoringThread(store)
    saver = BackgroundSaver(Snapshots(private_folder(data / "state"), key=settings.hasher().key))

    def begin() -> Run:
        found = saver.newest()
        manifest = found[0] if found is not None else None
        files = recognise(sources, manifest.files if manifest is not None else {})
        line = Run(
            files.sources,
            plan,
            settings,
            as_of_ms=as_of_ms,
            store=storing,
            progress=progress,
            save_every=settings.snapshot_events,
        )
        if found is not None:
            line.load(found[1])
        line.may_save = saver.is_due
        line.on_save = lambda run: saver.save(run.save, files.after(run.consumed()), storing.until_now())
        return line

    try:
        summary = go_surely(begin)
        storing.wait()
        saver.wait()
    finally:
        storing.close()
        saver.close()
    return summary, saver.cpu_s
