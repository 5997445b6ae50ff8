"""Whether a note is in English, by its commonest words: the starter knows no other language and had better not
guess."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from icdbridge.folding import fold
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.starter.stems import Word, words_of

FEWEST = 12  # words of these lists that a note must have for its language to be told
_LISTS = {
    row["language"]: frozenset(word.text for word in words_of(row["words"])) for row in read_csv("languages")
}
_SPANISH = "Spanish"
# In English notes too, in names and terms: en bloc, de Quervain, caries.
_ALSO_ENGLISH = frozenset(
    word.text
    for word in words_of(
        "de la le en no des an as a i o e per do die in me son come den"
        " caries cerumen convulsion dedo grave lesion preeclampsia utero varices"
    )
)


@cache
def _spanish() -> frozenset[str]:
    """Single words by which people search in Spanish, and not in English."""
    rows = read_csv("search_spanish")
    return frozenset(row["said"] for row in rows if " " not in row["said"]) - _ALSO_ENGLISH


def perhaps_foreign(words: Sequence[Word]) -> str | None:
    """The language that a note of too few words to tell seems to be in; None where it seems to be English."""
    texts = [word.text for word in words]
    found = {language: sum(text in listed for text in texts) for language, listed in _LISTS.items()}
    found[_SPANISH] += sum(fold(text).text in _spanish() for text in texts)
    best = max(found, key=lambda language: found[language])
    telling = found[best] - sum(text in _ALSO_ENGLISH and text in _LISTS[best] for text in texts)
    told = telling > 0 and found[best] >= max(2, 3 * found["English"], len(texts) / 4)
    return best if best != "English" and told else None


def foreign_language(words: Sequence[Word]) -> str | None:
    """The language of a note that is not in English; None for English and where too little tells."""
    counts = Counter(word.text for word in words)
    found = {language: sum(counts[word] for word in listed) for language, listed in _LISTS.items()}
    best = max(found, key=lambda language: found[language])
    if best == "English" or found[best] < FEWEST or found[best] < 2 * found["English"]:
        return None
    return best
