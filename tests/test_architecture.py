"""The house: packages import only from those to their left, and no two modules share a name that says too little."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.imports import ROOT, imported

DOCS = Path(__file__).parents[1] / "docs" / "architecture.md"
MODULES = sorted(ROOT.rglob("*.py"))

FACES = {"__init__.py", "__main__.py"}  # of packages


def packages() -> list[str]:
    """The packages in the order in which docs/architecture.md draws them."""
    drawn = re.search(r"```\n(codes ─►.*?)```", DOCS.read_text("utf-8"), re.S)
    assert drawn
    return re.findall(r"[a-z]+", drawn[1])


def test_every_package_is_drawn():
    ground = {"tables", "documents"}
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} - ground == set(packages())


@pytest.mark.parametrize("package", packages())
def test_a_package_imports_only_from_those_to_its_left(package):
    order = packages()
    right = set(order[order.index(package) + 1 :])
    climbs = {
        f"{module.relative_to(ROOT)}: {name}"
        for module in (ROOT / package).rglob("*.py")
        for name in imported(module)
        if name.partition(".")[0] in right
    }
    assert not climbs


def test_the_ground_floor_imports_no_package():
    floor = [*ROOT.glob("*.py"), *(ROOT / "tables").glob("*.py"), *(ROOT / "documents").glob("*.py")]
    for module in floor:
        if module.name not in FACES:
            assert not {name.partition(".")[0] for name in imported(module)} & set(packages()), module


def test_a_file_name_stands_for_one_thing():
    named = [path for path in MODULES if path.parent.name != "cli"]  # there a module is named as its verb
    names = Counter(path.name for path in named)
    assert not [name for name, times in names.items() if times > 1 and name not in FACES]


def test_no_test_asks_for_a_private_name():
    tests = Path(__file__).parent.rglob("*.py")
    private = {
        f"{path.name}: {name.name}"
        for path in tests
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("icdbridge")
        for name in node.names
        if name.name.startswith("_")
    }
    assert not private
