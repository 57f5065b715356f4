"""Prove the controls: an operator with every fault that can be planted, each held against what its control found."""

import tempfile
from pathlib import Path

import msgspec

from detectors.assurance import every_control
from replay.evaluate import Recovered
from replay.simulate.run import START, WRITTEN
from services.demo import compare
from services.run import run_line
from services.simulate import SIMULATED_SOURCES, write_operator
from streams.read import open_sources
from tollwatch.config import Settings

DAY_MS = 86_400_000


class Proved(msgspec.Struct, frozen=True):
    """One control: what was planted for it, what it found of that, and breaks that nobody had planted.

    Where the control estimates, `found_micros` is its estimate; records tell whether it found the fault.
    """

    control: str
    fault: str
    planted: int
    found: int
    planted_micros: int
    found_micros: int
    records: int
    false_breaks: int
    is_estimate: bool


def prove_controls(subscribers: int, days: int, seed: int) -> list[Proved]:
    """Simulate an operator with every scenario, run the line and its controls, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        streams, data = Path(folder) / "streams", Path(folder) / "data"
        write_operator(streams, (subscribers, days), seed)
        sources = open_sources({name: [streams / f"{name}.ndjson"] for name in WRITTEN})
        settings = Settings(installation_key="0" * 32, sources=SIMULATED_SOURCES, enabled=[*_names(), "wangiri"])
        run_line(sources, data, settings, as_of_ms=START + (days + 1) * DAY_MS)
        found = {each.name: each for each in compare(streams, data).controls}
    none = Recovered(name="", planted=0, found=0, planted_micros=0, found_micros=0, wrong=[])
    return [_proved(name, found.get(name, none)) for name in _names()]


def _names() -> list[str]:
    return [kind.name() for kind in every_control()]


def _proved(name: str, found: Recovered) -> Proved:
    return Proved(
        control=name,
        fault=name,
        planted=found.planted,
        found=found.found,
        planted_micros=found.planted_micros,
        found_micros=found.found_micros,
        records=found.records,
        false_breaks=found.false,
        is_estimate=any(kind.name() == name and kind.estimates for kind in every_control()),
    )


def controls_table() -> str:
    """A table of all controls: what each finds, in which area, with which thresholds.

    >>> "| 1 | `file_gap` |" in controls_table()
    True
    """
    rows = ["| no. | control | area | finds | thresholds |", "| --- | --- | --- | --- | --- |"]
    for kind in every_control():
        finds = " ".join((kind.__doc__ or "").partition("\n\n")[0].split()).removeprefix("Find ")
        thresholds = ", ".join(f"`{key}` {value}" for key, value in kind().thresholds().items())
        rows.append(f"| {kind.number} | `{kind.name()}` | {kind.area} | {finds} | {thresholds} |")
    return "\n".join(rows)
