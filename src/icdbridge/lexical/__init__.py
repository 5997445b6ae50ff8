"""Names of codes found in notes: lexical evidence, with its place, for every code at once."""

from typing import TYPE_CHECKING

from icdbridge.lazy import lazy_exports

if TYPE_CHECKING:
    from icdbridge.lexical.associations import ASSOCIATIONS, Associated, Associations, find_phrases
    from icdbridge.lexical.features import (
        EQUIVALENT_FEATURES,
        LEXICAL_FEATURES,
        STORED,
        TRAINING_FEATURES,
        SparseFeatures,
        dense_features,
    )
    from icdbridge.lexical.labels_by_fold import LabelsByFold
    from icdbridge.lexical.lexicon import Lexicon, with_categories
    from icdbridge.lexical.matcher import CodeStatistics, LexicalMatches, Matcher, Span
    from icdbridge.lexical.name_index import FEATURES, Matches, Mention, NameIndex
    from icdbridge.lexical.note import MAX_WORDS, NoteWords

__all__ = [
    "ASSOCIATIONS",
    "EQUIVALENT_FEATURES",
    "FEATURES",
    "LEXICAL_FEATURES",
    "MAX_WORDS",
    "STORED",
    "TRAINING_FEATURES",
    "Associated",
    "Associations",
    "CodeStatistics",
    "LabelsByFold",
    "LexicalMatches",
    "Lexicon",
    "Matcher",
    "Matches",
    "Mention",
    "NameIndex",
    "NoteWords",
    "Span",
    "SparseFeatures",
    "dense_features",
    "find_phrases",
    "with_categories",
]

_OF_MODULES = {
    "associations": ("ASSOCIATIONS", "Associated", "Associations", "find_phrases"),
    "features": (
        *("EQUIVALENT_FEATURES", "LEXICAL_FEATURES", "STORED", "TRAINING_FEATURES"),
        *("SparseFeatures", "dense_features"),
    ),
    "labels_by_fold": ("LabelsByFold",),
    "lexicon": ("Lexicon", "with_categories"),
    "matcher": ("CodeStatistics", "LexicalMatches", "Matcher", "Span"),
    "name_index": ("FEATURES", "Matches", "Mention", "NameIndex"),
    "note": ("MAX_WORDS", "NoteWords"),
}
_PLACES = {name: f"{__name__}.{module}" for module, names in _OF_MODULES.items() for name in names}
__getattr__, __dir__ = lazy_exports(__name__, _PLACES)
