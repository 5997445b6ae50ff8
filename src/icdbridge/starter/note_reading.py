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
from icdbridge.lexical.sentences import item_numbers, sentences
from icdbridge.starter.enumerations import carried
from icdbridge.starter.expansions import expansions, is_unit_or_name
from icdbridge.starter.facts import is_newborn, is_operation_report, pregnancy_stems, tells_of_pregnancy
from icdbridge.starter.mentions import Occurrences, positions
from icdbridge.starter.stems import (
    Word,
    drug_words,
    level_stems,
    root,
    roots,
    scale_stems,
    synonyms,
    whole,
    words_of,
)

_NEGATED, _DRUG = CONTEXTS.index("negated"), root("drug")
_APART = [CONTEXTS.index("negated"), CONTEXTS.index("family")]
SIDES = ("left", "right", "bilateral")
_YEAR = re.compile(r"(?<![\d.,-])(?:19|20)\d\d(?!\d|\.\d)")
REACH = 120  # tenths of words: how far from a mention words of its sentence still say more of it


@dataclass(frozen=True)
class Note:
    """``where`` int32 [T] as ``mentions.positions`` gives it; ``marks`` bool [T, len(CONTEXTS)]; ``section`` [T] the
    kind of
    section that each word stands in; ``own`` its stems, ``ends`` where it ends (an abbreviation of several words: where
    the last does); ``senses`` for words that stand for several stems at once: these stems, with the share
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
    def of_operation(self) -> bool:
        return is_operation_report(self.text)

    @cached_property
    def of_pregnancy(self) -> bool:
        return tells_of_pregnancy(self.text)

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
        return before_induced(self.words)

    def mixed(self, places: tuple[int, ...]) -> bool:
        """Whether only some of the words stand negated, or are said of a relative: they are then not said together."""
        return any(0 < self._count(places, context) < len(places) for context in _APART)

    @cached_property
    def only_side(self) -> str | None:
        """The side of the body that the note names where it names but one."""
        named = {side for own in self.own for side in SIDES if side in own}
        return named.pop() if len(named) == 1 else None

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
        marked: list[list[bool]] = self.marks.T.tolist()
        return marked


def read_note(text: str, stems: Mapping[str, int], contexts: NoteContexts | None = None) -> Note:
    """Reads a note; ``stems`` numbers those that the dictionary has, ``contexts`` are those of the text if known."""
    words = words_of(text)
    spans = np.array([(word.start, word.end) for word in words], np.int64).reshape(-1, 2)
    counting = {start for start, _ in item_numbers(text)}  # "2. CKD 3. Gout" has neither stage 3 nor class 2
    scales = dict(scale_stems(["" if word.start in counting else word.text for word in words]))
    levels = dict(level_stems([word.text for word in words]))
    apart = _said_otherwise(words)
    disks = _ill_disks(words)
    compared = _compared_sides(text, words)
    causes = before_induced(words)
    alone = apart | disks.keys()  # words without synonyms
    meant = synonyms()
    marks = (contexts or NoteContexts(text)).of(spans)
    own: list[frozenset[str]] = []
    ends = [word.end for word in words]
    of_words = [""] * len(words)
    for section in sections(text):
        first, last = np.searchsorted(spans[:, 0], (section.start, section.end)) if len(words) else (0, 0)
        of_words[first:last] = [section.kind] * int(last - first)
    ranges = sentences(text)
    written = expansions(words, text, ranges, of_words)
    senses: dict[int, list[tuple[frozenset[str], float]]] = {}
    for place, word in enumerate(words):
        own_root = root(word.text)
        silent = word.text in EMPTY or word.start in counting or place in apart
        silent = silent or is_unit_or_name(text, word.start, word.end)
        literal = set() if silent else {own_root, whole(word.text)}
        if marks[place, _NEGATED] and literal:
            literal.add(f"-{own_root}")
        literal |= {scales[place]} if place in scales else set()
        literal |= {_DRUG} if place in causes and word.text in drug_words() else set()
        literal |= levels.get(place, frozenset()) | disks.get(place, frozenset())
        last, several = written.get(place, (place, []))
        ends[place] = words[last].end
        if not several:
            several = [(one, 1.0) for one in meant.get(own_root, ()) if place not in alone]
        literal |= {next(iter(one)) for one, share in several if len(one) == 1 and share == 1.0}
        senses[place] = [one for one in several if len(one[0]) > 1 or one[1] < 1.0]
        if place in compared:
            literal, senses[place] = {SIDES[2]}, []
        own.append(frozenset(literal))
    plain = _occurrences(own, senses, stems)
    items: dict[int, tuple[int, int]] = {}
    for head, listed in carried(text, words):
        items |= {place: (head, number) for number, item in enumerate(listed) for place in item}
        for place in (place for item in listed[1:] for place in item):
            if words[place].text not in EMPTY:
                own[place] |= own[head]
                senses[place] = senses[place] + senses[head]
    found = _occurrences(own, senses, stems) if items else plain
    where = positions(text, words, EMPTY, ranges)
    return Note(text, words, ranges, where, found, marks, of_words, own, ends, senses, items, plain)


# Words that mean something else before these: "secondary to" no metastasis, "open reduction" no open fracture, "both
# episodes" no two sides, "cystic duct" no cyst.
_OTHERWISE = {
    "secondary": {"to"},
    "open": {"reduction", "reductions", "treatment", "repair", "procedure", "surgery", "heart", "biopsy", "approach"},
    "grave": {"disability", "condition", "prognosis", "concern", "concerns", "danger", "risk", "illness", "site"},
    "nervous": {"system", "systems"},
    "depressed": {"anterior", "posterior", "frontal", "skull", "fracture", "fractures", "comminuted", "lateral"},
    "ventricular": {"rate", "rates", "response", "responses"},
    "cystic": {"duct", "artery", "stump", "pedicle", "structures"},
    "both": {"episodes", "times", "occasions", "parents", "days", "procedures", "medications", "visits", "tests"},
}  # fmt: skip


def _said_otherwise(words: Sequence[Word]) -> set[int]:
    """The places of words of ``_OTHERWISE`` before what takes their meaning."""
    return {
        place
        for place, (word, following) in enumerate(itertools.pairwise(words))
        if following.text in _OTHERWISE.get(word.text, ())
    }


def before_induced(words: Sequence[Word]) -> set[int]:
    """The places of words before "induced": the drug of "opioid-induced"."""
    return {place for place, (_, after) in enumerate(itertools.pairwise(words)) if after.text == "induced"}


_DISKS = frozenset({"disc", "disk", "discs", "disks", "pulposus", "hnp", "hivd"})
_DISK = roots("disc", "intervertebral")
_OF_DISKS = (
    (
        re.compile(r"herniat\w+|protru\w+|extru\w+|bulg(?:e|es|ing)|prolapsed?|slipped|hnp|hivd"),
        roots("displacement"),
    ),
    (re.compile(r"degenerat\w+"), roots("degeneration")),
)


def _ill_disks(words: Sequence[Word]) -> dict[int, frozenset[str]]:
    """Where a disk stands, and what says that it is displaced (no hernia) or worn out, with the stems of titles."""
    found: dict[int, frozenset[str]] = {}
    for place, word in enumerate(words):
        for pattern, meant in _OF_DISKS:
            if pattern.fullmatch(word.text):
                around = range(max(place - 3, 0), min(place + 4, len(words)))
                beside = dict.fromkeys((near for near in around if words[near].text in _DISKS), _DISK)
                found |= beside | ({place: meant | beside.get(place, frozenset())} if beside else {})
    return found


_COMPARED = re.compile(
    r"\b(left|right|l|r|od|os|lt|rt)\b(?:\s*[<>]{1,2}\s*"
    r"|,? (?:is |are |was |much )*(?:worse|greater|more|bigger|larger|smaller|better|less) than (?:the )?(?:on the )?)"
    r"(left|right|l|r|od|os|lt|rt)\b",
    re.IGNORECASE,
)


def _compared_sides(text: str, words: Sequence[Word]) -> set[int]:
    """The sides of "OD worse than OS" and "R>L", which mean both."""
    starts = {start for found in _COMPARED.finditer(text) for start in (found.start(1), found.start(2))}
    return {place for place, word in enumerate(words) if word.start in starts}


def _occurrences(
    own: Sequence[frozenset[str]],
    senses: Mapping[int, list[tuple[frozenset[str], float]]],
    stems: Mapping[str, int],
) -> Occurrences:
    """The stems of words that the dictionary has."""
    pairs = [
        (stems[one], place)
        for place, literal in enumerate(own)
        for one in sorted(literal.union(*(sense for sense, _ in senses[place])))
        if one in stems
    ]
    return Occurrences(*np.array(pairs, np.int32).reshape(-1, 2).T)
