"""A real PostgreSQL for tests: Debian's package, started on a free port of the loopback in a folder of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

USER = "postgres"


def binaries() -> Path:
    """Where `initdb` and `postgres` are.

    Without them the test is skipped with a loud line, and fails in the pipeline (`CI=true`).
    """
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = [path for path in debian if (path / "initdb").exists()]
    if found:
        return found[0]
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    sentence = "NO POSTGRESQL HERE: what runs on it is not tested; install Debian's package `postgresql`"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_user(line: list[str | Path]) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as the package's own user. It ends when who started it does."""
    words = [str(word) for word in line]
    other = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *other, "--pdeathsig=INT", *words] if shutil.which("setpriv") else words


def _run(*line: str | Path) -> None:
    done = subprocess.run(_as_user(list(line)), capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a server that is stopped at the end.

    Its folder is not one of pytest's: those are closed to the package's user whenever another session starts.
    """
    bin_ = binaries()
    with tempfile.TemporaryDirectory(prefix="tollwatch-pg-") as folder:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        port, data = _free_port(), Path(folder) / "data"
        _run(bin_ / "initdb", "-D", data, "-U", "tollwatch", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(_as_user([bin_ / "postgres", "-D", data, *options]), stderr=log, cwd="/")
        try:
            _await(lambda: _answers(bin_, port), Path(folder) / "log")
            yield f"postgresql://tollwatch@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(30)


def _answers(bin_: Path, port: int) -> bool:
    asked = [bin_ / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(asked, check=False).returncode == 0


def _await(is_there: Callable[[], bool], log: Path, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < until, log.read_text("utf-8", "replace")
        time.sleep(0.1)
