"""Files that hold people's data: only their owner reads them, and no link leads elsewhere."""

import os
import stat
from pathlib import Path
from typing import IO

from tollwatch.errors import StoreError

OWNER_ONLY, OWNER_ONLY_FOLDER = 0o600, 0o700


def private(path: Path, mode: str = "wb") -> IO[bytes]:
    """Open a file for its owner only, anew (`wb`) or behind what is there (`ab`). Raises StoreError at a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_TRUNC if mode == "wb" else os.O_APPEND)
    try:
        descriptor = os.open(path, flags, OWNER_ONLY)
    except OSError as error:
        if path.is_symlink():
            raise StoreError(f"{path}: is a link, and nothing is written through it; remove it") from error
        raise
    os.fchmod(descriptor, OWNER_ONLY)
    return os.fdopen(descriptor, mode)


def private_folder(path: Path) -> Path:
    """Make a folder for its owner only; one that is there and is ours becomes so. Raises StoreError at a link."""
    path.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY_FOLDER)
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise StoreError(f"{path}: is a link, and nothing is kept behind it; name the folder itself")
    if found.st_uid == os.getuid() and found.st_mode & 0o077:
        path.chmod(OWNER_ONLY_FOLDER)
    return path
