"""icdbridge reads clinical notes and assigns ICD codes of any version."""

from typing import TYPE_CHECKING

from icdbridge.errors import InputError
from icdbridge.lazy import lazy_exports

if TYPE_CHECKING:
    from icdbridge.coding import Coder
    from icdbridge.corpora import Corpus
    from icdbridge.runs import Run

__version__ = "0.1.0"

__all__ = ["Coder", "Corpus", "InputError", "Run", "__version__"]

_PLACES = {"Coder": "icdbridge.coding", "Corpus": "icdbridge.corpora", "Run": "icdbridge.runs"}

__getattr__ = lazy_exports(__name__, _PLACES)
