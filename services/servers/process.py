"""A program that runs beside us, with its output in a file, ended together with us."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tollwatch.errors import StoreError

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody answers on a port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class ServerProcess:
    """One program: started, waited for, stopped, killed, paused."""

    def __init__(self, name: str, words: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name, self.words, self.log, self.env = name, list(words), log, dict(env or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it prints goes to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(  # noqa: S603  (programs of ours)
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | self.env,
                preexec_fn=_die_with_parent,  # noqa: PLW1509
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until it is ready. Raises StoreError with the end of its log where it is not."""
        until = time.monotonic() + seconds
        while not ready():
            if not self.runs() or time.monotonic() > until:
                self.kill()
                raise StoreError(f"{self.name} did not start: {self.said()}; its log is {self.log}")
            time.sleep(0.1)

    def said(self, lines: int = 3) -> str:
        """The end of its log."""
        return " | ".join(self.log.read_text("utf-8", "replace").strip().splitlines()[-lines:])

    def runs(self) -> bool:
        """Whether it is there."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to it and all it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def stop(self, seconds: float = 30) -> int | None:
        """Ask it to end, and make it end if it does not; gives its exit code."""
        if self.process is None:
            return None
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int | None:
        """End it at once."""
        self.signal(signal.SIGKILL)
        return self.process.wait() if self.process is not None else None
