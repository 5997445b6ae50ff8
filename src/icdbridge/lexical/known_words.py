"""Words of a note that an index of names knows: its own words, what its abbreviations and synonyms mean."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from icdbridge.knowledge.synonyms import synonyms as known_synonyms
from icdbridge.knowledge.words import stem, stems


@dataclass(frozen=True)
class Occurrences:
    """Words of a text that stand in an index, an abbreviation standing for several at its own place.

    ``words`` int32 [n] numbers of words in the index, ``places`` int32 [n] the word of the text that each is, those of
    one word ascending.
    """

    words: np.ndarray
    places: np.ndarray


@cache
def abbreviations() -> dict[str, tuple[str, ...]]:
    """Common clinical abbreviations, each with the stems of the words that it stands for."""
    with files("icdbridge.lexical").joinpath("data/abbreviations.csv").open(encoding="utf-8") as handle:
        rows = list(csv.reader(handle))[1:]
    return {short: tuple(stems(meaning)) for short, meaning in rows}


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Words of notes, by their stems, with the stems by which names of codes say the same (renal: kidney)."""
    found: dict[str, list[str]] = {}
    for word, meanings in known_synonyms(runs=True).items():
        for meaning in meanings:
            found.setdefault(stem(word), []).extend(stems(meaning))
    return {word: tuple(dict.fromkeys(one for one in meant if one != word)) for word, meant in found.items()}
