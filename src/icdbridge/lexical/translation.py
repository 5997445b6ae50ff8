"""Translates notes into English, phrase by phrase, as learned from parallel texts; good enough to find names of codes.

Phrases of other languages are kept as hashes, so training notes cannot be read from a run folder.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np

from icdbridge.knowledge.words import EMPTY, plain_words, split, stem
from icdbridge.lexical.associations import hash_word, running_hashes
from icdbridge.lexical.note import NoteWords

LONGEST = 3  # words of a phrase
FEWEST, SHARE = 2, 0.4  # of the places where several words stand, those with the same translation
SHARE_OF_WORD = 0.2  # the same of one word
_APART = re.compile(r"[.;:()\n]")  # what no phrase goes over
# English endings and letters of words from Latin and Greek, as languages that descend from Latin write them.
_COGNATES: dict[str, str] = tomllib.loads((files(__package__) / "data/cognates.toml").read_text("utf-8"))
_ENDINGS, _LETTERS = (
    [pair.split("=") for pair in _COGNATES[name].split()] for name in ("endings", "letters")
)
_COGNATE = 5  # letters that a word needs


@dataclass(frozen=True)
class Translated:
    """A note in English: its ``text``, and of each phrase (ascending) the characters there and in the note: ``spans``
    int64 [n, 4].
    """

    text: str
    spans: np.ndarray

    def glosses(self, note: NoteWords) -> dict[int, list[str]]:
        """The stems of the English words for words of the ``note`` that was translated, by their place there; the words
        of a phrase stand at those of the note in their order.
        """
        found: dict[int, list[str]] = {}
        first = np.searchsorted(note.spans[:, 0], self.spans[:, 2])
        last = np.searchsorted(note.spans[:, 0], self.spans[:, 3]) - 1
        for (start, end, *_), place, until in zip(
            self.spans.tolist(), first.tolist(), last.tolist(), strict=True
        ):
            for number, (word, _, _) in enumerate(split(self.text[start:end])):
                where = min(place + number, until)
                if word not in EMPTY and stem(word) != note.stems[where]:
                    found.setdefault(where, []).append(stem(word))
        return found

    def original(self, start: int, end: int) -> tuple[int, int] | None:
        """Where the note says what the translation says from ``start`` to ``end``."""
        inside = (self.spans[:, 0] < end) & (self.spans[:, 1] > start)
        own = self.spans[inside]
        return (int(own[:, 2].min()), int(own[:, 3].max())) if len(own) else None


@dataclass(frozen=True)
class Translator:
    """Phrases (``hashes`` uint64 [P], ascending) with their ``english`` [P], and the English words of names of codes
    (``words``), by which words are known that no parallel text has.
    """

    hashes: np.ndarray
    english: Sequence[str]
    words: Sequence[str]

    @cached_property
    def _cognates(self) -> dict[str, str]:
        return {_core(_as_latin(word)): word for word in reversed(self.words) if len(word) >= _COGNATE}

    def translate(self, note: NoteWords) -> Translated:
        """Translates a note: the longest known phrases first, then words; unknown words stay."""
        words, text = note.words, note.text
        known = self._known(note)
        parts: list[str] = []
        spans: list[tuple[int, int, int, int]] = []
        place, length, before = 0, 0, 0
        while place < len(words):
            size, row = known.get(place, (1, -1))
            start, end = words[place][1], words[place + size - 1][2]
            put = self.english[row] if row >= 0 else self._unknown(words[place][0], text[start:end])
            parts += [text[before:start], put]
            length += start - before
            spans.append((length, length + len(put), start, end))
            length += len(put)
            place, before = place + size, end
        return Translated("".join([*parts, text[before:]]), np.array(spans, np.int64).reshape(-1, 4))

    def _known(self, note: NoteWords) -> dict[int, tuple[int, int]]:
        """Of each place where a phrase begins the longest one: its size and row."""
        found: dict[int, tuple[int, int]] = {}
        if not len(self.hashes):
            return found
        for size, state in enumerate(_phrase_hashes(note), 1):
            row = np.minimum(np.searchsorted(self.hashes, state), len(self.hashes) - 1)
            for place in np.flatnonzero(self.hashes[row] == state).tolist():
                first, last = note.words[place], note.words[place + size - 1]
                if size == 1 or not _APART.search(note.text, first[2], last[1]):
                    found[place] = size, int(row[place])
        return found

    def _unknown(self, word: str, written: str) -> str:
        """The English word of names of codes that looks like it; the word itself where none does."""
        if len(word) < _COGNATE or not word.isalpha():
            return written
        return self._cognates.get(_core(word), written)


class ParallelNotes:
    """Notes with their translations, whose words were aligned: which phrases stand for which, counted by note."""

    def __init__(
        self, notes: Sequence[tuple[NoteWords, NoteWords]], links: Sequence[np.ndarray], words: Sequence[str]
    ) -> None:
        self._words = words
        self._counts = [
            Counter(_phrases(note, other, found)) for (note, other), found in zip(notes, links, strict=True)
        ]
        self._places = [
            Counter(state for states in _phrase_hashes(note) for state in states.tolist())
            for note, _ in notes
        ]
        self._short = {
            state
            for note, _ in notes
            for states in _phrase_hashes(note)
            for state, (word, _, _) in zip(states.tolist(), note.words, strict=False)
            if len(states) == len(note.words) and len(word) < _COGNATE
        }

    def learn(self, kept: np.ndarray) -> Translator:
        """The translator learned from the ``kept`` notes [N]."""
        counts: Counter[tuple[int, int, str]] = Counter()
        places: Counter[int] = Counter()
        for note in np.flatnonzero(kept).tolist():
            counts.update(self._counts[note])
            places.update(self._places[note])
        known = set(self._words)
        best: dict[int, tuple[int, int, str]] = {}
        linked: Counter[int] = Counter()
        for (state, size, english), count in counts.items():
            linked[state] += count
            if state not in best or (count, english) > (best[state][0], best[state][2]):
                best[state] = count, size, english
        chosen = {
            state: english
            for state, (count, size, english) in best.items()
            if count >= (SHARE if size > 1 else SHARE_OF_WORD) * places[state]
            # words of one note alone are kept only where they are words of names of codes
            and (count >= FEWEST or (size == 1 and known.issuperset(english.split())))
        }
        chosen |= {
            state: ""
            for state, often in places.items()
            if often > FEWEST
            and state in self._short
            and state not in chosen
            and linked[state] < SHARE_OF_WORD * often
        }
        hashes = np.array(sorted(chosen), np.uint64)
        return Translator(hashes, [chosen[state] for state in hashes.tolist()], self._words)


def _phrase_hashes(note: NoteWords) -> Iterator[np.ndarray]:
    return running_hashes(np.array([hash_word(word) for word, _, _ in note.words], np.uint64), LONGEST)


def _phrases(note: NoteWords, other: NoteWords, links: np.ndarray) -> Iterator[tuple[int, int, str]]:
    """The phrases of a note whose words belong to words in a row of its translation, and to them alone: the hash, how
    many words, and these words in English.
    """
    of_own: list[list[int]] = [[] for _ in note.words]
    of_other: list[list[int]] = [[] for _ in other.words]
    for own, theirs in links.tolist():
        of_own[own].append(theirs)
        of_other[theirs].append(own)
    for size, states in enumerate(_phrase_hashes(note), 1):
        for place, state in enumerate(states.tolist()):
            if not of_own[place] or not of_own[place + size - 1]:
                continue
            theirs = [one for word in of_own[place : place + size] for one in word]
            first, last = min(theirs), max(theirs)
            if last - first > 2 * size:
                continue
            back = [one for word in of_other[first : last + 1] for one in word]
            if min(back) >= place and max(back) < place + size:
                yield state, size, " ".join(word for word, _, _ in other.words[first : last + 1])


def english_words(names: Iterable[str]) -> list[str]:
    """The words of names of codes, the commonest first."""
    often = Counter(word for name in names for word in plain_words(name) if word.isalpha())
    return [word for word, _ in sorted(often.items(), key=lambda one: (-one[1], one[0]))]


def _as_latin(word: str) -> str:
    for english, latin in _ENDINGS:
        if word.endswith(english):
            return word.removesuffix(english) + latin
    return word


def _core(word: str) -> str:
    """What a word and its cognates in other languages share."""
    for letters, others in _LETTERS:
        word = word.replace(letters, others)
    word = re.sub(r"(.)\1", r"\1", word)
    word = re.sub(r"^es(?=[pctml])", "s", re.sub(r"^p(?=[nst])", "", word))
    if not word.endswith(("itis", "osis", "asis")):
        word = re.sub(r"(?:es|s)$", "", word)
    return re.sub(r"[aeio]+$", "", word)
