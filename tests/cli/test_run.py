"""The whole command over files: how the input is cut, doubled, disordered or killed changes no finding."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.busy import RULES, busy, write
from tests.cli.calling import Said, called

EVENTS = 12_000
LINES = busy(EVENTS)


def tollwatch(*words: object, **env: str) -> Said:
    """Run the command to its end; its exit code must be 0."""
    done = called(*words, env=env)
    assert done.code == 0, done.err
    return done


def found(folder: Path) -> bytes:
    """All revisions of all alerts of a data directory, as they are printed."""
    return tollwatch("alerts", "--data", folder, "--format", "ndjson", "--identifiers", "--all-revisions").out.encode()


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rule that fires often."""
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(RULES)
    return file


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> bytes:
    """What one file in order gives."""
    folder = tmp_path_factory.mktemp("reference")
    usage = write(folder / "usage.ndjson", LINES)
    tollwatch("run", "--usage", usage, "--rules", rules, "--data", folder / "data")
    listed = found(folder / "data")
    assert listed.count(b"\n") > 100
    return listed


def interleaved(folder: Path) -> list[Path]:
    """Four files, a quarter of the lines each, by turns."""
    return [write(folder / f"usage-{n}.ndjson", LINES[n::4]) for n in range(4)]


def disordered(folder: Path) -> list[Path]:
    """Lines up to a second from their place."""
    near = EVENTS // 3600
    rng = random.Random(1)
    order = sorted(range(EVENTS), key=lambda n: n + rng.uniform(-near / 2, near / 2))
    return [write(folder / "usage.ndjson", [LINES[n] for n in order])]


def doubled(folder: Path) -> list[Path]:
    """Every tenth line once more, soon after."""
    twice = [line for n in range(EVENTS) for line in ([LINES[n], LINES[n - 1]] if n % 10 == 1 else [LINES[n]])]
    return [write(folder / "usage.ndjson", twice)]


@pytest.mark.parametrize("make", [interleaved, disordered, doubled])
@pytest.mark.parametrize("partitions", [1, 8])
def test_the_shape_of_the_input_changes_no_byte(
    tmp_path: Path, rules: Path, reference: bytes, make: object, partitions: int
) -> None:
    """Four files, disorder within the bound, events twice, one partition or eight: the findings are the same bytes."""
    assert callable(make)
    files = make(tmp_path)
    tollwatch("run", "--usage", *files, "--rules", rules, "--data", tmp_path / "data", "--partitions", partitions)
    assert found(tmp_path / "data") == reference


def test_daily_files_are_one_run(tmp_path: Path, rules: Path, reference: bytes) -> None:
    """Three runs on one data directory, a file of the same name each, end where one run over all of it ends."""
    for n in range(3):
        folder = tmp_path / str(n)
        folder.mkdir()
        usage = write(folder / "usage.ndjson", LINES[n * EVENTS // 3 : (n + 1) * EVENTS // 3])
        tollwatch("run", "--usage", usage, "--rules", rules, "--data", tmp_path / "data")
    assert found(tmp_path / "data") == reference


def test_a_file_that_was_read_is_not_read_again_and_one_that_grew_goes_on(
    tmp_path: Path, rules: Path, reference: bytes
) -> None:
    """The same file again adds nothing; lines appended to it are taken up."""
    usage = write(tmp_path / "usage.ndjson", LINES[: EVENTS // 2])
    for lines in (LINES[: EVENTS // 2], LINES, LINES):
        write(usage, lines)
        done = tollwatch("run", "--usage", usage, "--rules", rules, "--data", tmp_path / "data", "--json")
    assert '"events":0' in done.out
    assert found(tmp_path / "data") == reference


@pytest.mark.parametrize("snapshots", [1, 2])
def test_killed_in_the_middle_it_ends_with_the_same_findings(
    tmp_path: Path, rules: Path, reference: bytes, snapshots: int
) -> None:
    """Killed with −9 after some snapshots and started again on the same input, nothing is missing or doubled."""
    usage, data = write(tmp_path / "usage.ndjson", LINES), tmp_path / "data"
    words = ["run", "--usage", usage, "--rules", rules, "--data", data]
    env = {"TOLLWATCH_SNAPSHOT_EVENTS": "500"}
    running = subprocess.Popen([sys.executable, "-m", "tollwatch", *map(str, words)], env=os.environ | env)
    while not any(int(file.stem[-12:]) >= snapshots for file in data.glob("state/manifest-*.json")):
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    tollwatch(*words, **env)
    assert found(data) == reference


def test_nothing_read_is_a_failure(tmp_path: Path) -> None:
    """A file of which every record is refused ends with the code for inputs; one good record is enough for 0."""
    good = '{"event_id":"a","event_time":1790000000000,"service":"voice"}\n'
    bad, some = tmp_path / "bad.ndjson", tmp_path / "some.ndjson"
    bad.write_text("{}\n[]\n")
    some.write_text("{}\n" + good)
    command = [sys.executable, "-m", "tollwatch", "run", "--as-of", "2027-01-01", "--usage"]
    done = subprocess.run([*command, bad, "--data", tmp_path / "d"], capture_output=True, check=False)

    assert done.returncode == 3
    assert b"all 2 records are in quarantine" in done.stderr
    assert b"in quarantine" in done.stdout
    tollwatch("run", "--as-of", "2027-01-01", "--usage", some, "--data", tmp_path / "e")
