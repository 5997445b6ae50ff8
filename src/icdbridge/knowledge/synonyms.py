"""Words and phrases of notes and queries that say the same as other words of terms: ``data/synonyms.csv``.

Lay words ("heart attack"), adjectives and their nouns (renal, kidney), forms of a word whose stems differ (fell, fall),
British spellings. They lead one way, from what people write to what terms say. Column ``runs``: ``1`` where trained
runs know it too, ``only`` where they alone do, for it misleads ("sleeping" is no somnolence).
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from icdbridge.knowledge.packed_tables import read_csv


@cache
def synonyms(runs: bool = False) -> Mapping[str, tuple[str, ...]]:
    """Word, in lower case -> what terms say instead, each one or several words.

    ``runs``: only what trained runs with matching know. It stays as it is: what they learnt of words holds for it.
    """
    return _of(1, runs)


@cache
def phrases() -> Mapping[str, tuple[str, ...]]:
    """Phrase of several words, in lower case -> what terms say instead ("high blood pressure": "hypertension")."""
    return _of(2, False)


def _of(length: int, runs: bool) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in read_csv("synonyms"):
        known = row["runs"] != "" if runs else row["runs"] != "only"
        if min(len(row["word"].split()), 2) == length and known:
            found.setdefault(row["word"], []).append(row["meaning"])
    return MappingProxyType({word: tuple(meant) for word, meant in found.items()})
