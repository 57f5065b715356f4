"""The installation's key: under it everything is hashed, and changes of rules and lists are signed."""

import hashlib
import logging
import os
import re
import secrets
from pathlib import Path

import msgspec

from services.stores import DATA
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

log = logging.getLogger("tollwatch.keys")
KEY_FILE = "installation.key"
FINGERPRINT_FILE = "installation.fingerprint"
HEX = re.compile(r"[0-9a-f]{32}")


def with_key(settings: Settings, folder: Path | None, *, make: bool = False) -> Settings:
    """The settings with the installation's key: as they say it, of their `key_file`, else of a folder.

    `make` makes one in the folder where there is none and nothing was stored yet. Raises ConfigurationError where there
    is no key: what was stored under it could not be recognised.
    """
    if settings.installation_key or settings.key_file is not None:
        own = settings.installation_key or read_key(Path(settings.key_file or ""))
        if folder is not None:
            _same_as_before(own, folder, make=make)
        return _with(settings, own, folder)
    if folder is None:
        raise ConfigurationError(
            "the installation's key is not known; name the file that holds it in `key_file`, the same on every machine"
        )
    path = folder / KEY_FILE
    if not path.exists():
        if not make:
            raise ConfigurationError(f"{path}: there is no key; restore it from your backup, or name it in `key_file`")
        if (folder / "state").exists() or any(folder.glob("*/*/manifest-*.json")):
            raise ConfigurationError(
                f"{path}: the key is missing, without which nothing that was stored is recognised; restore it from "
                "your backup, or begin with another --data or `state` (one of an earlier version has no key)"
            )
        make_key(path)
    own = read_key(path)
    _same_as_before(own, folder, make=make)
    return _with(settings, own, folder)


def _same_as_before(key: str, folder: Path, *, make: bool) -> None:
    """Hold a key against the one that a folder was begun with, of which it keeps a fingerprint."""
    path, own = folder / FINGERPRINT_FILE, fingerprint(key)
    if path.exists():
        if path.read_text("utf-8").strip() != own:
            raise ConfigurationError(
                f"{folder}: was begun under another key, under which nothing is recognised; give the key that it was "
                "begun with, or use another --data or `state`"
            )
    elif make:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(own + "\n", "utf-8")


def fingerprint(key: str) -> str:
    """By what a key is known again, and from which it cannot be found out."""
    return hashlib.blake2b(b"fingerprint", key=bytes.fromhex(key), digest_size=8).hexdigest()


def key_for_changes(settings: Settings, data: Path) -> bytes:
    """The key under which changes are signed: of the data directory, or of the workers that the settings speak of."""
    live = settings.clickhouse is not None and not (data / KEY_FILE).exists()
    return bytes.fromhex(with_key(settings, folder_of(None, settings) if live else data, make=True).installation_key)


def folder_of(data: Path | None, settings: Settings) -> Path | None:
    """The folder in which the key lies that was made for a data directory, or for workers with a folder for `state`."""
    if data is not None or settings.clickhouse is None:
        return data or DATA
    return Path(settings.state) if settings.state is not None and "://" not in settings.state else None


def _with(settings: Settings, key: str, folder: Path | None) -> Settings:
    models = settings.models or (str(folder / "models") if folder is not None else None)
    return msgspec.structs.replace(settings, installation_key=key, models=models)


def make_key(path: Path) -> None:
    """Write a new key that only its owner can read; where there is one already, nothing happens."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(secrets.token_hex(16) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(whole, path)
    except FileExistsError:
        log.info("%s: another process has made the key", path)
    finally:
        whole.unlink()


def read_key(path: Path) -> str:
    """The 32 hex digits in a file. Raises ConfigurationError naming what is wrong with it."""
    try:
        text = path.read_text("ascii").strip().lower()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: the key cannot be read ({error.strerror}); name another `key_file`"
        ) from error
    except UnicodeDecodeError:
        text = ""
    if not HEX.fullmatch(text):
        raise ConfigurationError(f"{path}: holds no key; a key is 32 hex digits, as `openssl rand -hex 16` writes them")
    if path.stat().st_mode & 0o077:
        log.warning("%s: others than its owner can read the key; chmod 600 %s", path, path)
    return text
