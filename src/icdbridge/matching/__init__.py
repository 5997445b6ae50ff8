"""Names of codes found in notes: lexical evidence, with its place, for every code at once."""

from icdbridge.matching.associations import ASSOCIATIONS, Associated, Associations, find_phrases
from icdbridge.matching.index import FEATURES, Matches, Mention, NameIndex
from icdbridge.matching.lexicon import (
    LEARNT,
    LEXICAL,
    STORED,
    Lexical,
    Lexicon,
    Matcher,
    Span,
    category_of,
    lay_out,
    with_categories,
)

__all__ = [
    "ASSOCIATIONS",
    "FEATURES",
    "LEARNT",
    "LEXICAL",
    "STORED",
    "Associated",
    "Associations",
    "Lexical",
    "Lexicon",
    "Matcher",
    "Matches",
    "Mention",
    "NameIndex",
    "Span",
    "category_of",
    "find_phrases",
    "lay_out",
    "with_categories",
]
