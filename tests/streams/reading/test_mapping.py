"""A mapping says what is wrong with it before a file is opened."""

from pathlib import Path
from typing import Any

import pytest

from streams.reading.mapping import load_mapping
from tests.streams.reading.files import CALLS, mapping
from tollwatch.errors import ConfigurationError, InputError

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples" / "mappings").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_right(path: Path) -> None:
    """What we ship can be used."""
    assert load_mapping(path).fields


def _with(field: str, given: object) -> dict[str, Any]:
    fields: dict[str, Any] = CALLS["fields"]  # type: ignore[assignment]
    return {"fields": fields | {field: given}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"strem": "usage"}, "unknown key `strem`; did you mean `stream`?"),
        ({"stream": "usages"}, "unknown stream `usages`; did you mean `usage`?"),
        (_with("durations_s", "x"), "unknown field of `usage` `durations_s`; did you mean `duration_s`?"),
        (_with("duration_s", {"colum": "x"}), "field"),
        (_with("duration_s", {"colum": "x"}), "unknown key `colum`; did you mean `column`?"),
        (_with("duration_s", {"column": "x", "value": 1}), "give one of `column`, `sql` or `value`"),
        (_with("duration_s", {"zone": "UTC"}), "give one of `column`, `sql` or `value`"),
        (_with("event_time", {"column": "at", "zone": "Europe/Kopenhagen"}), "there is no time zone"),
        (_with("event_time", {"column": "at", "format": "DD.MM.YYYY"}), "is no time format"),
        (_with("charge_micros", {"column": "price", "money": "euros"}), "Invalid enum value 'euros'"),
        ({"fields": {"event_id": "id", "service": "kind"}}, "`event_time` is missing"),
        ({"separator": 5}, "separator"),
    ],
)
def test_a_wrong_mapping_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    """Each names the file, the place and the nearest word there is."""
    with pytest.raises(ConfigurationError) as raised:
        mapping(**changes)
    assert str(raised.value).startswith("calls.yaml")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "just words", "a: [", "\ud800"], ids=repr)
def test_no_text_breaks_it(text: str, tmp_path: Path) -> None:
    """Whatever stands in the file, the error is ours."""
    path = tmp_path / "m.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigurationError, match=r"m\.yaml"):
        load_mapping(path)


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    """The sentence says which."""
    with pytest.raises(InputError, match="No such file"):
        load_mapping(tmp_path / "none.yaml")
