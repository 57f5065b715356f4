"""Call the command in this process: what it prints, and its exit code. A process of its own takes seconds to begin."""

import contextlib
import io
import logging
import os
from pathlib import Path
from typing import NamedTuple

from cli import call


class Said(NamedTuple):
    """What it printed on standard output and on standard error, and its exit code."""

    out: str
    err: str
    code: int


def called(*words: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> Said:
    """Run a verb as a user does."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    before, root = dict(os.environ), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    os.environ.update(env or {})
    umask = os.umask(0o077)  # as the console script
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.chdir(cwd or Path.cwd()):
            code = call([str(word) for word in words])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        os.umask(umask)
        os.environ.clear()
        os.environ.update(before)
        root.handlers, root.level = handlers, level  # what was logged to is closed
    text = [each.buffer.getvalue().decode() for each in (out, err)]  # type: ignore[attr-defined]
    return Said(text[0], text[1], code)


def printed(*words: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a verb prints that ends well."""
    said = called(*words, cwd=cwd, env=env)
    assert said.code == 0, said.err
    return said.out
