"""A note as the starter reads it: its words, the stems that they stand for, sentences, sections and contexts."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from icdbridge.knowledge.words import EMPTY
from icdbridge.lexical.contexts import CONTEXTS, NoteContexts
from icdbridge.lexical.sections import sections
from icdbridge.lexical.sentences import sentences
from icdbridge.starter.cues import cue
from icdbridge.starter.enumerations import carried
from icdbridge.starter.facts import is_newborn, pregnancy_stems
from icdbridge.starter.leaflets import general
from icdbridge.starter.measures import Measure, measures
from icdbridge.starter.mentions import Occurrences, positions
from icdbridge.starter.relatives import is_adult, of_relatives, patient_sex
from icdbridge.starter.specimens import headings, with_specimens
from icdbridge.starter.stems import SIDES, Word, root, whole, words_of
from icdbridge.starter.word_meanings import Meanings, causes_in, meanings_in

_NEGATED, _FAMILY = CONTEXTS.index("negated"), CONTEXTS.index("family")
_HYPOTHETICAL = CONTEXTS.index("hypothetical")
_APART = [CONTEXTS.index("negated"), CONTEXTS.index("family")]
_YEAR = re.compile(r"(?<![\d.,-])(?:19|20)\d\d(?!\d|\.\d)")
_BESIDE = 4  # words on both sides of "left" that tell whose side it is
HEAD = 250  # characters in which a note says what kind it is
REACH = 120  # tenths of words: how far from a mention words of its sentence still say more of it


@dataclass(frozen=True)
class Note:
    """``where`` int32 [T] as ``mentions.positions`` gives it; ``marks`` bool [T, len(CONTEXTS)]; ``section`` [T] the
    kind of section that each word stands in; ``own`` its stems, ``ends`` where it ends (an abbreviation of several
    words: where the last does); ``senses`` for words that stand for several stems at once: these stems, with the share
    of uses that mean them; ``items`` for words of an enumeration the word that it begins with, and the number of their
    item; ``plain`` what is found without what enumerations lend their items.
    """

    text: str
    words: list[Word]
    sentences: list[tuple[int, int]]
    where: np.ndarray
    found: Occurrences
    marks: np.ndarray
    section: list[str]
    own: list[frozenset[str]]
    ends: list[int]
    senses: Mapping[int, list[tuple[frozenset[str], float]]]
    items: Mapping[int, tuple[int, int]]
    plain: Occurrences

    @cached_property
    def _years(self) -> set[int]:
        return {int(year) for year in _YEAR.findall(self.text)}

    @property
    def years(self) -> int:
        """How many different years the note names."""
        return len(self._years)

    @property
    def year(self) -> int:
        """The latest year that the note names."""
        return max(self._years, default=0)

    @cached_property
    def of_newborn(self) -> bool:
        return is_newborn(self.text)

    @cached_property
    def sex(self) -> str:
        """As ``relatives.patient_sex`` reads it, but of newborns, whose notes tell of the mother's age."""
        return "" if self.of_newborn else patient_sex(self.text)

    @cached_property
    def of_adult(self) -> bool:
        return is_adult(self.text)

    @cached_property
    def measured(self) -> Sequence[Measure]:
        """The numbers that codes stand for."""
        return list(measures(self.text, newborn=self.of_newborn))

    def says(self, name: str) -> bool:
        """Whether a wording of a cue stands anywhere in it, which is looked up once: many mentions ask."""
        if name not in self._told:
            self._told[name] = cue(name).within(self.text) is not None
        return self._told[name]

    @cached_property
    def _told(self) -> dict[str, bool]:
        return {}

    @cached_property
    def of_aftercare(self) -> bool:
        """Whether the note is of care after an injury was treated: rehabilitation, a nursing facility, at home."""
        return bool(cue("aftercare").within(self.text, 0, HEAD))

    @cached_property
    def of_later_care(self) -> bool:
        """Whether the note is of care long after a disease, in the same places."""
        return bool(cue("later care").within(self.text, 0, HEAD))

    @property
    def of_pregnancy(self) -> bool:
        """Whether anything in the note is of a pregnancy, a delivery or the weeks after it."""
        return self.says("pregnancy") or self.says("mother")

    @cached_property
    def pregnancy(self) -> Sequence[str]:
        return pregnancy_stems(self.text)

    @cached_property
    def sentence(self) -> np.ndarray:
        """A number [T] that differs between sentences."""
        return np.cumsum(np.diff(self.where, prepend=0) > 500)

    @cached_property
    def causes(self) -> set[int]:
        """The places of what something was induced by."""
        return causes_in(self.words)

    def mixed(self, places: tuple[int, ...], *, final: bool) -> bool:
        """Whether only some of the words stand negated, are said of a relative or, where what is probable is not
        ``final``, are unsure: they are then not said together.
        """
        apart = _APART if final else [*_APART, CONTEXTS.index("uncertain")]
        return any(0 < self._count(places, context) < len(places) for context in apart)

    @cached_property
    def only_side(self) -> str | None:
        """The side of the body that the note names where it names but one; "bilateral" may be of anything."""
        named = {side for own in self.own for side in SIDES if side in own}
        return next(iter(named)) if len(named) == 1 and named <= {*SIDES[:2]} else None

    @cached_property
    def beside_sides(self) -> frozenset[str]:
        """The stems of the words right behind and before sides."""
        near = (
            self.own[near]
            for place, own in enumerate(self.own)
            if not own.isdisjoint(SIDES)
            for near in range(max(place - _BESIDE, 0), min(place + _BESIDE + 1, len(self.own)))
        )
        return frozenset[str]().union(*near)

    def written(self, place: int) -> frozenset[str]:
        """The stems of a word; an abbreviation of several words ("breast ca") is written as what it stands for."""
        several = self.ends[place] > self.words[place].end
        return self.own[place].union(*(sense for sense, _ in self.senses[place] if several))

    def marked(self, places: tuple[int, ...], context: str) -> bool:
        """Whether most of these words stand in a context."""
        return 2 * self._count(places, CONTEXTS.index(context)) > len(places)

    def touched(self, places: tuple[int, ...], context: str) -> bool:
        """Whether any of these words stands in a context."""
        return self._count(places, CONTEXTS.index(context)) > 0

    def _count(self, places: tuple[int, ...], context: int) -> int:
        marked = self._marked[context]
        return sum(marked[place] for place in places)

    @cached_property
    def _marked(self) -> list[list[bool]]:
        """``marks`` turned round, as lists: single words are read from these faster."""
        return self.marks.T.tolist()


