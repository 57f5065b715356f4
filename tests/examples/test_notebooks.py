"""The notebooks run from the first cell to the last, in an empty folder, as whoever opens them would run them."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    """Else the test below would say nothing."""
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell fails, and what its last cell prints is there; the notebook itself is kept without output."""
    book = nbformat.read(notebook, as_version=4)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in cells), "clear the outputs before you commit it"
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(notebook.parents[2]))
    book.metadata.kernelspec.name = "python3"
    work = tmp_path / "work"
    work.mkdir()
    client = NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(work)}})
    client.km = client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    client.execute()
    assert "".join(str(output) for output in cells[-1].outputs)
