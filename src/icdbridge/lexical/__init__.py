"""Names of codes found in notes: lexical evidence, with its place, for every code at once."""

from typing import TYPE_CHECKING

from icdbridge.lazy import lazy_exports

if TYPE_CHECKING:
    from icdbridge.lexical.associations import ASSOCIATIONS, Associated, Associations, find_phrases
    from icdbridge.lexical.bridging import bridge
    from icdbridge.lexical.features import EQUIVALENT, LEARNT, LEXICAL, STORED, Lexical, lay_out
    from icdbridge.lexical.lexicon import Lexicon, with_categories
    from icdbridge.lexical.matcher import Learnt, Matcher, Span
    from icdbridge.lexical.name_index import FEATURES, Matches, Mention, NameIndex

__all__ = [
    "ASSOCIATIONS",
    "EQUIVALENT",
    "FEATURES",
    "LEARNT",
    "LEXICAL",
    "STORED",
    "Associated",
    "Associations",
    "Learnt",
    "Lexical",
    "Lexicon",
    "Matcher",
    "Matches",
    "Mention",
    "NameIndex",
    "Span",
    "bridge",
    "find_phrases",
    "lay_out",
    "with_categories",
]

_PLACES = {
    "ASSOCIATIONS": "icdbridge.lexical.associations",
    "Associated": "icdbridge.lexical.associations",
    "Associations": "icdbridge.lexical.associations",
    "find_phrases": "icdbridge.lexical.associations",
    "bridge": "icdbridge.lexical.bridging",
    "EQUIVALENT": "icdbridge.lexical.features",
    "LEARNT": "icdbridge.lexical.features",
    "LEXICAL": "icdbridge.lexical.features",
    "STORED": "icdbridge.lexical.features",
    "Lexical": "icdbridge.lexical.features",
    "lay_out": "icdbridge.lexical.features",
    "FEATURES": "icdbridge.lexical.name_index",
    "Matches": "icdbridge.lexical.name_index",
    "Mention": "icdbridge.lexical.name_index",
    "NameIndex": "icdbridge.lexical.name_index",
    "Lexicon": "icdbridge.lexical.lexicon",
    "with_categories": "icdbridge.lexical.lexicon",
    "Learnt": "icdbridge.lexical.matcher",
    "Matcher": "icdbridge.lexical.matcher",
    "Span": "icdbridge.lexical.matcher",
}
__getattr__ = lazy_exports(__name__, _PLACES)
