"""Write `docs/events.md` from the types, and into guides the code they show, so that neither lies: `make docs`."""

import re
import textwrap
import types
import typing
from pathlib import Path

import msgspec

from tollwatch.events import STREAMS, Event
from tollwatch.events.attributes import Attributes
from tollwatch.expressions import FUNCTIONS, TEXT_FUNCTIONS
from tollwatch.findings import FINDINGS, Claim

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "events.md"
GUIDES = (ROOT / "CONTRIBUTING.md",)
MAPPINGS = ROOT / "docs" / "mappings.md"
LISTED = re.compile(r"(?<=<!-- functions, written by `make docs` -->\n).*?(?=<!-- end -->)", re.DOTALL)
SHOWN = re.compile(r"^( *)<!-- file: (\S+) -->\n\1```python\n.*?^\1```$", re.MULTILINE | re.DOTALL)

PREAMBLE = """\
<!-- Written by `make docs` from tollwatch/events and tollwatch/findings.py: edit those. -->

# The words on the wire

What enters and leaves Tollwatch, by name. Feeds, topics, tables, rules and reports all speak these names.
`tollwatch schema NAME` prints each as JSON Schema. An unknown field is ignored and counted; an absent value is null,
never an empty string or −1.

Every integer that is an instant (`…_time`, `…_at`, `since`, `until`, `period_…`, `valid_…`) is in milliseconds since
the epoch, UTC. Seconds end in `_s`, bytes in `_bytes`. Money is an integer of millionths of the currency's unit and
ends in `_micros`; it is net of tax unless the kind says tax. Identifiers of persons that only serve to compare arrive
as keyed hashes: `…_fingerprint`, and `…_tokens` where near matches matter.
"""


def page() -> str:
    """The whole page."""
    common = _section("Common to all events", Event, own_only=False)
    streams = [_section(f"`{name}`", kind, own_only=True) for name, kind in STREAMS.items()]
    findings = [_section(f"`{name}`", kind, own_only=False) for name, kind in FINDINGS.items()]
    parts = [
        PREAMBLE,
        common,
        "## Streams\n",
        *streams,
        _section("`Attributes`", Attributes, own_only=False),
        "## Findings\n",
        *findings,
        _section("`Claim`", Claim, own_only=False),
    ]
    return "\n".join(parts)


def _section(title: str, kind: type[msgspec.Struct], *, own_only: bool) -> str:
    """A heading, the docstring and a table of the fields; without those of every event if `own_only`."""
    hints = typing.get_type_hints(kind, include_extras=True)
    rows = [
        f"| `{field.name}` | {_type(hints[field.name])} | {_presence(field)} | {meaning(hints[field.name])} |"
        for field in msgspec.structs.fields(kind)
        if not (own_only and field.name in Event.__struct_fields__)
    ]
    table = "\n".join(["| field | type | if absent | meaning |", "|---|---|---|---|", *rows])
    return f"### {title}\n\n{_docstring(kind)}\n\n{table}\n"


def _docstring(kind: type[msgspec.Struct]) -> str:
    lines = (kind.__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def _type(annotation: object) -> str:
    """A type in words: `Literal`s as their values, without the `| None` that the next column tells."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        least = next((meta.ge for meta in args[1:] if getattr(meta, "ge", None) is not None), None)
        return _type(args[0]) + ("" if least is None else f" ≥ {least}")
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in args)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(arg) for arg in args if arg is not type(None))
    if origin is list:
        return f"list of {_type(args[0])}"
    if origin is dict:
        return f"map of {_type(args[0])} to {_type(args[1])}"
    return {str: "string", int: "integer", bytes: "bytes", bool: "boolean", float: "number"}.get(
        typing.cast("type", annotation), f"`{getattr(annotation, '__name__', annotation)}`"
    )


def _presence(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "**required**"
    return "null" if field.default is None else f"`{field.default}`"


def meaning(annotation: object) -> str:
    """What a field means: the description that stands at it; empty where none does.

    >>> meaning(typing.Annotated[int, msgspec.Meta(ge=0), msgspec.Meta(description="how many")])
    'how many'
    """
    described = (getattr(each, "description", None) for each in typing.get_args(annotation)[1:])
    return next((each for each in described if each), "")


def with_files(text: str) -> str:
    """A guide with each file it shows, after a line `<!-- file: PATH -->`, as the file is now."""
    return SHOWN.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    indent, path = match.groups()
    code = f"<!-- file: {path} -->\n```python\n{(ROOT / path).read_text('utf-8')}```"
    return textwrap.indent(code, indent)


def with_functions(text: str) -> str:
    """The page on mappings with every function that an expression may call."""
    examples = (FUNCTIONS | TEXT_FUNCTIONS).items()
    rows = [f"| `{name}` | `{example}` |" for name, example in sorted(examples)]
    table = "\n".join(["", "| function | for example |", "|---|---|", *rows, "", ""])
    return LISTED.sub(lambda _: table, text)


def write() -> None:
    """Write the page and the guides anew."""
    PAGE.write_text(page(), "utf-8")
    MAPPINGS.write_text(with_functions(MAPPINGS.read_text("utf-8")), "utf-8")
    for guide in GUIDES:
        guide.write_text(with_files(guide.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write()
