"""A simulated operator, all streams: however its files are cut, disordered or doubled, the findings are the same."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.cli.calling import printed

Lines = list[bytes]
Shape = Callable[[str, Lines], list[Lines]]


def tollwatch(*words: object) -> bytes:
    """What the command prints; its exit code must be 0."""
    return printed(*words).encode()


def findings(streams: dict[str, Lines], shape: Shape, folder: Path, partitions: int) -> tuple[bytes, bytes]:
    """All revisions of all alerts and leakages, as they are printed."""
    words: list[object] = []
    for stream, lines in streams.items():
        for n, part in enumerate(shape(stream, lines)):
            file = folder / f"{stream}-{n}.ndjson"
            file.write_bytes(b"".join(part))
            words += [f"--{stream}", file]
    data = folder / "data"
    tollwatch("run", *words, "--data", data, "--partitions", partitions)
    listing = ("--data", data, "--format", "ndjson", "--identifiers", "--all-revisions")
    return tollwatch("alerts", *listing), tollwatch("leakages", *listing)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lines]:
    """Three hundred subscribers for two days with everything planted, each stream in the order of its events."""
    folder = tmp_path_factory.mktemp("operator")
    tollwatch("simulate", folder, "--subscribers", 300, "--days", 2, "--seed", 5)
    files = [file for file in folder.glob("*.ndjson") if file.stem != "truth"]
    return {file.stem: file.read_bytes().splitlines(keepends=True) for file in files}


@pytest.fixture(scope="module")
def usual(operator: dict[str, Lines], tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """One file of each stream, one partition."""
    found = findings(operator, as_it_is, tmp_path_factory.mktemp("usual"), 1)
    assert found[0].count(b"\n") > 10
    assert found[1].count(b"\n") > 10
    return found


def as_it_is(stream: str, lines: Lines) -> list[Lines]:
    """One file."""
    del stream
    return [lines]


def by_turns(stream: str, lines: Lines) -> list[Lines]:
    """Four files of every fourth line."""
    del stream
    return [lines[n::4] for n in range(4)]


def disordered(stream: str, lines: Lines) -> list[Lines]:
    """Every line up to two seconds from its place."""
    rng = random.Random(stream)

    def place(line: bytes) -> float:
        try:
            return int(msgspec.json.decode(line)["event_time"]) + rng.uniform(0, 1990)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return last[0]

    last = [0.0]
    placed = []
    for line in lines:
        last[0] = place(line)
        placed.append((last[0], line))
    return [[line for _, line in sorted(placed, key=lambda pair: pair[0])]]


def doubled(stream: str, lines: Lines) -> list[Lines]:
    """Every tenth line once more at the end of another file."""
    del stream
    return [lines, lines[::10]]


@pytest.mark.parametrize("shape", [by_turns, disordered, doubled])
def test_the_findings_are_the_same_bytes(
    operator: dict[str, Lines], usual: tuple[bytes, bytes], tmp_path: Path, shape: Shape
) -> None:
    """Alerts and leakages of every detector, model and control, with eight partitions."""
    assert findings(operator, shape, tmp_path, 8) == usual
