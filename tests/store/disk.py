"""A disk that is soon full: a small tmpfs for root, else a limit on the size of files."""

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Prepare = Callable[[], None]


@contextmanager
def small_disk(folder: Path, kilobytes: int, largest_file_kb: int) -> Iterator[Prepare]:
    """Make `folder` a small disk; gives what a child process must do first (`preexec_fn`)."""
    folder.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    mounted = subprocess.run(line, capture_output=True, check=False).returncode == 0

    def prepare() -> None:
        if not mounted:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_kb << 10, largest_file_kb << 10))

    try:
        yield prepare
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
