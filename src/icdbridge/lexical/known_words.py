"""What abbreviations and synonyms in a note mean, in stems of words."""

from functools import cache

from icdbridge.knowledge.synonyms import synonyms as known_synonyms
from icdbridge.knowledge.words import stem, stems
from icdbridge.packed import packed_rows


@cache
def abbreviations() -> dict[str, tuple[str, ...]]:
    """Common clinical abbreviations, each with the stems of the words that it stands for."""
    rows = packed_rows(__package__, "data/abbreviations.csv")
    return {short: tuple(stems(meaning)) for short, meaning in rows}


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Words of notes, by their stems, with the stems by which names of codes say the same (renal: kidney)."""
    found: dict[str, list[str]] = {}
    for word, meanings in known_synonyms(runs=True).items():
        for meaning in meanings:
            found.setdefault(stem(word), []).extend(stems(meaning))
    return {word: tuple(dict.fromkeys(one for one in meant if one != word)) for word, meant in found.items()}
