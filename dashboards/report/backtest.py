"""A back-test as one page that needs nothing else: both sides, day by day, and whom only one of them found."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from services.lab.backtest import BackTest, Estimate, Tally
from services.wording import money
from tollwatch.safe_text import printable
from tollwatch.times import readable

HERE = Path(__file__).parent
MOST = 200
HIGH, LEFT, WIDTH = 180, 46, 760


def backtest_page(found: BackTest) -> str:
    """The page, whole."""
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"share": share, "money": money, "moment": readable, "plain": lambda text: printable(str(text))}
    return made.get_template("backtest.html").render(
        found=found,
        sides=found.sides,
        rows=list(_rows(found.sides)),
        only=[each[:MOST] for each in found.only],
        most=MOST,
        days=_days(found.sides),
        intervals=_intervals(found.sides),
        style=Markup((HERE / "report.css").read_text("utf-8")),  # noqa: S704  (our own)
    )


def share(each: Estimate) -> str:
    """A share with its interval.

    >>> share(Estimate(0.5, 0.41, 0.6)), share(Estimate(None, None, None))
    ('50.0 % (41.0 to 60.0)', 'nobody judged any')
    """
    if each.value is None or each.low is None or each.high is None:
        return "nobody judged any"
    return f"{each.value * 100:.1f} % ({each.low * 100:.1f} to {each.high * 100:.1f})"


def _rows(sides: tuple[Tally, Tally]) -> list[tuple[str, list[str]]]:
    def of(tell: Any) -> list[str]:
        return [str(tell(each)) for each in sides]

    return [
        ("alerts", of(lambda e: f"{e.alerts:,}")),
        ("alerts a day", of(lambda e: f"{e.alerts_a_day:,.1f}")),
        ("subjects", of(lambda e: f"{e.subjects:,}")),
        ("judged", of(lambda e: f"{e.judged:,}: {e.frauds:,} fraud, {e.false_alarms:,} false alarms")),
        ("precision, of those judged", of(lambda e: share(e.precision))),
        ("recall, of frauds known", of(lambda e: share(e.recall))),
        ("money in frauds found", of(lambda e: _money(e.amount_micros))),
        ("from the fraud to the alert", of(lambda e: "–" if e.delay_min is None else f"{e.delay_min:,.1f} min")),
        ("hours of analysts", of(lambda e: f"{e.analyst_hours:,.1f}")),
    ]


def _money(amounts: dict[str, int]) -> str:
    return ", ".join(money(value, currency or None) for currency, value in amounts.items()) or "none told"


def _days(sides: tuple[Tally, Tally]) -> Markup:
    """Alerts by day, a line for each side."""
    days = sorted({day for side in sides for day, _ in side.by_day})
    if not days:
        return Markup("<p>no alerts</p>")
    most = max(number for side in sides for _, number in side.by_day)
    step = WIDTH / max(len(days) - 1, 1)
    lines = []
    for n, side in enumerate(sides):
        own = dict(side.by_day)
        points = " ".join(
            f"{LEFT + at * step:.1f},{HIGH - own.get(day, 0) * (HIGH - 20) / most:.1f}" for at, day in enumerate(days)
        )
        dots = "".join(
            f'<circle class="k{n}" cx="{LEFT + at * step:.1f}" cy="{HIGH - own.get(day, 0) * (HIGH - 20) / most:.1f}" '
            f'r="3"><title>{escape(side.name)}, {readable(day)[:10]}: {own.get(day, 0):,}</title></circle>'
            for at, day in enumerate(days)
        )
        lines.append(f'<polyline class="l{n}" points="{points}"/>{dots}')
    labels = (
        f'<text x="{LEFT}" y="{HIGH + 18}">{readable(days[0])[:10]}</text>'
        f'<text x="{LEFT + WIDTH}" y="{HIGH + 18}" class="name">{readable(days[-1])[:10]}</text>'
        f'<text x="{LEFT - 6}" y="24" class="name">{most:,}</text><text x="{LEFT - 6}" y="{HIGH}" class="name">0</text>'
    )
    return _figure(f"{''.join(lines)}{labels}", HIGH + 26, "alerts by day", sides)


def _intervals(sides: tuple[Tally, Tally]) -> Markup:
    """Precision and recall of each side with their intervals, on one scale from 0 to 100 %."""
    made, at = [], 16
    for what in ("precision", "recall"):
        for n, side in enumerate(sides):
            each: Estimate = getattr(side, what)
            if each.value is not None and each.low is not None and each.high is not None:
                x = [190 + value * (WIDTH - 190) for value in (each.low, each.value, each.high)]
                made.append(
                    f'<line class="l{n}" x1="{x[0]:.1f}" x2="{x[2]:.1f}" y1="{at}" y2="{at}"/>'
                    f'<circle class="k{n}" cx="{x[1]:.1f}" cy="{at}" r="5"><title>{share(each)}</title></circle>'
                )
            made.append(f'<text class="name" x="180" y="{at + 4}">{what}, {"AB"[n]}</text>')
            at += 22
    scale = "".join(f'<text x="{190 + n * (WIDTH - 190) / 4:.1f}" y="{at + 4}">{n * 25} %</text>' for n in range(5))
    return _figure("".join(made) + scale, at + 12, "precision and recall with 95 % intervals", sides)


def _figure(inside: str, high: int, what: str, sides: tuple[Tally, Tally]) -> Markup:
    legend = "".join(f'<li class="k{n}">{"AB"[n]}: {escape(side.name)}</li>' for n, side in enumerate(sides))
    return Markup(  # noqa: S704  (labels are escaped, the rest are our own numbers)
        f'<figure><svg viewBox="0 0 {LEFT + WIDTH + 60} {high}" role="img" aria-label="{what}">{inside}</svg>'
        f'<ul class="legend">{legend}</ul></figure>'
    )
