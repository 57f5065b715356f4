"""The report as one page that needs nothing else: figures, charts, and every finding down to its proof rows."""

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from services.leakage_report import MONEY, Report
from services.wording import money
from tollwatch.safe_text import printable

HERE = Path(__file__).parent
STATES = ("detected", "confirmed", "recovering", "prevented", "recovered", "written_off")
SHOWN = (
    *("finding_id", "break_kind", "subject_kind", "subject", "account_id", "day", "state", "records"),
    *("amount_micros", "currency", "claimed_micros", "net_micros", "recovered_micros", "written_off_micros"),
    *("cause", "correction"),
)
MOST_PRINTED, MOST_ACCOUNTS, MOST_BARS = 10, 20, 36


class Section(NamedTuple):
    """The findings of one control or detector: its sums by side, the first of them, and all of them packed."""

    name: str
    area: str
    sums: list[dict[str, Any]]
    first: list[dict[str, Any]]
    packed: str


class Bar(NamedTuple):
    """A bar of a chart: what it is of, and its parts."""

    label: str
    parts: dict[str, int]


def page_of(report: Report) -> str:
    """The page, whole."""
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"money": money, "plain": lambda text: printable(str(text or ""))}
    made.filters["words"] = lambda text: str(text).replace("_", " ")
    by_day = report.by("day").sort("day")
    return made.get_template("leakage.html").render(
        report=report,
        kpis=report.kpis,
        sections=list(_sections(report)),
        by_control=bars(_bars(report.by("name"), "name", "net")),
        by_state=bars(_states(report), kinds=STATES),
        by_age=bars(_bars(report.by("age"), "age", "net")),
        by_day=bars(_bars(by_day, "day", "net")[-MOST_BARS:]),
        accounts=report.by("account_id").filter(pl.col("account_id").is_not_null()).head(MOST_ACCOUNTS).to_dicts(),
        style=Markup((HERE / "report.css").read_text("utf-8")),  # noqa: S704  (our own)
        script=Markup((HERE / "report.js").read_text("utf-8")),  # noqa: S704  (our own)
        shown=SHOWN,
    )


def _sections(report: Report) -> Iterator[Section]:
    sums: dict[str, list[dict[str, Any]]] = {}
    for row in report.by("name").iter_rows(named=True):
        sums.setdefault(row["name"], []).append(row)
    parts = {str(name): part for (name,), part in report.findings.group_by("name", maintain_order=True)}
    for name, own in sums.items():
        part = parts[name]
        shown = part.select(*SHOWN)
        ids = part["finding_id"].to_list()
        data = {
            "columns": SHOWN,
            "rows": list(shown.iter_rows()),
            "proof": {each: report.proof[each] for each in ids if each in report.proof},
        }
        packed = base64.b64encode(gzip.compress(msgspec.json.encode(data), 5)).decode()
        yield Section(name, part["area"][0], own, shown.head(MOST_PRINTED).to_dicts(), packed)


def _bars(sums: pl.DataFrame, column: str, money_of: str) -> list[Bar]:
    made: dict[str, Bar] = {}
    for row in sums.iter_rows(named=True):
        made.setdefault(row[column], Bar(row[column], {})).parts[row["side"]] = row[f"{money_of}_micros"]
    return list(made.values())


def _states(report: Report) -> list[Bar]:
    sides = (
        report.findings.group_by("side")
        .agg(pl.col(f"{name}_micros").sum() for name in MONEY)
        .sort("side", descending=False)
    )
    return [
        Bar(row["side"], {state: row[f"{state}_micros"] for state in STATES}) for row in sides.iter_rows(named=True)
    ]


def bars(found: list[Bar], kinds: tuple[str, ...] = ("loss", "overcharge")) -> Markup:
    """Horizontal bars with their amounts beside them, as SVG; what is a part of a bar has a title."""
    if not found:
        return Markup("<p>nothing</p>")
    most = max((sum(each.parts.values()) for each in found), default=1) or 1
    high, left, width = 20, 230, 560
    made = []
    for n, each in enumerate(found):
        at = float(left)
        made.append(
            f'<text x="{left - 8}" y="{n * high + 14}" class="name">{escape(each.label.replace("_", " "))}</text>'
        )
        for number, kind in enumerate(kinds):
            size = each.parts.get(kind, 0) * width / most
            if not size:
                continue
            told = f"{escape(each.label)}, {kind.replace('_', ' ')}: {money(each.parts[kind])}"
            made.append(
                f'<rect class="k{number}" x="{at:.1f}" y="{n * high + 3}" width="{max(size, 1):.1f}" '
                f'height="{high - 6}">'
                f"<title>{told}</title></rect>"
            )
            at += size
        total = money(sum(each.parts.values()))
        made.append(f'<text x="{at + 6:.1f}" y="{n * high + 14}" class="sum">{total}</text>')
    legend = "".join(f'<li class="k{n}">{kind.replace("_", " ")}</li>' for n, kind in enumerate(kinds))
    return Markup(  # noqa: S704  (labels are escaped, the rest are our own numbers)
        f'<figure><svg viewBox="0 0 {left + width + 110} {len(found) * high}" role="img" '
        f'aria-label="{len(found)} bars">{"".join(made)}</svg><ul class="legend">{legend}</ul></figure>'
    )
