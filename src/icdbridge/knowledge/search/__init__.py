"""Finding codes as coders type them: words, abbreviations, misspellings, codes and how they begin."""

from icdbridge.knowledge.search.choices import Choice
from icdbridge.knowledge.search.finding import Hit, Results, find, search

__all__ = ["Choice", "Hit", "Results", "find", "search"]
