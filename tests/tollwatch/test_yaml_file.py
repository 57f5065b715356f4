"""YAML that people and attackers write: each error is a sentence, nothing grows, nothing is guessed."""

from pathlib import Path

import pytest

from tollwatch.errors import ConfigurationError, InputError
from tollwatch.yaml_file import load_yaml, parse_yaml

BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("when: 2020-99-99", "cannot be what its form or tag says"),
        ("n: !!int abc", "cannot be what its form or tag says"),
        ("x: !!python/object:os.system []", "is not YAML"),
        (BOMB, "says more than 50000 things"),
        ("a: &a [*a]", "stands inside what it names"),
        ("[" * 2000 + "]" * 2000, "nested too deeply"),
        ("[" * 40 + "]" * 40, "nested too deeply"),
        ("a: 1\na: 2", "the key `a` stands twice in what begins in line 1"),
        ("a: [", "is not YAML"),
        ("? [1, 2]\n: {a: b}\n? {a: b}\n: c", "is not YAML"),
        ("a: \x00", "is not YAML"),
    ],
)
def test_errors_are_sentences(text: str, sentence: str) -> None:
    """They name the file and say what to do."""
    with pytest.raises(ConfigurationError, match=r"rules\.yaml: .*" + sentence):
        parse_yaml(text.encode(), "rules.yaml")


def test_bytes_that_are_no_text() -> None:
    """The byte is named."""
    with pytest.raises(ConfigurationError, match="not UTF-8 at byte 3"):
        parse_yaml(b"a: \xff", "x")
    with pytest.raises(ConfigurationError, match="more than 1048576"):
        parse_yaml(b"#" * (1 << 21), "x")


def test_good_yaml_is_what_it_says(tmp_path: Path) -> None:
    """Aliases are followed where they do no harm; nothing at all is nothing."""
    assert parse_yaml(b"a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}", "x") == {
        "a": {"b": 1},
        "c": {"b": 1},
        "d": {"b": 1, "e": 2},
    }
    assert parse_yaml(b"", "x") is None
    with pytest.raises(InputError, match="name a YAML file"):
        load_yaml(tmp_path / "none.yaml")
