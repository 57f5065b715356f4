"""Look whether everything that the workers need can be reached, and say what to do."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from services.doctor import look_at_everything
from tollwatch.config import load_settings

WRONG = 5


def doctor(
    *,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    config: Path | None = None,
    json: bool = False,
) -> int:
    """Reach Kafka, ClickHouse and the relational database, and say what is missing; exit code 5 where something is.

    Try: tollwatch doctor

    Parameters
    ----------
    rules
        The rules files that the workers run.
    config
        A settings file.
    json
        Print what was found as JSON.
    """
    found = look_at_everything(load_settings(config), rules)
    if json:
        sys.stdout.write(msgspec.json.encode([asdict(each) for each in found]).decode() + "\n")
    else:
        table = Table("what", "", "said")
        for each in found:
            table.add_row(each.what, "good" if each.good else "WRONG", "\n".join(each.said))
        Console().print(table)
    return 0 if all(each.good for each in found) else WRONG
