"""How values are shown: money, times, identifiers masked or whole, and nothing that fools a browser or a reader."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup

from dashboards.console.chart import bars
from services.wording import figure, money
from tollwatch.personal import PERSONAL, masked, without_identifiers
from tollwatch.safe_text import printable

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
LONGEST = 400
LAST_MS = 4_102_444_800_000
"""The year 2100: no event is later."""


def plain(value: Any) -> str:
    r"""A value that somebody outside wrote: control and direction characters are told, not obeyed; not endless.

    >>> plain("a\u202eb"), plain(None)
    ('a\\u202eb', '')
    """
    text = printable(str(value)) if value is not None else ""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def identifier(value: Any, *, see: bool, name: str = "subject") -> str:
    """An identifier, whole or masked."""
    if value is None:
        return ""
    return plain(value) if see or name not in PERSONAL else masked(plain(value))


def moment(ms: int | None) -> Markup:
    """A time in UTC; the browser adds how long ago it was.

    >>> str(moment(1_772_482_225_239))
    '<time datetime="2026-03-02T20:10:25Z">2026-03-02 20:10:25</time>'
    """
    if ms is None:
        return Markup("")
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%Y-%m-%d %H:%M:%S")
    )


def lasting(ms: float | None) -> str:
    """How long something is, or until when; behind time with a minus.

    >>> lasting(5_400_000), lasting(-86_400_000), lasting(30_000)
    ('1 h 30', '−1 d', '0 h 00')
    """
    if ms is None:
        return ""
    minutes = int(abs(ms) // 60_000)
    text = (
        f"{minutes // 60} h {minutes % 60:02}" if minutes < 2_880 and abs(ms) < 86_400_000 else f"{minutes // 1440} d"
    )
    return ("−" if ms < 0 else "") + text


def columns(found: dict[str, Any], *, see: bool) -> dict[str, str]:
    """An event's columns as texts."""
    kept = found if see else without_identifiers(found)
    return {name: _column(name, value) for name, value in kept.items()}


def _column(name: str, value: Any) -> str:
    if name.endswith("_time") and isinstance(value, int) and 0 < value < LAST_MS:
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return plain(value)


@pass_context
def _csrf(context: Context) -> Markup:
    """The field by which a form is known as one of ours."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(context["person"].csrf)


def environment() -> Environment:
    """The templates, every value in them escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"plain": plain, "identifier": identifier, "moment": moment, "lasting": lasting, "money": money}
    made.filters |= {"figure": lambda value, name, currency=None: figure(name, value, currency), "columns": columns}
    made.filters["words"] = lambda name: str(name).replace("_", " ")
    made.globals |= {"bars": bars, "csrf": _csrf}
    return made
