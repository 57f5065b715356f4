"""The command finds its verbs, says what is wrong in one line and exits with the documented code."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

import cli
import tollwatch
from cli import call, find_verbs
from cli import schema as schema_verb
from tollwatch.errors import InputError, StoreBusyError

HERE = Path(cli.__file__).parent


def test_help_has_every_verb_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer begins here, so every verb is listed with a line of its own."""
    assert call(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "tollwatch run --usage" in shown
    assert "Exit codes" in shown
    for verb in find_verbs():
        assert verb.name in shown
        assert verb.summary.endswith("."), verb.name


@pytest.mark.parametrize("verb", find_verbs(), ids=lambda verb: verb.name)
def test_a_verb_has_help_of_its_own(verb: cli.Verb, capsys: pytest.CaptureFixture[str]) -> None:
    """Help of a verb imports its file, so a broken one is noticed here."""
    assert call([verb.name, "--help"]) == 0
    assert verb.name in capsys.readouterr().out


def test_files_with_an_underscore_are_no_verbs() -> None:
    """They are for what verbs share."""
    assert not [verb for verb in find_verbs() if verb.name.startswith(("-", "_"))]


def test_a_file_may_hold_one_verb_or_a_group(tmp_path: Path) -> None:
    """A function of the file's name is the verb; `app` is a group of verbs."""
    (tmp_path / "feed_health.py").write_text('"""One verb."""\ndef feed_health() -> None: ...\n')
    (tmp_path / "tables.py").write_text('"""A group."""\napp = App()\n')
    one, group = find_verbs(tmp_path)
    assert (one.name, one.target) == ("feed-health", "cli.feed_health:feed_health")
    assert (group.name, group.target, group.summary) == ("tables", "cli.tables:app", "A group.")


def test_help_comes_at_once() -> None:
    """Help takes a quarter of a second because it imports none of the large libraries."""
    line = "import sys; from cli import call; call(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[-1]
    heavy = ["alembic", "chdb", "numba", "numpy", "polars", "pyarrow", "river", "sqlalchemy", "sqlglot"]
    assert [name for name in heavy if f"'{name}'" in modules] == []


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (InputError("usage.csv: column `to` is missing."), 3, "tollwatch: usage.csv: column `to` is missing."),
        (StoreBusyError("data: another process\nholds it."), 2, "tollwatch: data: another process holds it."),
        (KeyboardInterrupt(), 130, "tollwatch: interrupted."),
        (OSError(errno.ENOSPC, "No space left", "data/x"), 1, "tollwatch: data/x: No space left. Free"),
        (PermissionError(errno.EACCES, "Permission denied", "data"), 1, "tollwatch: data: Permission denied."),
    ],
)
def test_an_error_is_one_line_and_a_code(
    error: BaseException, code: int, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for what the user can put right."""

    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(schema_verb.msgspec.json, "schema", fail)
    assert call(["schema", "usage"]) == code
    shown = capsys.readouterr()
    assert shown.err.startswith(sentence)
    assert shown.err.count("\n") == 1


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no user can put right keeps its traceback."""
    monkeypatch.setattr(schema_verb, "STREAMS", None)
    with pytest.raises(TypeError):
        call(["schema", "usage"])


@pytest.mark.parametrize("line", [["schmea"], ["schema", "--everything"], ["schema", "usage", "orders"]])
def test_a_wrong_command_line_exits_2(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Usage errors are told in one line, with the nearest word where there is one."""
    assert call(line) == 2
    assert capsys.readouterr().err.startswith("tollwatch: ")


def test_a_closed_pipe_is_no_error() -> None:
    """`tollwatch schema --all | head -1` ends quietly."""
    line = f"set -o pipefail; {sys.executable} -m tollwatch schema --all | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_module_and_version() -> None:
    """`python -m tollwatch` is the command too."""
    line = [sys.executable, "-m", "tollwatch", "--version"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == tollwatch.__version__
