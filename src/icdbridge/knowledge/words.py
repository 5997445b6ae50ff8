"""What counts as the same word in notes, queries and names of codes: words with their place, stems, empty words."""

import re
from functools import cache

from icdbridge.folding import fold
from icdbridge.knowledge.packed_tables import read_csv, read_toml

_WORD = re.compile(r"[a-z0-9]+")
EMPTY = frozenset(read_toml("wording")["empty"].split())  # words that a note which means a code need not have
_ENDINGS = tuple(read_toml("wording")["endings"].split())  # by which words of one meaning differ
_SHORTEST = 4  # letters that an ending leaves
_BRITISH = [(re.compile(row["british"]), row["american"]) for row in read_csv("british")]
_LONGEST = 40  # letters; what is longer is no word
_ROMAN = {"ii": "2", "iii": "3"}  # not iv, which is mostly a drip


def plain_words(text: str) -> list[str]:
    """The words of ``split`` alone, where nobody asks for their places: names of codes by the hundred thousand."""
    return _WORD.findall(fold(text).text.lower())


def split(text: str) -> list[tuple[str, int, int]]:
    """The words of a text, folded and in lower case, each with its place in the text."""
    folded = fold(text)
    words = _WORD.finditer(folded.text.lower())
    if folded.offsets is None:
        return [(found[0], found.start(), found.end()) for found in words]
    starts, ends = folded.offsets.T.tolist()
    return [(found[0], starts[found.start()], ends[found.end() - 1]) for found in words]


@cache
def american(word: str) -> str:
    """A word as Americans spell it; also of words that no Briton writes, which is alike on both sides."""
    for pattern, instead in _BRITISH if len(word) <= _LONGEST else ():
        word = pattern.sub(instead, word)
    return word


@cache
def stem(word: str) -> str:
    """The word without its plural and its commonest medical endings; short words and numbers stay as they are."""
    word = _ROMAN.get(word, word)
    if len(word) <= _SHORTEST or not word.isalpha():
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > _SHORTEST + 1:
        for ending in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
                return word[: -len(ending)]
    return word


def stems(text: str) -> list[str]:
    """The different stems of a text in order, without empty words."""
    return list(dict.fromkeys(stem(word) for word in plain_words(text) if word not in EMPTY))
