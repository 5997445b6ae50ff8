"""The notebooks of ``examples/`` run from top to bottom."""

import os
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    import nbformat  # here, as they take a second that every worker would spend
    from nbclient import NotebookClient
    from traitlets.config import Config

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("src", os.environ.get("PYTHONPATH", ""))))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    here = {"metadata": {"path": path.parents[1]}}
    local = Config({"KernelManager": {"transport": "ipc"}})
    client = NotebookClient(notebook, timeout=300, resources=here, config=local)
    client.execute()
