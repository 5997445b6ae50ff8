"""Whether a note is in English, by its commonest words: the starter knows no other language and had better not
guess."""

from collections import Counter
from collections.abc import Sequence

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.starter.stems import Word, words_of

FEWEST = 12  # words of these lists that a note must have for its language to be told
_LISTS = {
    row["language"]: frozenset(word.text for word in words_of(row["words"])) for row in read_csv("languages")
}


def foreign_language(words: Sequence[Word]) -> str | None:
    """The language of a note that is not in English; None for English and where too little tells."""
    counts = Counter(word.text for word in words)
    found = {language: sum(counts[word] for word in listed) for language, listed in _LISTS.items()}
    best = max(found, key=lambda language: found[language])
    if best == "English" or found[best] < FEWEST or found[best] < 2 * found["English"]:
        return None
    return best
