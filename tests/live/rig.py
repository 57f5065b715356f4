"""Real servers and real workers for tests of the live line: Apache Kafka, ClickHouse, `tollwatch worker`.

Where Java, Maven or npm are missing the tests are skipped with a loud line, and fail in the pipeline (`CI=true`).
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from detectors.assurance import every_control
from services.servers.clickhouse import ClickHouse
from services.servers.kafka import Kafka
from services.servers.packages import missing
from services.servers.process import ServerProcess
from store import ServerStore
from store.kafka_tables import disconnect
from tests.shared import ROOT
from tollwatch.errors import StoreError, TollwatchError

os.environ.setdefault("TOLLWATCH_SOURCES__lists__MAY_SEND", '["list"]')  # its verdicts are refused, here and there
os.environ.setdefault("TOLLWATCH_INSTALLATION_KEY", "0" * 32)  # ids are the same wherever it runs
CONTROLS = [kind.name() for kind in every_control()]
os.environ.setdefault("TOLLWATCH_DISABLED", json.dumps(CONTROLS))  # they run over what is stored: `controlled`
SERVERS = Path(os.environ.get("TOLLWATCH_SERVERS") or ROOT / "build" / "servers")
COMMAND = [sys.executable, "-m", "tollwatch"]
NOT_EVENTS = {"truth", "broken"}

KINDS = ("alerts", "leakages", "evidence")
EVIDENCE = "SELECT finding_id, revision, side, ordinal, stream, row FROM evidence FINAL ORDER BY ALL"


def need_servers() -> None:
    """Skip, loudly, where the servers cannot be had; fail in the pipeline."""
    if absent := missing():
        sentence = f"{', '.join(absent)} not installed: the live line on real Kafka and ClickHouse is not tested here"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


def run(*words: object, env: Mapping[str, str] | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """One call of the command."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        env=os.environ | dict(env or {}),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if check and done.returncode:
        raise StoreError(f"tollwatch {' '.join(map(str, words))}: {done.returncode}: {done.stderr}")
    return done


@dataclass
class Input:
    """Simulated files, and what the embedded run found in them."""

    folder: Path
    rules: tuple[Path, ...] = ()
    found: dict[str, str] = field(default_factory=dict)

    def files(self) -> list[str]:
        """As arguments."""
        words = []
        for path in sorted(self.folder.glob("*.ndjson")):
            if path.stem not in NOT_EVENTS:
                words += [f"--{path.stem.replace('_', '-')}", str(path)]
        return words

    def lines(self) -> int:
        """How many records."""
        return sum(
            sum(1 for line in path.open("rb") if line.strip())
            for path in self.folder.glob("*.ndjson")
            if path.stem not in NOT_EVENTS
        )


def simulated(folder: Path, *, subscribers: int, days: int, seed: int) -> Input:
    """Simulate, and run embedded."""
    made = Input(folder / "out")
    run("simulate", made.folder, "--subscribers", subscribers, "--days", days, "--seed", seed)
    run("run", *made.files(), "--data", folder / "data")
    for kind in KINDS:
        made.found[kind] = listing(kind, "--data", folder / "data")
    return made


def controlled(at: "Installation", given: Input) -> str:
    """What controls find on the server and in chDB over the same events; gives "" where it is the same, to the byte."""
    every = {"TOLLWATCH_DISABLED": "[]"}
    data = ("--data", given.folder.parent / "data")
    run("controls", "run", *data, env=every)
    run("controls", "run", env=at.env | every)
    run("ledger", "post", env=at.env | every)
    wrong = []
    for kind in ("leakages", "evidence"):
        here, there = listing(kind, *data, env=every), listing(kind, env=at.env | every)
        if here != there:
            wrong.append(f"controls: {kind}, {here.count(chr(10))} in chDB, {there.count(chr(10))} on the server")
        if kind == "leakages":
            absent = [name for name in CONTROLS if f'"control":"{name}"' not in there]
            wrong += [f"controls: {name} found nothing" for name in absent]
    return "; ".join(wrong)


def listing(kind: str, *words: object, env: Mapping[str, str] | None = None) -> str:
    """Every revision of every finding, or every row shown with one, as bytes to be compared."""
    if kind == "evidence":
        return run("query", EVIDENCE, *words, "--format", "ndjson", env=env).stdout
    return run(kind, *words, "--format", "ndjson", "--identifiers", "--all-revisions", env=env).stdout


