"""Exports of a package that are imported when they are used: a command starts at once, and torch is no need of all."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """``__getattr__`` of a package whose exports lie in modules: name to module (PEP 562)."""

    def get(name: str) -> Any:
        if name in places:
            return getattr(import_module(places[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
