"""The abbreviations of a note, each with the stems of what it may stand for there."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

from icdbridge.knowledge.abbreviations import AFTER, BEFORE, PERCENT, case_sensitive, senses
from icdbridge.knowledge.meanings import meant
from icdbridge.knowledge.words import stem
from icdbridge.starter.cues import cue
from icdbridge.starter.stems import Word, meanings

_LONGEST, _LETTERS = 4, 13  # words and characters of an abbreviation of several words
_NEAR = 15  # words of its sentence on each side that say what an abbreviation means
_DRUG = 15  # characters of the name of a drug
_CLOSE = 8  # characters on each side in which a percentage belongs to it
# "13.3 mCi" is a unit; "AB CD, M.D." and "Dr. CD" are the initials of a person.
_UNIT = re.compile(r"[a-z][A-Z][A-Za-z]*")
_COUNTED = re.compile(r"\d\s*-?\s*\Z")
# How some records tag the diagnoses that count for a patient's risk: "CHF (HCC)", "CHF (CMS/HCC)".
_RISK_TAG = re.compile(r"[(\[](?:CMS[/ -])?HCC[)\]]")
_DEGREE = re.compile(
    r"\s*,?\s*(?:M\.?D|D\.?O|Ph\.?D|R\.?N|P\.?A(?:-C)?|N\.?P|D\.?P\.?M|D\.?D\.?S)\.?\s*(?:[,;:)\n]|\Z)"
)
# "ASA 3" is how ill one is before anesthesia; "ASA 81" is aspirin.
_ANESTHESIA = re.compile(
    r"ASA[\s:]*(?:class|score|grade|status|PS|physical status)?[\s:#]*(?:[1-6]|IV|V?I{1,3})E?\b(?!\s*(?:mg|tab))"
)
_ADDRESSED = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Drs)\.?\s+(?:[A-Z]\.?\s*){0,2}\Z")

Expansions = dict[int, tuple[int, list[tuple[frozenset[str], float]]]]


def expansions(
    words: Sequence[Word], text: str, sentences: Sequence[tuple[int, int]] = (), sections: Sequence[str] = ()
) -> Expansions:
    """Places of abbreviations, each with its last word and the stems of each sense with its share of such uses.

    Of several abbreviations that begin at a word the longest counts ("c diff"); in a line of capitals those that only
    capitals tell from a word do not. ``sentences``: where they begin and end in characters (none: all is one);
    ``sections``: the kind of section of each word.
    """
    around = _Around(words, text, sentences)
    found: Expansions = {}
    place = 0
    while place < len(words):
        step = 1
        for last in range(min(place + _LONGEST, len(words)) - 1, place - 1, -1):
            written = text[words[place].start : words[last].end]
            if last > place and (len(written) > _LETTERS or not around.joined(place, last)):
                continue
            several = senses(written)
            if not several:
                continue
            if case_sensitive(written) and _among_capitals(words, place, text):
                continue
            if len(several) > 1:
                if written.isupper() and _among_capitals(words, place, text):
                    several = senses(written, shouted=True)
                section = sections[place] if sections else ""
                several = meant(several, around.near(place, last), around.note, section)
            senses_of = [(stems, one.share) for one in several for stems in meanings(one.text)]
            meant_so = _is_written_so(written) and not is_unit_or_name(
                text, words[place].start, words[last].end
            )
            found[place] = last, senses_of if meant_so else []
            step = last - place + 1
            break
        place += step
    return found


class _Around:
    """What stands around words of a note, as stems, made where it is asked for."""

    def __init__(self, words: Sequence[Word], text: str, sentences: Sequence[tuple[int, int]]) -> None:
        self._words, self._text = words, text
        self._begins, self._ends = [start for start, _ in sentences], [end for _, end in sentences]

    @cached_property
    def _stems(self) -> list[str]:
        return [stem(word.text) for word in self._words]

    @cached_property
    def note(self) -> frozenset[str]:
        return frozenset(self._stems)

    def _sentence(self, word: int) -> int:
        return bisect_right(self._begins, self._words[word].start) - 1

    def joined(self, first: int, last: int) -> bool:
        """Whether two words stand in the same sentence."""
        return self._sentence(first) == self._sentence(last)

    def near(self, first: int, last: int) -> set[str]:
        """The stems near words ``first`` to ``last`` in their sentence, and whether numbers are beside them."""
        words, text = self._words, self._text
        start, end = words[first].start, words[last].end
        sentence = self._sentence(first)
        begin, finish = (self._begins[sentence], self._ends[sentence]) if sentence >= 0 else (0, len(text))
        low, high = first, last + 1
        while low > 0 and low > first - _NEAR and words[low - 1].start >= begin:
            low -= 1
        while high < len(words) and high <= last + _NEAR and words[high].start < finish:
            high += 1
        found = {*self._stems[low:first], *self._stems[last + 1 : high]}
        if last + 1 < high and words[last + 1].text.isdigit():
            found.add(AFTER)
        if low < first and words[first - 1].text.isdigit():
            found.add(BEFORE)
        if PERCENT in text[max(start - _CLOSE, begin) : min(end + _CLOSE, finish)]:
            found.add(PERCENT)
        return found


def _is_written_so(written: str) -> bool:
    """Whether a text may be an abbreviation of a clinical term; "i.e.", "a.m.", "pH" and how one is addressed are none:
    "Mr. B" has no mitral regurgitation.
    """
    return written.lower() not in ("i.e", "e.g", "a.m", "p.m") and written not in (
        "pH",
        "Mr",
        "Ms",
        "Dr",
        "Mrs",
    )


def is_unit_or_name(text: str, start: int, end: int) -> bool:
    """Whether letters are a unit behind a number, initials of a person, the tag of a diagnosis, a class of risk, or
    the kind of a drug: "Lotrimin AF" is no fibrillation, "Mucinex DM" no diabetes.
    """
    if text[start:end].islower():
        return False
    if cue("kind of drug").before(text, end, end - start + _DRUG):
        return True
    before = text[max(start - _CLOSE, 0) : start]
    if _ANESTHESIA.match(text, start) or any(_RISK_TAG.match(text, start - back) for back in (1, 5)):
        return True
    if _UNIT.fullmatch(text, start, end) and _COUNTED.search(before):
        return True
    return text[start:end].isupper() and bool(_DEGREE.match(text, end) or _ADDRESSED.search(before))


def _among_capitals(words: Sequence[Word], place: int, text: str) -> bool:
    """Whether the words around one are written in capitals too."""
    around = [words[p] for p in range(max(place - 4, 0), min(place + 5, len(words))) if p != place]
    letters = [text[word.start : word.end] for word in around if len(word.text) > 3 and word.text.isalpha()]
    return len(letters) > 1 and all(one.isupper() for one in letters)
