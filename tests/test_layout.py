"""The layout: what stands at the top, what each folder holds, and that everything found by walking is described."""

import re
from pathlib import Path

import pytest

from cli import HELP, find_verbs

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
FOLDERS = {*PACKAGES, "tests", "docs", "examples"}
TABLES = sorted((ROOT / "store" / "tables").glob("*.sql"))
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
BUILT = {"build", "dist", "out", "tollwatch-data", "tollwatch-demo"}


def test_the_top_has_the_folders_of_the_architecture() -> None:
    """A new top-level folder is a decision, not an accident."""
    found = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    assert found - BUILT == FOLDERS


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_in_the_wheel_the_coverage_and_the_contracts(package: str) -> None:
    """Who adds a folder adds it everywhere."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert (ROOT / package / "__init__.py").exists()
    assert text.count(f'"{package}"') >= 3
    if package != "tollwatch":
        assert f'{package} = "tollwatch/_app/{package}"' in text


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.name)
def test_a_table_explains_itself(table: Path) -> None:
    """A table says what it holds, who reads it, its grain, why it is ordered so, how long it is kept."""
    head = table.read_text("utf-8").partition("CREATE")[0]
    assert re.match(r"\d{4}_[a-z_]+\.sql$", table.name)
    for word in ("Read by", "Grain", "Order", "Kept"):
        assert re.search(rf"^-- {word}\s*:", head, re.MULTILINE), word


def test_tables_are_numbered_without_a_repetition() -> None:
    """They are applied in order, so two cannot share a place."""
    numbers = [table.name[:4] for table in TABLES]
    assert len(numbers) == len(set(numbers))
    assert numbers


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_its_four_parts(decision: Path) -> None:
    """Context, decision, the reason that was measured, consequences."""
    text = decision.read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Reason", "Consequences"]
    assert text.startswith(f"# {decision.name[:4]}")


def test_every_file_of_the_words_has_tests() -> None:
    """Tests mirror sources for the verbs: each verb's file has its test's."""
    verbs = {file.stem for file in (ROOT / "cli").glob("[a-z]*.py")}
    tests = " ".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert {verb for verb in verbs if f'"{verb.replace("_", "-")}"' not in tests} == set()


def test_guides_name_only_what_exists() -> None:
    """A path in the README or a guide leads to a file."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_guides_name_only_verbs_that_exist() -> None:
    """A command line in the README, a guide or the help can be typed."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages) + HELP
    named = set(re.findall(r"^\s*tollwatch ([a-z-]+)", text, re.MULTILINE))
    assert named - {verb.name for verb in find_verbs()} == set()
