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
from icdbridge.matching.names import KINDS, Name, Terms, code_names, read_terms

__all__ = [
    "ASSOCIATIONS",
    "FEATURES",
    "KINDS",
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
    "Name",
    "NameIndex",
    "Span",
    "Terms",
    "category_of",
    "code_names",
    "find_phrases",
    "lay_out",
    "read_terms",
    "with_categories",
]
