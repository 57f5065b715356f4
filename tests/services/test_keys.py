"""The installation's key: made once, for its owner only, never lost or exchanged without a sentence."""

from pathlib import Path

import pytest

from services.keys import FINGERPRINT_FILE, KEY_FILE, folder_of, read_key, with_key
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

ZEROS = "0" * 32


def test_a_first_run_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    """The next run has the same one, and another directory another."""
    first = with_key(Settings(), tmp_path / "a", make=True)
    assert (tmp_path / "a" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert with_key(Settings(), tmp_path / "a") == with_key(Settings(), tmp_path / "a", make=True) == first
    assert with_key(Settings(), tmp_path / "b", make=True) != first
    assert first.installation_key not in repr(first)
    assert first.installation_key not in (tmp_path / "a" / FINGERPRINT_FILE).read_text("utf-8")


def test_a_lost_key_is_said(tmp_path: Path) -> None:
    """With another one nothing stored would be recognised: duplicates would count twice."""
    with_key(Settings(), tmp_path, make=True)
    (tmp_path / KEY_FILE).unlink()
    (tmp_path / "state").mkdir()
    with pytest.raises(ConfigurationError, match="restore it from your backup"):
        with_key(Settings(), tmp_path, make=True)
    with pytest.raises(ConfigurationError, match="there is no key"):
        with_key(Settings(), tmp_path)


def test_another_key_is_refused(tmp_path: Path) -> None:
    """Whether it comes from the settings or from an exchanged file."""
    with_key(Settings(installation_key=ZEROS), tmp_path, make=True)
    assert with_key(Settings(installation_key=ZEROS), tmp_path).installation_key == ZEROS
    with pytest.raises(ConfigurationError, match="was begun under another key"):
        with_key(Settings(installation_key="1" * 32), tmp_path)
    other = tmp_path / "other"
    other.write_text("2" * 32 + "\n", "ascii")
    with pytest.raises(ConfigurationError, match="was begun under another key"):
        with_key(Settings(key_file=str(other)), tmp_path)


@pytest.mark.parametrize("text", ["", "abc", "0" * 31, "g" * 32, "é" * 32])
def test_what_is_no_key_is_a_sentence(tmp_path: Path, text: str) -> None:
    """And so is a file that is not there, and no place at all."""
    path = tmp_path / "key"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match="32 hex digits"):
        read_key(path)
    with pytest.raises(ConfigurationError, match="name another `key_file`"):
        read_key(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="name the file that holds it"):
        with_key(Settings(), None)


def test_workers_have_it_in_their_state_where_that_is_a_folder() -> None:
    """An object store has no file that is made once: there the key is named."""
    server = Settings(clickhouse="clickhouse://c", state="/var/state")
    assert folder_of(None, server) == Path("/var/state")
    assert folder_of(None, Settings(clickhouse="clickhouse://c", state="s3://b/x")) is None
    assert folder_of(Path("d"), server) == Path("d")
