"""Settings come from one file and the variables; what cannot be meant is refused by name."""

import inspect
import re
from pathlib import Path

import pytest

from tollwatch.config import KafkaSettings, Settings, SourceSettings, load_settings
from tollwatch.errors import ConfigurationError


def load(tmp_path: Path, text: str, **env: str) -> Settings:
    """Settings of a file with this text."""
    file = tmp_path / "tollwatch.toml"
    file.write_text(text)
    return load_settings(file, env)


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to write a configuration to begin."""
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {}) == Settings()


def test_a_file_in_the_working_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tollwatch.toml` needs no option."""
    monkeypatch.chdir(tmp_path)
    Path("tollwatch.toml").write_text("disorder_s = 7\n")
    assert load_settings(None, {}).disorder_s == 7


def test_file_says_what_may_differ(tmp_path: Path) -> None:
    """Sources, thresholds and budgets have tables of their own."""
    tables = "[sources.tap]\nslow = true\n[detectors.wangiri]\nwarn_at = 30\n[budgets]\npayment_risk = 100\n"
    settings = load(tmp_path, f"partitions = 8\n{tables}")
    assert settings.partitions == 8
    assert settings.sources == {"tap": SourceSettings(slow=True)}
    assert settings.detectors == {"wangiri": {"warn_at": 30}}
    assert settings.budgets == {"payment_risk": 100}


def test_a_variable_beats_the_file(tmp_path: Path) -> None:
    """A container is configured by its environment."""
    settings = load(tmp_path, "disorder_s = 7\ntenant = 'one'\n", TOLLWATCH_DISORDER_S="3", TOLLWATCH_TENANT="42")
    assert (settings.disorder_s, settings.tenant) == (3, "42")


def test_variables_reach_into_tables() -> None:
    """Two underscores lead into a table, and its names keep their case."""
    env = {
        "TOLLWATCH_SOURCES__MSC-1__DISORDER_S": "30",
        "TOLLWATCH_DETECTORS__wangiri__warn_at": "30",
        "TOLLWATCH_ENABLED": "wangiri, high_usage",
        "TOLLWATCH_SHARED": "/somewhere",
    }
    settings = load_settings(None, env)
    assert settings.disorder_of("MSC-1") == 30
    assert settings.disorder_of("another") == 2
    assert settings.detectors == {"wangiri": {"warn_at": 30}}
    assert settings.enabled == ["wangiri", "high_usage"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("disorders = 3", "unknown key `disorders`; did you mean `disorder_s`?"),
        ("[sources.tap]\nslo = true", r"sources\.tap: unknown key `slo`; did you mean `slow`?"),
        ("partitions = 'many'", "partitions: expected `int`, got `str`"),
        ("partitions = 65", "partitions: expected `int` <= 64"),
        ("[sources.tap]\ndisorder_s = -1", r"sources\.tap\.disorder_s: expected `float` >= 0"),
        ("tenant = 'a b'", "tenant: expected `str` matching"),
        ("disorder_s = \n", "this is not TOML: .*line 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """The sentence names the file and the key."""
    with pytest.raises(ConfigurationError, match=r"tollwatch\.toml: .*" + sentence.replace("?", r"\?")):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        ("TOLLWATCH_PARTITION", "3", "unknown key `partition`; did you mean `partitions`"),
        ("TOLLWATCH_PARTITIONS", "many", "partitions: expected `int`, got `str`"),
        ("TOLLWATCH_TENANT__NAME", "x", "tenant: expected `str`, got `object`"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, text: str, sentence: str) -> None:
    """A typo in the environment must not silently leave the default in force."""
    with pytest.raises(ConfigurationError, match=f"{variable}: .*{sentence}"):
        load_settings(None, {variable: text})


def test_a_variable_below_a_plain_value_is_refused(tmp_path: Path) -> None:
    """`tenant` in the file has no keys that a variable could set."""
    with pytest.raises(ConfigurationError, match="`tenant` is one value"):
        load(tmp_path, "tenant = 'one'", TOLLWATCH_TENANT__NAME="x")


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    """A misspelt --config must not run with defaults."""
    with pytest.raises(ConfigurationError, match=r"absent\.toml: there is no such file"):
        load_settings(tmp_path / "absent.toml", {})


@pytest.mark.parametrize("password", ["secret", "se:cr@et", "se/cr@et"])
def test_secrets_are_not_printed(password: str) -> None:
    """Logs carry settings; a password in the database's URL stays out."""
    settings = Settings(database=f"postgresql+psycopg://tollwatch:{password}@db.example/rafm")
    assert "et@" not in repr(settings)
    assert "postgresql+psycopg://tollwatch:***@db.example/rafm" in f"{settings}"


def test_the_guide_shows_every_setting(tmp_path: Path) -> None:
    """The configuration in the engineers' guide loads, and no setting is left out of it."""
    guide = (Path(__file__).parents[2] / "docs" / "engineers.md").read_text("utf-8")
    example = guide.partition("```toml\n")[2].partition("```")[0]
    load(tmp_path, example)
    shown = set(re.findall(r"^#? ?(\w+) =", example, re.MULTILINE)) | set(
        re.findall(r"^\[(\w+)", example, re.MULTILINE)
    )
    assert set(Settings.__struct_fields__) <= shown


@pytest.mark.parametrize("kind", [Settings, KafkaSettings, SourceSettings], ids=lambda kind: kind.__name__)
def test_every_setting_is_read(kind: type) -> None:
    """A setting that nothing reads is a promise that is not kept."""
    root = Path(__file__).parents[2]
    folders = ("tollwatch", "models", "detectors", "streams", "store", "replay", "services", "dashboards", "cli")
    text = "\n".join(
        file.read_text("utf-8") for folder in folders for file in (root / folder).rglob("*.py") if file.name != "up.py"
    )
    own = inspect.getsource(inspect.getmodule(kind))
    outside = text.replace(own, "") + "\n".join(re.findall(r"self\.\w+", own))
    assert [name for name in kind.__struct_fields__ if not re.search(rf"\.{name}\b", outside)] == []
