"""icdbridge reads clinical notes and assigns ICD codes of any version.

Code a note, with the starter or a run of your own::

    coder = icdbridge.Coder.load()
    coder.code("COPD exacerbation with RLL pneumonia.")

Look codes up: ``codes.search``, ``codes.describe``, ``codes.names``, ``codes.crosswalks``; ``check`` a set of them.

From notes to a run: ``prepare_table`` (or ``prepare_mimic4`` and the like) makes a ``Corpus``, ``train`` a ``Run`` of
it, ``evaluate`` measures the run on notes it has not seen, ``compare`` puts runs side by side.

Nothing is imported before it is used. ``train`` and all that has to do with corpora and runs needs the extra
``icdbridge[models]``; ``dir(icdbridge)`` shows what is installed. What a caller can mend is an ``InputError``.
"""

from typing import TYPE_CHECKING

from icdbridge.errors import InputError
from icdbridge.extras import installed
from icdbridge.lazy import lazy_exports

if TYPE_CHECKING:
    from icdbridge import codes
    from icdbridge.coding import Alternative, Coder, Evidence, Suggestion, to_frame
    from icdbridge.corpora import Corpus
    from icdbridge.corpora.readers.cmc2007 import prepare_cmc2007
    from icdbridge.corpora.readers.code_names import prepare_names
    from icdbridge.corpora.readers.codiesp import prepare_codiesp
    from icdbridge.corpora.readers.mimic3 import prepare_mimic3
    from icdbridge.corpora.readers.mimic4 import prepare_mimic4, prepare_mimic4_both
    from icdbridge.corpora.readers.table import Columns, prepare_table
    from icdbridge.evaluation.compare import compare
    from icdbridge.evaluation.evaluate import evaluate
    from icdbridge.rules import Finding, check
    from icdbridge.runs.run import Run
    from icdbridge.synthetic import synthesize_mimic3, synthesize_mimic4
    from icdbridge.training import Settings, make_settings
    from icdbridge.training.train import train

__version__ = "0.1.0"

__all__ = [
    "Alternative",
    "Coder",
    "Columns",
    "Corpus",
    "Evidence",
    "Finding",
    "InputError",
    "Run",
    "Settings",
    "Suggestion",
    "__version__",
    "check",
    "codes",
    "compare",
    "evaluate",
    "make_settings",
    "prepare_cmc2007",
    "prepare_codiesp",
    "prepare_mimic3",
    "prepare_mimic4",
    "prepare_mimic4_both",
    "prepare_names",
    "prepare_table",
    "synthesize_mimic3",
    "synthesize_mimic4",
    "to_frame",
    "train",
]

_LIGHT = {
    "codes": "icdbridge.codes",
    **dict.fromkeys(("Alternative", "Coder", "Evidence", "Suggestion", "to_frame"), "icdbridge.coding"),
    **dict.fromkeys(("Finding", "check"), "icdbridge.rules"),
}
_OF_MODELS = {
    "Corpus": "icdbridge.corpora",
    "prepare_cmc2007": "icdbridge.corpora.readers.cmc2007",
    "prepare_names": "icdbridge.corpora.readers.code_names",
    "prepare_codiesp": "icdbridge.corpora.readers.codiesp",
    "prepare_mimic3": "icdbridge.corpora.readers.mimic3",
    **dict.fromkeys(("prepare_mimic4", "prepare_mimic4_both"), "icdbridge.corpora.readers.mimic4"),
    **dict.fromkeys(("Columns", "prepare_table"), "icdbridge.corpora.readers.table"),
    "compare": "icdbridge.evaluation.compare",
    "evaluate": "icdbridge.evaluation.evaluate",
    "Run": "icdbridge.runs.run",
    **dict.fromkeys(("synthesize_mimic3", "synthesize_mimic4"), "icdbridge.synthetic"),
    **dict.fromkeys(("Settings", "make_settings", "train"), "icdbridge.training"),
}


def _hidden(name: str) -> bool:
    return name in _OF_MODELS and not installed("models")


__getattr__, __dir__ = lazy_exports(__name__, {**_LIGHT, **_OF_MODELS}, _hidden)
