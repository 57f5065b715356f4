"""Models are looked at beside the workers, once an hour, whatever becomes of the one that looks."""

import os
import time
from pathlib import Path

import pytest

from services.lab.health import keep_health
from services.lab.watching import Watching
from services.stores import open_store
from tests.services.lab.test_lab import SETTINGS, run
from tollwatch.config import Settings


def touches(settings: Settings) -> None:
    """A look that leaves a trace."""
    with Path(settings.models).open("a") as trace:
        trace.write("looked\n")


def stalls(settings: Settings) -> None:
    """A look that takes for ever."""
    touches(settings)
    time.sleep(600)


def fails(settings: Settings) -> None:
    """A look that ends badly."""
    del settings
    os._exit(3)


def ended(watching: Watching) -> None:
    """Wait until the process that looks has ended by itself."""
    assert watching.process is not None
    watching.process.join(timeout=60)
    watching.go_on()


def test_it_looks_when_it_is_time_and_not_before(tmp_path: Path) -> None:
    """At the start, and then once in the time that was set."""
    trace = tmp_path / "trace"
    watching = Watching(Settings(models=str(trace)), target=touches)
    watching.go_on()
    ended(watching)
    watching.go_on()
    assert watching.process is None
    assert trace.read_text() == "looked\n"
    watching.every_s = 0.0
    watching.go_on()
    ended(watching)
    watching.stop()
    assert trace.read_text().startswith("looked\nlooked\n")


def test_one_that_takes_too_long_is_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And said; the next one begins when it is time."""
    watching = Watching(Settings(models=str(tmp_path / "trace")), longest_s=0.0, target=stalls)
    began = time.monotonic()
    watching.go_on()
    watching.go_on()
    assert time.monotonic() - began < 60
    assert watching.process is None
    assert "took longer than 0 s" in caplog.text


def test_one_that_fails_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The line goes on; the log has the exit code."""
    watching = Watching(Settings(), target=fails)
    watching.go_on()
    ended(watching)
    assert watching.process is None
    assert "exit code 3" in caplog.text


def test_what_was_seen_is_stored_once(tmp_path: Path) -> None:
    """A second look at the same scores takes the place of the first; detectors without scores have no row."""
    data = tmp_path / "data"
    run(data, tmp_path, 0, 14)
    store = open_store(data, SETTINGS)
    try:
        (found,) = keep_health(store, SETTINGS)
        rows = store.query("SELECT detector, scores, judged, calibration_error FROM model_health FINAL").rows()
    finally:
        store.close()
    assert rows == [("payment_risk", 14 * 90, found.judged, found.calibration_error)]
    assert found.calibration_error is not None
