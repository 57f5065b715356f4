"""Run the controls of revenue assurance over what is stored, and store what they found."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from detectors.assurance import every_control
from detectors.controls import Control
from services.assembly import controls_in_force
from services.controls_pace import Pace
from services.controls_runner import ControlsRunner
from services.keys import with_key
from services.stores import open_store
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import ControlRun
from tollwatch.frames import Findings
from tollwatch.ports import Store


def control_table(settings: Settings) -> list[tuple[str, ...]]:
    """Every control in force: number, name, area, what it finds, thresholds."""
    rows: list[tuple[str, ...]] = []
    for control in controls_in_force(settings):
        finds = " ".join((type(control).__doc__ or "").partition("\n\n")[0].split())
        thresholds = ", ".join(f"{name} {value}" for name, value in control.thresholds().items())
        rows.append((str(control.number), control.name(), control.area, finds, thresholds))
    return rows


def run_stored(
    data: Path | None, settings: Settings, names: Sequence[str] = (), *, is_full: bool = False, as_of: int | None = None
) -> list[ControlRun]:
    """Run controls over a data directory or the server of the settings. Gives the runs.

    With `as_of` (milliseconds) they judge what had happened by then, and nothing is stored.
    """
    store = open_store(data, settings, must_exist=True)
    try:
        store.apply_tables()
        settings = with_key(settings, data, make=False)
        if as_of is not None:
            _check(names)
            return _found(store, settings, controls_in_force(settings, names), as_of=as_of).control_runs
        return run_controls(store, settings, names, is_full=is_full)
    finally:
        store.close()


def controls_anew(store: Store, settings: Settings) -> Findings:
    """What the controls find in everything that is stored, as if they had never run. Nothing is written."""
    return _found(store, settings, controls_in_force(settings), is_anew=True)


def _found(store: Store, settings: Settings, controls: Sequence[Control], **how: Any) -> Findings:
    """What controls find in the events of every tenant that is served."""
    found = Findings()
    for _, _, some in _runs(store, settings, controls, **how):
        found.extend(some)
    return found


def _runs(
    store: Store, settings: Settings, controls: Sequence[Control], pace: Pace | None = None, **how: Any
) -> Iterator[tuple[ControlsRunner, Control, Findings]]:
    for tenant in sorted(settings.served_tenants()):
        runner = ControlsRunner(store, settings, tenant=tenant, **how)
        runner.is_busy = pace is not None and pace.is_busy(tenant, runner.cut.ends)
        try:
            for control in controls:
                yield runner, control, runner.run(control)
        finally:
            runner.forget()


def _check(names: Sequence[str]) -> None:
    known = [kind.name() for kind in every_control()]
    for name in names:
        if name not in known:
            raise ConfigurationError.unknown_word(name, known, where="--control", what="control")


def run_controls(
    store: Store,
    settings: Settings,
    names: Sequence[str] = (),
    *,
    is_full: bool = False,
    pace: Pace | None = None,
) -> list[ControlRun]:
    """Run the controls over what has been read since they ran last, and store what they found. Gives the runs.

    With `is_full` over everything that has been read. By a `pace`, which is kept from run to run, costly controls
    wait while the log still grows. Where another process has run a control in the meantime, its
    findings stand, and these are dropped.
    """
    _check(names)
    runs = []
    for runner, control, found in _runs(store, settings, controls_in_force(settings, names), pace, is_full=is_full):
        if found.control_runs and not runner.is_overtaken(control):
            store.write(found)
            runs += found.control_runs
    return runs
