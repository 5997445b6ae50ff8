"""What modules of the package import."""

import ast
from collections.abc import Iterable
from pathlib import Path

import icdbridge

ROOT = Path(icdbridge.__file__).parent


def imported(module: Path) -> set[str]:
    """What a module imports from this package, wherever in it: ``codes.gate``, ``codes.gate.read``, ``errors``."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("icdbridge."):
            own = node.module.removeprefix("icdbridge.")
            names |= {own, *(f"{own}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            names |= {
                one.name.removeprefix("icdbridge.") for one in node.names if one.name.startswith("icdbridge.")
            }
    return names


def sources_of(modules: Iterable[str]) -> set[Path]:
    """The files of some modules, and of all that these import."""
    found: set[Path] = set()
    names = set(modules)
    while names:
        places = {place for name in names for place in _places(name) if place.is_file()} - found
        found |= places
        names = {name for place in places for name in imported(place)}
    return found


def _places(name: str) -> tuple[Path, Path]:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py"), place / "__init__.py"
