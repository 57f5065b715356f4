"""The wheel works on its own: what the checkout has at its top, the wheel has inside `tollwatch/_app`."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import tollwatch

ROOT = Path(__file__).parent.parent
FOLDERS = ["streams", "detectors", "models", "store", "bss_kit", "bss", "replay", "services", "dashboards", "cli"]


def run(*words: object, cwd: Path) -> str:
    """Run a program that must succeed, outside the checkout; gives what it printed."""
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, which finds its dependencies where this one has them."""
    home = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    run(sys.executable, "-m", "pip", "--python", home / "bin/python", "install", "--no-deps", wheel, cwd=home)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def test_nothing_of_ours_but_tollwatch_reaches_site_packages(wheel: Path) -> None:
    """Nobody wants a package called `models` from us."""
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"tollwatch"}


def test_the_wheel_carries_what_is_no_python(wheel: Path) -> None:
    """Tables are SQL files, found by walking their folder; ready mappings are YAML."""
    names = zipfile.ZipFile(wheel).namelist()
    tables = [file.name for file in (ROOT / "store/tables").glob("*.sql")]
    assert {f"tollwatch/_app/store/tables/{name}" for name in tables} <= set(names)
    assert "tollwatch/_app/examples/mappings/asterisk.yaml" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_the_command_runs(installed: Path) -> None:
    """The console script needs no checkout."""
    assert run(installed / "bin/tollwatch", "--version", cwd=installed).strip() == tollwatch.__version__
    assert '"Usage"' in run(installed / "bin/tollwatch", "schema", "usage", cwd=installed)
    assert "tollwatch run" in run(installed / "bin/tollwatch", "--help", cwd=installed)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_folders_come_from_the_wheel(installed: Path, folder: str) -> None:
    """`import detectors` in a verb finds the wheel's own, not a package of that name elsewhere."""
    begin = "from tollwatch.bundled import use_bundled_folders; use_bundled_folders()"
    code = f"{begin}; import {folder}; print({folder}.__path__[0])"
    assert f"tollwatch/_app/{folder}" in run(installed / "bin/python", "-c", code, cwd=installed)
