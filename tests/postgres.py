"""A real PostgreSQL for tests: Debian's package, started on a free port of the loopback in a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
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
    """PostgreSQL refuses to run as root: then it runs as the package's own user."""
    words = [str(word) for word in line]
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words] if os.geteuid() == 0 else words


def _run(*line: str | Path) -> None:
    done = subprocess.run(_as_user(list(line)), capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that is stopped at the end."""
    bin_, folder = binaries(), tmp_path_factory.mktemp("postgres")
    if os.geteuid() == 0:
        owner = pwd.getpwnam(USER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        for parent in (folder, *folder.parents):
            if parent.owner() == "root" and parent != Path("/") and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    port, data = _free_port(), folder / "data"
    _run(bin_ / "initdb", "-D", data, "-U", "tollwatch", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
    _run(bin_ / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "-t", "60", "start")
    yield f"postgresql://tollwatch@127.0.0.1:{port}/postgres"
    _run(bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop")
