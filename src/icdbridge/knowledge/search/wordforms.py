"""Forms of a word that count as one to search: plural, British spelling, endings, and words of one meaning."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from typing import TypeVar

from icdbridge.folding import fold
from icdbridge.knowledge.packed_tables import read_csv, read_toml
from icdbridge.knowledge.words import american, stem

T = TypeVar("T")
_WORD = re.compile(r"[a-z0-9]+")
_POSSESSIVE = re.compile(r"(?<=[a-z])['`]s\b")
_DENYING = re.compile(r"n['`]t\b")
_SCALES = frozenset({"stage", "type", "grade", "class"})
_NUMBERS = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "iiia": "3a", "iiib": "3b", "one": "1", "two": "2",
    "three": "3", "four": "4", "five": "5", "1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "3a": "3a", "3b": "3b",
}  # fmt: skip
_TOGETHER = re.compile(r"(stage|type|grade|class)([1-5][ab]?)")
LISTS = {name: frozenset(listed.split()) for name, listed in read_toml("wording")["search"].items()}
EMPTY = LISTS["empty"]


def words(text: str) -> list[str]:
    """The words of a text, folded, in lower case, without possessive endings; "can't" is one word."""
    plain = fold(text).text.lower()
    if "'" in plain or "`" in plain:
        plain = _POSSESSIVE.sub("", _DENYING.sub("nt", plain))
    return _WORD.findall(plain)


def title_number(title: str) -> int:
    """A number for the words of a title in their order, by which a title typed in full is found."""
    return int.from_bytes(blake2b(" ".join(words(title)).encode(), digest_size=7).digest(), "big")


@cache
def root(word: str) -> str:
    """What stands for a word in the index: its stem, or that of the first word of the same meaning."""
    short = stem(american(word))
    return _alike().get(short, short)


@cache
def _alike() -> dict[str, str]:
    """Stem -> stem of the first word of its row in ``data/search_words.csv``."""
    found: dict[str, str] = {}
    for row in read_csv("search_words"):
        first, *others = (stem(american(word)) for word in row["words"].split())
        found |= {other: first for other in others if other != first}
    return found


def rooted(said: Sequence[str]) -> list[tuple[str, range]]:
    """The roots of words with the places of their words, without empty words; a stage or type and its number are one
    (``stage3``).
    """
    found = []
    place = 0
    while place < len(said):
        word = said[place]
        following = said[place + 1] if place + 1 < len(said) else ""
        length = 1
        if word in _SCALES and following in _NUMBERS:
            length = 2
            found.append((word + _NUMBERS[following], range(place, place + 2)))
        elif following == "a" and word in LISTS["lettered"]:  # "a" alone is an article
            length = 2
            found += [(root(word), range(place, place + 1)), ("lettera", range(place + 1, place + 2))]
        elif together := _TOGETHER.fullmatch(word):
            found.append((together[1] + together[2], range(place, place + 1)))
        elif word not in EMPTY:
            found.append((root(word), range(place, place + 1)))
        place += length
    return found


def phrases(
    said: Sequence[str], longest: int, meaning: Callable[[str], T]
) -> Iterator[tuple[Sequence[str], int, T]]:
    """The words in order, as many together as have a ``meaning``, up to ``longest``: they, where they begin, and what
    they mean. A word that has none stands alone.
    """
    place = 0
    while place < len(said):
        for end in range(min(place + longest, len(said)), place, -1):
            if meant := meaning(" ".join(said[place:end])):
                break
        yield said[place:end], place, meant
        place = end


def roots(said: Sequence[str]) -> list[str]:
    """The different roots of words in order; of empty words alone, these."""
    return list(dict.fromkeys(one for one, _ in rooted(said))) or [root(word) for word in said]


LIGHT = frozenset(map(root, LISTS["little"]))
