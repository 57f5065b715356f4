"""Run two rule sets, thresholds or models over the same past, and say which one did better."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from dashboards.report.backtest import backtest_page, share
from services.lab.backtest import Outcome
from services.lab.backtest import backtest as both
from services.replay import Period
from tollwatch.config import load_settings
from tollwatch.private_files import private
from tollwatch.times import parse_moment


def backtest(
    a: str,
    b: str,
    *,
    on: Path | None = None,
    to: Path = Path("backtest"),
    since: str | None = None,
    until: str | None = None,
    warm: float = 0,
    config: Path | None = None,
) -> None:
    """Alerts a day, precision and recall by verdicts with intervals, money, delay, hours; whom only one of them found.

    A side is a rules file (`my.yaml`), a detector (`wangiri`), thresholds of one (`wangiri.warn_at=30`, several with
    commas), or a trained model (its hash). Nothing of it is stored.

    Try: tollwatch backtest wangiri wangiri.warn_at=30 --on data --to tried

    Parameters
    ----------
    a
        One side.
    b
        The other one.
    on
        The data directory; default: the server of the settings.
    to
        The folder for `report.html`, `alerts.parquet` and `numbers.json`.
    since
        Alerts from this event time on (ISO 8601).
    until
        Events before this event time.
    warm
        Days before `since` that are read to fill windows.
    config
        A settings file.
    """
    period = Period(parse_moment(since) if since else None, parse_moment(until) if until else None, warm)
    _write(both((a, b), on, load_settings(config), period=period), to)


def _write(made: Outcome, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    with private(to / "report.html") as file:
        file.write(backtest_page(made.found).encode())
    with private(to / "alerts.parquet") as file:
        made.alerts.write_parquet(file)
    with private(to / "numbers.json") as file:
        file.write(msgspec.json.format(msgspec.json.encode(made.found)))
    table = Table("", *(each.name for each in made.found.sides))
    for name, tell in (("alerts", "alerts"), ("alerts a day", "alerts_a_day"), ("hours of analysts", "analyst_hours")):
        table.add_row(name, *(f"{getattr(each, tell):,}" for each in made.found.sides))
    for name in ("precision", "recall"):
        table.add_row(name, *(share(getattr(each, name)) for each in made.found.sides))
    table.add_row("subjects of only one", *(f"{len(each):,}" for each in made.found.only))
    said = Console()
    said.print(table)
    for warning in made.found.warnings:
        said.print(warning)
    said.print(f"{to / 'report.html'}: open it in a browser")
