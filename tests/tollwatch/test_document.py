"""`docs/events.md` says what the types say."""

import typing
from pathlib import Path

import msgspec
import pytest

from tollwatch.document import GUIDES, MAPPINGS, PAGE, meaning, page, with_files, with_functions
from tollwatch.events import STREAMS, Event
from tollwatch.events.attributes import Attributes
from tollwatch.findings import FINDINGS, Claim

EVERY_TYPE = [*STREAMS.values(), *FINDINGS.values(), Event, Attributes, Claim]


def test_the_page_is_the_one_the_types_make() -> None:
    """Who changes a type runs `make docs`."""
    assert PAGE.read_text("utf-8") == page(), "docs/events.md is out of date: run `make docs`"


def test_the_functions_of_mappings_are_all_told() -> None:
    """Who adds one runs `make docs`."""
    text = MAPPINGS.read_text("utf-8")
    assert text == with_functions(text), "docs/mappings.md is out of date: run `make docs`"
    assert "split_part(text, '@', 1)" in text


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_guides_show_the_files_as_they_are(guide: Path) -> None:
    """An example that is copied grows stale; this one is the file."""
    text = guide.read_text("utf-8")
    assert text == with_files(text), f"{guide.name} shows an old file: run `make docs`"
    assert "<!-- file: " in text


@pytest.mark.parametrize("kind", EVERY_TYPE, ids=lambda kind: kind.__name__)
def test_every_field_says_what_it_means(kind: type[msgspec.Struct]) -> None:
    """The description stands at the field, and reaches the page and the JSON Schema."""
    hints = typing.get_type_hints(kind, include_extras=True)
    assert [name for name in kind.__struct_fields__ if not meaning(hints[name])] == []


@pytest.mark.parametrize("kind", EVERY_TYPE, ids=lambda kind: kind.__name__)
def test_a_type_is_frozen_and_explains_itself(kind: type[msgspec.Struct]) -> None:
    """Facts do not change, and each type's first line ends like a sentence."""
    assert kind.__struct_config__.frozen
    assert (kind.__doc__ or "").partition("\n")[0].rstrip().endswith((".", ",", ":", "`"))


def test_allowed_values_defaults_and_presence_are_shown() -> None:
    """The page carries what a feed's author must know of a field."""
    text = page()
    kinds = ("bar", "limit", "refund", "rebill", "dispute", "collect", "correct", "write_off", "notify")
    assert f"| `kind` | {', '.join(f'`{kind}`' for kind in kinds)} | **required** |" in text
    assert "| `tenant` | string | `main` |" in text
    assert "| `ring_s` | integer ≥ 0 | null |" in text
    assert "| `features` | map of string to number | **required** |" in text
