"""Processes beside a worker end with it, whatever they are doing."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.shared import ROOT

WORKER = """
import multiprocessing, sys, time
from tests.services.lab.test_apart import busy

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=busy, daemon=True)
    process.start()
    print(process.pid, flush=True)
    time.sleep(600)
"""


def busy() -> None:
    """Work for ever."""
    from services.lab.apart import stand_back  # noqa: PLC0415  (what is tested, in the process that it is for)

    stand_back()
    while True:
        pass


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    return False


def test_it_ends_with_a_worker_that_is_killed() -> None:
    """With -9, which the worker cannot tell anybody of."""
    worker = subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert worker.stdout is not None
    pid = int(worker.stdout.readline())
    try:
        time.sleep(3)
        assert runs(pid)
        worker.kill()
        worker.wait()
        until = time.monotonic() + 10
        while runs(pid) and time.monotonic() < until:
            time.sleep(0.1)
        assert not runs(pid)
    finally:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
