"""Names of codes found in notes: lexical evidence, with its place, for every code at once."""

from typing import TYPE_CHECKING

from icdbridge.lazy import lazy_exports

if TYPE_CHECKING:
    from icdbridge.matching.associations import ASSOCIATIONS, Associated, Associations, find_phrases
    from icdbridge.matching.bridging import bridge
    from icdbridge.matching.features import EQUIVALENT, LEARNT, LEXICAL, STORED, Lexical, lay_out
    from icdbridge.matching.index import FEATURES, Matches, Mention, NameIndex
    from icdbridge.matching.lexicon import Lexicon, with_categories
    from icdbridge.matching.matcher import Learnt, Matcher, Span

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
    "ASSOCIATIONS": "icdbridge.matching.associations",
    "Associated": "icdbridge.matching.associations",
    "Associations": "icdbridge.matching.associations",
    "find_phrases": "icdbridge.matching.associations",
    "bridge": "icdbridge.matching.bridging",
    "EQUIVALENT": "icdbridge.matching.features",
    "LEARNT": "icdbridge.matching.features",
    "LEXICAL": "icdbridge.matching.features",
    "STORED": "icdbridge.matching.features",
    "Lexical": "icdbridge.matching.features",
    "lay_out": "icdbridge.matching.features",
    "FEATURES": "icdbridge.matching.index",
    "Matches": "icdbridge.matching.index",
    "Mention": "icdbridge.matching.index",
    "NameIndex": "icdbridge.matching.index",
    "Lexicon": "icdbridge.matching.lexicon",
    "with_categories": "icdbridge.matching.lexicon",
    "Learnt": "icdbridge.matching.matcher",
    "Matcher": "icdbridge.matching.matcher",
    "Span": "icdbridge.matching.matcher",
}
__getattr__ = lazy_exports(__name__, _PLACES)
