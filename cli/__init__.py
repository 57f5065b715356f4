"""The command `tollwatch`: one file per verb, found by walking this folder.

To add a verb, add a file `NAME.py`: no list to edit. The first line of its docstring is its line in `--help`. It
defines either a function of the same name, or `app`, a `cyclopts.App` with sub-verbs (`tollwatch quarantine list`):

    \"\"\"Print alerts in the order of their ids.\"\"\"

    def alerts(*, data: Path = Path("tollwatch-data")) -> int | None:
        \"\"\"What `tollwatch alerts --help` shows, with an example.

        Try: tollwatch alerts --detector wangiri

        Parameters
        ----------
        data
            The data directory.
        \"\"\"

(`Try:`, because Cyclopts drops a section named `Example:`.) A verb returns nothing, or its exit code. It raises a
`TollwatchError` for what the user can put right: `main` prints that as one line on standard error. A file that begins
with an underscore is no verb. A file is imported only when its verb is called, so it may import what it likes;
`--help` stays quick.
"""

import ast
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cyclopts import App, CycloptsError, Parameter

import tollwatch
from tollwatch.errors import TollwatchError
from tollwatch.safe_text import printable, without_secrets

USAGE = 2
"""Exit code of a command line that cannot be understood."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

HELP = """Find fraud while it happens, and revenue that leaks, in an operator's streams.

Try:

    tollwatch simulate out --subscribers 1000 --days 2 --seed 1
    tollwatch run --usage out/usage.ndjson --data data
    tollwatch alerts --data data --detector wangiri --format ndjson
    tollwatch schema usage

Exit codes: 0 done; 1 failed; 2 the command line is wrong, or another process
holds the data directory; 3 an input cannot be used; 4 a rule or the
configuration is wrong; 5 the database cannot do it; 130 interrupted.
"""


class Verb(NamedTuple):
    """A file of this folder: the name to type, where its code is, its line in the help."""

    name: str
    target: str
    summary: str


def find_verbs(folder: Path | None = None) -> list[Verb]:
    """Every verb, read from its file without importing it."""
    files = sorted((folder or Path(__file__).parent).glob("*.py"))
    return [_verb(file) for file in files if not file.stem.startswith("_")]


def _verb(file: Path) -> Verb:
    tree = ast.parse(file.read_text("utf-8"))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    is_group = any(isinstance(target, ast.Name) and target.id == "app" for target in targets)
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    return Verb(file.stem.replace("_", "-"), f"{__name__}.{file.stem}:{'app' if is_group else file.stem}", summary)


def make_app(called: str | None = None) -> App:
    """The command with all its verbs, none imported yet; the one that is called tells its own help."""
    app = App(
        name="tollwatch",
        help=HELP,
        help_format="plaintext",
        version=tollwatch.__version__,
        default_parameter=Parameter(negative=()),
        suppress_keyboard_interrupt=False,
    )
    for verb in find_verbs():
        own_help = {} if verb.name == called else {"help": verb.summary}
        app.command(verb.target, name=verb.name, **own_help)
    return app


def complain(sentence: object) -> None:
    """Say on standard error, in one line, what went wrong."""
    print("tollwatch:", printable(without_secrets(" ".join(str(sentence).split()))), file=sys.stderr)


def call(tokens: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; every error that a user can meet becomes one line."""
    words = list(sys.argv[1:] if tokens is None else tokens)
    try:
        app = make_app(words[0] if words else None)
        result = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except TollwatchError as error:
        complain(error)
        return error.exit_code
    except CycloptsError as error:
        complain(f"{error} See `tollwatch --help`.")
        return USAGE
    except KeyboardInterrupt:
        complain("interrupted.")
        return INTERRUPTED
    except OSError as error:
        return _system_error(error)
    return result if isinstance(result, int) else 0


def _system_error(error: OSError) -> int:
    """A pipe that was closed is no error (`tollwatch alerts | head`); a full disk and the like are said plainly."""
    if error.errno == errno.EPIPE:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    where = f"{error.filename}: " if error.filename else ""
    advice = " Free some space and start again." if error.errno == errno.ENOSPC else ""
    complain(f"{where}{error.strerror or error}.{advice}")
    return 1


def main() -> None:
    """Entry point of the console script. What it writes is its owner's only, whoever's library writes it."""
    os.umask(0o077)
    sys.exit(call())