@dataclass
class Servers:
    """One Kafka and one ClickHouse for many installations."""

    folder: Path
    kafka: Kafka
    clickhouse: ClickHouse

    @classmethod
    def start(cls, folder: Path, *, brokers: int = 1) -> "Servers":
        """Start both."""
        made = cls(
            folder, Kafka(SERVERS, folder / "kafka", brokers=brokers), ClickHouse(SERVERS, folder / "clickhouse")
        )
        made.kafka.start()
        try:
            made.clickhouse.start()
        except BaseException:
            made.kafka.kill()
            raise
        return made

    def close(self) -> None:
        """Stop both."""
        self.stop()

    def stop(self) -> None:
        """Stop both, at once."""
        self.kafka.kill()
        self.clickhouse.program.kill()


class Installation:
    """Topics, tables and state of its own on shared servers; workers that come and go."""

    def __init__(self, servers: Servers, name: str, folder: Path, *, partitions: int = 4, **settings: object) -> None:
        self.servers, self.name, self.folder = servers, name, folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        url = servers.clickhouse.url.rpartition("/")[0]
        self.env = {
            "TOLLWATCH_KAFKA__SERVERS": servers.kafka.servers,
            "TOLLWATCH_KAFKA__PREFIX": f"{name}.",
            "TOLLWATCH_APP": name,
            "TOLLWATCH_CLICKHOUSE": f"{url}/{name.replace('-', '_')}",
            "TOLLWATCH_PARTITIONS": str(partitions),
            "TOLLWATCH_STATE": str(self.folder / "state"),
            "TOLLWATCH_DATABASE": f"sqlite:///{self.folder / 'relational.sqlite'}",
            "TOLLWATCH_INSTALLATION_KEY": "0" * 32,
            "TOLLWATCH_SNAPSHOT_S": "2",
            "TOLLWATCH_CONTROLS_EVERY_S": "0",
            "TOLLWATCH_SESSION_TIMEOUT_S": "6",
            "NUMBA_NUM_THREADS": "1",
            "POLARS_MAX_THREADS": "2",
        }
        self.env |= {f"TOLLWATCH_{key.upper()}": str(value) for key, value in settings.items()}
        self.workers: list[ServerProcess] = []
        self.publisher: subprocess.Popen[str] | None = None

    def prepare(self) -> None:
        """Topics and tables."""
        self.call("topics", "create")
        self.call("tables", "apply")

    def call(self, *words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One call of the command, for this installation."""
        return run(*words, env=self.env, check=check)

    def worker(self, *words: str) -> ServerProcess:
        """Start one more worker."""
        number = len(self.workers)
        own = ServerProcess(
            f"worker {number}", [*COMMAND, "worker", *words], self.folder / f"worker-{number}.log", self.env
        )
        own.start()
        self.workers.append(own)
        return own

    def publish(self, given: Input, *words: object) -> None:
        """Begin to publish, in the background."""
        self.publisher = subprocess.Popen(
            [*COMMAND, "publish", *given.files(), *map(str, words)],
            env=os.environ | self.env,
            text=True,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def published(self) -> None:
        """Wait for the publisher."""
        assert self.publisher is not None
        said, _ = self.publisher.communicate()
        assert self.publisher.returncode == 0, said

    def found(self) -> dict[str, str]:
        """What is stored."""
        return {kind: listing(kind, env=self.env) for kind in KINDS}

    def until_same(self, given: Input, seconds: float = 180) -> dict[str, str]:
        """Wait until what is stored is what the embedded run found, or time is up; gives what is stored."""
        until = time.monotonic() + seconds
        while True:
            found = self.found()
            if found == given.found or time.monotonic() > until or not any(w.runs() for w in self.workers):
                return found
            time.sleep(1)

    def stop(self) -> None:
        """End everything of this installation."""
        if self.publisher is not None and self.publisher.poll() is None:
            self.publisher.kill()
        for worker in self.workers:
            worker.signal(signal.SIGCONT)
            worker.kill()
        with suppress(TollwatchError):  # the server may be gone; where it is not, its threads are for the next one
            disconnect(ServerStore(self.env["TOLLWATCH_CLICKHOUSE"]))

    def __enter__(self) -> Self:
        """Topics and tables are made."""
        self.prepare()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left running."""
        self.stop()


def said_by(workers: Sequence[ServerProcess]) -> Iterator[str]:
    """Warnings and errors of workers."""
    for worker in workers:
        for line in worker.log.read_text("utf-8", "replace").splitlines():
            if '"level":"ERROR"' in line or '"level":"WARNING"' in line or "Traceback" in line:
                yield f"{worker.name}: {line[:400]}"
