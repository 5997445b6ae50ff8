"""icdbridge reads clinical notes and assigns ICD codes of any version."""

from typing import TYPE_CHECKING, Any

from icdbridge.errors import InputError

if TYPE_CHECKING:
    from icdbridge.coding import Coder
    from icdbridge.corpora import Corpus
    from icdbridge.runs import Run

__version__ = "0.1.0"

__all__ = ["Coder", "Corpus", "InputError", "Run", "__version__"]

_PLACES = {"Coder": "icdbridge.coding", "Corpus": "icdbridge.corpora", "Run": "icdbridge.runs"}


def __getattr__(name: str) -> Any:
    # torch takes seconds to import: only what is used is loaded, so `icdbridge --help` answers at once
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'icdbridge' has no attribute {name!r}")
