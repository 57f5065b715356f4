"""The house style, held over all our code: what a linter does not know."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = [
    "tollwatch",
    "models",
    "detectors",
    "streams",
    "store",
    "bss_kit",
    "bss",
    "replay",
    "services",
    "dashboards",
    "cli",
]
SOURCES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MAX_FUNCTION, MAX_FILE = 50, 400
PURE = ("detectors", "models")
IMPURE_MODULES = {"time", "random", "secrets", "uuid", "requests", "socket", "urllib"}
CLOCKS = {"now", "utcnow", "today", "perf_counter", "monotonic", "time_ns"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(file: Path) -> str:
    """A file's path from the top, for the name of its case."""
    return file.relative_to(ROOT).as_posix()


def tree_of(file: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(file.read_text("utf-8"))


def functions(file: Path) -> Iterator[Function]:
    """Every function and method of a file."""
    return (node for node in ast.walk(tree_of(file)) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


@pytest.mark.parametrize("file", [*SOURCES, *TESTS], ids=name_of)
def test_files_and_functions_are_short(file: Path) -> None:
    """No file over 400 lines, no function over 50."""
    assert len(file.read_text("utf-8").splitlines()) <= MAX_FILE
    assert {f"{each.name}: {length(each)} lines" for each in functions(file) if length(each) > MAX_FUNCTION} == set()


def test_most_files_and_functions_are_much_shorter() -> None:
    """The medians of the codebases we follow: 8 lines a function, 120 a file."""
    lengths = sorted(length(each) for file in SOURCES for each in functions(file))
    assert median(lengths) <= 8
    assert lengths[len(lengths) * 9 // 10] <= 28
    assert median(len(file.read_text("utf-8").splitlines()) for file in SOURCES) <= 120


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_a_module_says_what_it_is(file: Path) -> None:
    """The first line of each module is a sentence."""
    docstring = ast.get_docstring(tree_of(file)) or ""
    assert docstring.partition("\n\n")[0].rstrip().endswith((".", ":")), "the docstring's first line is no sentence"


@pytest.mark.parametrize("file", [file for file in TESTS if file.name.startswith("test_")], ids=name_of)
def test_tests_say_what_they_hold(file: Path) -> None:
    """Every test and its module have a docstring, so that a failure is read without the code."""
    tree = tree_of(file)
    tests = [each for each in functions(file) if each.name.startswith("test_")]
    assert ast.get_docstring(tree)
    assert [each.name for each in tests if not ast.get_docstring(each)] == []


@pytest.mark.parametrize("file", TESTS, ids=name_of)
def test_tests_can_fail(file: Path) -> None:
    """No assertion of a constant, no silent skip."""
    nodes = list(ast.walk(tree_of(file)))
    constants = [node.lineno for node in nodes if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant)]
    assert constants == [], "an assertion that cannot fail"
    assert [call.lineno for call in nodes if isinstance(call, ast.Call) and is_silent_skip(call)] == [], "a silent skip"


def is_silent_skip(call: ast.Call) -> bool:
    """`pytest.skip()` and `pytest.mark.skip()` without a reason."""
    return ast.unparse(call.func).endswith(("pytest.skip", "mark.skip")) and not call.args and not call.keywords


@pytest.mark.parametrize("file", [*SOURCES, *TESTS], ids=name_of)
def test_nothing_is_swallowed(file: Path) -> None:
    """No handler catches everything and does nothing, and none catches without naming what."""
    handlers = [node for node in ast.walk(tree_of(file)) if isinstance(node, ast.ExceptHandler)]
    assert [each.lineno for each in handlers if each.type is None] == []
    broad = [each for each in handlers if isinstance(each.type, ast.Name) and each.type.id.endswith("Exception")]
    assert [each.lineno for each in broad if all(isinstance(node, ast.Pass) for node in each.body)] == []


@pytest.mark.parametrize("file", [file for file in SOURCES if name_of(file).startswith(PURE)], ids=name_of)
def test_detection_knows_no_clock_and_no_chance(file: Path) -> None:
    """Findings depend on events alone: no wall clock, no unseeded randomness, no network in detectors and models."""
    nodes = list(ast.walk(tree_of(file)))
    imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {(node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported & IMPURE_MODULES == set()
    called = {node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert called & CLOCKS == set()


def test_no_leftovers() -> None:
    """What is not done stands in the issues, not in the code."""
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
    assert [name_of(file) for file in [*SOURCES, *TESTS] if marks.search(file.read_text("utf-8"))] == []


def test_every_lint_ignore_has_its_reason() -> None:
    """An ignore in `pyproject.toml` says why on its line; a `noqa` or `type: ignore` names its rule."""
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    ignores = [line for line in lines if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert [line for line in ignores if "#" not in line] == []
    bare = re.compile(r"#\s*(noqa(?!:)|type:\s*ignore(?!\[))")
    assert [name_of(file) for file in SOURCES if bare.search(file.read_text("utf-8"))] == []
