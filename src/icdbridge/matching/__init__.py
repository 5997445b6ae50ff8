"""Names of codes found in notes: lexical evidence, with its place, for every code at once."""

from icdbridge.matching.associations import ASSOCIATIONS, Associated, Associations, find_phrases
from icdbridge.matching.bridging import bridge
from icdbridge.matching.features import EQUIVALENT, LEARNT, LEXICAL, STORED, Lexical, lay_out
from icdbridge.matching.index import FEATURES, Matches, Mention, NameIndex
from icdbridge.matching.lexicon import Lexicon, with_categories
from icdbridge.matching.matcher import Learnt, Matcher, Span
from icdbridge.matching.sections import Section, sections
from icdbridge.matching.sentences import sentences

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
    "Section",
    "Span",
    "bridge",
    "find_phrases",
    "lay_out",
    "sections",
    "sentences",
    "with_categories",
]
