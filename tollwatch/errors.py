"""Every error a user can meet, each a sentence that says where and what to do next."""

from difflib import get_close_matches
from typing import Self


class TollwatchError(Exception):
    """Something the user can put right. The command prints it as one line and exits with `exit_code`."""

    exit_code = 1

    @classmethod
    def unknown_word(cls, word: str, known: list[str], *, where: str, what: str) -> Self:
        """Point at a word nobody knows and suggest the nearest that somebody does."""
        near = get_close_matches(word, known, n=1, cutoff=0.6)
        hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known)[:12])}."
        return cls(f"{where}: unknown {what} `{word}`; {hint}")


class InputError(TollwatchError):
    """A file, stream or record cannot be used as it is."""

    exit_code = 3


class RuleError(TollwatchError):
    """A detector, rule or expression says something that cannot be run."""

    exit_code = 4


class ConfigurationError(TollwatchError):
    """The configuration or the command line asks for what does not exist."""

    exit_code = 4


class StoreError(TollwatchError):
    """The database cannot take or give what was asked."""

    exit_code = 5


class StoreBusyError(StoreError):
    """Another process holds the data directory."""

    exit_code = 2


class StoreAwayError(StoreError):
    """A server does not answer; what was asked can be asked again."""


class VersionError(StoreError):
    """The data directory was written by a newer Tollwatch."""

    exit_code = 5
