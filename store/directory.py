"""The data directory: one process holds it, and a newer Tollwatch's is refused."""

import fcntl
import os
import sys
from pathlib import Path
from typing import IO

from tollwatch.errors import InputError, StoreBusyError, VersionError
from tollwatch.private_files import private_folder

VERSION = 1


def lock(directory: Path) -> IO[str]:
    """Take the directory for this process; the lock dies with the process. Raises StoreBusyError naming the other."""
    try:
        private_folder(directory)
    except FileExistsError:
        raise InputError(f"{directory}: is a file; name a directory with --data") from None
    file = (directory / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise StoreBusyError(f"{directory} is in use by {holder}; wait until it ends, or use another --data") from None
    file.truncate(0)
    file.write(f"process {os.getpid()} ({' '.join(Path(word).name for word in sys.argv[:2])})")
    file.flush()
    return file


def check_version(directory: Path) -> None:
    """Write the version of a new directory; refuse that of a newer Tollwatch."""
    path = directory / "version"
    if not path.exists():
        new = directory / "version.new"
        new.write_text(f"{VERSION}\n", "utf-8")
        new.replace(path)
        return
    text = path.read_text("utf-8").strip()
    if not text.isdigit():
        raise VersionError(f"{path}: holds no version number; this is no data directory, use another --data")
    if int(text) > VERSION:
        raise VersionError(
            f"{directory}: was written by a newer Tollwatch (version {text}, this one knows {VERSION}); "
            "upgrade Tollwatch, or use another --data"
        )


def check_there(directory: Path) -> None:
    """Raise InputError where there is no data directory: who reads does not make one."""
    if not (directory / "version").exists():
        raise InputError(
            f"{directory}: there is no data directory; name it with --data, or make it with `tollwatch run`"
        )
