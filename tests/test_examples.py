"""The notebooks of ``examples/`` run from top to bottom."""

from pathlib import Path

import pytest

from tests.forking import Forked

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))
PROGRAM = """
import sys
import nbformat
from IPython.core.interactiveshell import InteractiveShell

notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
shell = InteractiveShell.instance()
for cell in notebook.cells:
    if cell.cell_type == "code":
        shell.run_cell(cell.source).raise_error()
"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs(path, plotted, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    run = Forked(PROGRAM, path)
    said = run.communicate()
    assert run.returncode == 0, said
    assert "J44.1" in said[0]  # what a cell ends with is shown
