"""Rebuild an alert from the raw events that are stored, and say whether it comes out the same."""

import sys
from pathlib import Path

from rich.console import Console

from services.reproduce import reproduce as rebuild
from services.stores import DATA
from tollwatch.config import load_settings


def reproduce(*alert_ids: str, show: bool = False, data: Path | None = None, config: Path | None = None) -> int:
    """Run the events of an alert's time through the line again, and compare every revision byte for byte.

    Exits with 1 where one differs, or rests on events that are not kept any more.

    Try: tollwatch reproduce 26d2b0fcbca83553 --data data

    Parameters
    ----------
    alert_ids
        One or several.
    show
        Print the revisions as they were rebuilt, as NDJSON.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        The settings with which the line ran.
    """
    settings = load_settings(config)
    where = data if data is not None or settings.clickhouse else DATA
    said, good = Console(stderr=True), True
    for each in rebuild(alert_ids, where, settings):
        said.print(f"{each.alert_id} {each.detector}: {each.word}; {each.sentence}")
        good &= each.word == "identical"
        if show:
            sys.stdout.buffer.write(b"".join(line + b"\n" for line in each.rebuilt))
    return 0 if good else 1
