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

_PLACES = {
    "ASSOCIATIONS": "icdbridge.lexical.associations",
    "Associated": "icdbridge.lexical.associations",
    "Associations": "icdbridge.lexical.associations",
    "find_phrases": "icdbridge.lexical.associations",
    "EQUIVALENT_FEATURES": "icdbridge.lexical.features",
    "TRAINING_FEATURES": "icdbridge.lexical.features",
    "LEXICAL_FEATURES": "icdbridge.lexical.features",
    "STORED": "icdbridge.lexical.features",
    "SparseFeatures": "icdbridge.lexical.features",
    "dense_features": "icdbridge.lexical.features",
    "FEATURES": "icdbridge.lexical.name_index",
    "Matches": "icdbridge.lexical.name_index",
    "Mention": "icdbridge.lexical.name_index",
    "NameIndex": "icdbridge.lexical.name_index",
    "LabelsByFold": "icdbridge.lexical.labels_by_fold",
    "Lexicon": "icdbridge.lexical.lexicon",
    "with_categories": "icdbridge.lexical.lexicon",
    "CodeStatistics": "icdbridge.lexical.matcher",
    "LexicalMatches": "icdbridge.lexical.matcher",
    "Matcher": "icdbridge.lexical.matcher",
    "MAX_WORDS": "icdbridge.lexical.note",
    "NoteWords": "icdbridge.lexical.note",
    "Span": "icdbridge.lexical.matcher",
}
__getattr__, __dir__ = lazy_exports(__name__, _PLACES)
