"""Search for codes as coders type them: words, abbreviations, misspellings, codes and their beginnings."""

from icdbridge.knowledge.search.choices import Choice
from icdbridge.knowledge.search.finding import Hit, Results, find, search

__all__ = ["Choice", "Hit", "Results", "find", "search"]
