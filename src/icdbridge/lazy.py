"""Exports of a package that are imported when they are used: a command starts at once, and torch is no need of all."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from icdbridge.extras import not_installed


def lazy_exports(
    package: str, places: Mapping[str, str], hidden: Callable[[str], bool] = lambda name: False
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose exports lie in modules: name to module (PEP 562).

    A name that needs an extra that is not installed is an ``InputError``. The module of a name may be that of a
    subpackage of this name. ``hidden``: what ``dir`` does not show, though it may be asked for.
    """

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module = import_module(places[name])
        except ModuleNotFoundError as error:
            raise not_installed(error) from error
        return module if places[name] == f"{package}.{name}" else getattr(module, name)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *(name for name in places if not hidden(name))})

    return get, names