def read_note(text: str, stems: Mapping[str, int], contexts: NoteContexts | None = None) -> Note:
    """Reads a note; ``stems`` numbers those that the dictionary has, ``contexts`` are those of the text if known."""
    words, ranges = words_of(text), sentences(text)
    spans = np.array([(word.start, word.end) for word in words], np.int64).reshape(-1, 2)
    marks = (contexts or NoteContexts(text)).of(spans)
    for begin, end in of_relatives(text, ranges):
        marks[slice(*np.searchsorted(spans[:, 0], (begin, end))), _FAMILY] = True
    for begin, end in general(text, ranges):
        marks[slice(*np.searchsorted(spans[:, 0], (begin, end))), _HYPOTHETICAL] = True
    section = _section_of_words(text, spans[:, 0])
    read = meanings_in(text, words, ranges, section, marks[:, _NEGATED])
    read, diagnosed = with_specimens(text, words, read)
    read = read._replace(own=_with_non(words, read.own, stems))
    plain = _occurrences(read, stems)
    read, items = _with_heads(text, words, read)
    items |= diagnosed
    found = _occurrences(read, stems) if items else plain
    where = positions(text, words, EMPTY, ranges, list(headings(text)))
    return Note(
        text, words, ranges, where, found, marks, section, read.own, read.ends, read.senses, items, plain
    )


def _with_non(
    words: Sequence[Word], own: Sequence[frozenset[str]], stems: Mapping[str, int]
) -> list[frozenset[str]]:
    """The stems of words, "non-displaced" and "non displaced" as the one word that names of codes have."""
    found = list(own)
    for place, (first, second) in enumerate(itertools.pairwise(words)):
        if (
            first.text == "non"
            and second.start - first.end == 1
            and root(joined := first.text + second.text) in stems
        ):
            found[place + 1] = frozenset({root(joined), whole(joined)})
    return found


def _section_of_words(text: str, starts: np.ndarray) -> list[str]:
    """The kind of section that each word stands in."""
    kinds = [""] * len(starts)
    for section in sections(text):
        first, last = np.searchsorted(starts, (section.start, section.end)).tolist()
        kinds[first:last] = [section.kind] * (last - first)
    return kinds


def _with_heads(
    text: str, words: Sequence[Word], read: Meanings
) -> tuple[Meanings, dict[int, tuple[int, int]]]:
    """The meanings of words, those of enumerations with what their list begins with besides ("metastases to brain and
    bone": bone has the metastases too); and the words of enumerations as ``Note.items`` has them.
    """
    own, senses = list(read.own), dict(read.senses)
    items: dict[int, tuple[int, int]] = {}
    for head, listed in carried(text, words):
        items |= {place: (head, number) for number, item in enumerate(listed) for place in item}
        for place in (place for item in listed[1:] for place in item):
            if words[place].text not in EMPTY:
                own[place] |= own[head]
                senses[place] = senses[place] + senses[head]
    return read._replace(own=own, senses=senses), items


def _occurrences(read: Meanings, stems: Mapping[str, int]) -> Occurrences:
    """The stems of words that the dictionary has."""
    pairs = [
        (stems[one], place)
        for place, literal in enumerate(read.own)
        for one in sorted(literal.union(*(sense for sense, _ in read.senses[place])))
        if one in stems
    ]
    return Occurrences(*np.array(pairs, np.int32).reshape(-1, 2).T)
