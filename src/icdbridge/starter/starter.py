"""The starter: codes for a note from what code systems and public lists say of every code, without any coded note."""

import re
from collections.abc import Container, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from icdbridge.errors import InputError
from icdbridge.knowledge.frequency import hospital_frequency
from icdbridge.knowledge.words import EMPTY
from icdbridge.lexical.contexts import NoteContexts
from icdbridge.packed import packed_records
from icdbridge.starter.coding_rules import apply_rules, is_diagnosis
from icdbridge.starter.diabetes_type import of_one_type
from icdbridge.starter.facts import is_at_discharge, is_inpatient
from icdbridge.starter.found import Found, Speaking
from icdbridge.starter.knowledge_building import Prepared, prepared
from icdbridge.starter.line_features import Known, line_features, phrase_key
from icdbridge.starter.line_ranking import Ranking, shipped_ranking
from icdbridge.starter.lines import Line, make_lines
from icdbridge.starter.note_reading import Note, read_note
from icdbridge.starter.practice import practice_lines
from icdbridge.starter.said import find_said
from icdbridge.starter.same_category import merge_categories

# What is left of the confidence of a line that nothing asserts, by why. Never learnt: a source may code what notes
# deny.
BELIEF = {
    "": 1.0,
    "integral": 0.3,
    "uncertain": 0.3,
    "historical": 0.1,
    "negated": 0.02,
    "hypothetical": 0.02,
    "family": 0.01,
}
# A symptom is coded where no diagnosis is (I.B.4): at least this confident in a note that asserts none. Too few of the
# notes that the ranking was learnt from are so.
ALONE = 0.6
# What an assessment lists as an item by itself is coded. Words for tumors and injuries of no site say too little, "MI"
# may be an old one, and in chapters 15 and 21 it hangs on the encounter.
LISTED = 0.55
_LISTED_OTHERWISE = ("D49", "T14", "I21", "I63", "O", "Z", "V", "W", "X", "Y")
_ITEM_BEGINS = re.compile(r"(?:\A|[\n.:;]\s*,?|[\n.:;,(]\s*\d{1,2}[.)]|\n\s*[-*\u2022])\s*\Z")
_ITEM_ENDS = re.compile(r"\s*(?:\Z|[\n.;])")
_REACH = 8  # characters
_BESIDE = {
    *EMPTY,
    "mild",
    "moderate",
    "severe",
    "acute",
    "chronic",
    "known",
    "stable",
    "left",
    "right",
    "bilateral",
}
SHORT = (
    30  # words of a note that is about the only diagnosis it asserts; longer ones are about something unfound
)
_BY_RULE = 0.2  # where another code is coded in its place
# The first never stands without the second, which is as sure where the note says it too, and stands ahead of it or
# behind.
TOGETHER = [
    (first, row["then"], row["stands"] == "ahead")
    for row in packed_records(__package__, "data/together.csv")
    for first in row["first"].split(";")
]
_ALIKE = 0.05  # a second one that is so little surer is shown as sure as the first
LEAST = 0.2  # confidence of a code that no name speaks for, only what other notes with such words were coded
ALTERNATIVES = 8  # siblings and other readings that stand behind a line


class Starter:
    """One code system, ready to code notes: ``icd10cm`` or ``icd9cm``. ``cache`` keeps what is made at first use."""

    def __init__(self, system: str, cache: Path, ranking: Ranking | None = None) -> None:
        self.system = system
        self.prepared: Prepared = prepared(system, cache)
        self._ranking = ranking

    @property
    def ranking(self) -> Ranking:
        """How lines are ranked; ``InputError`` where the package ships none for these features."""
        self._ranking = self._ranking or shipped_ranking()
        if self._ranking is None:
            raise InputError("the starter's ranking was learnt for other features: install the package again")
        return self._ranking

    @cached_property
    def frequency(self) -> np.ndarray:
        """How often hospitals use each code of the tree: 2 frequent, 1 seen, 0 never."""
        often = hospital_frequency(self.system)
        rank = {"frequent": 2, "seen": 1}
        return np.array([rank.get(often.get(code, ""), 0) for code in self.prepared.tree.codes], np.int8)

    def lines(
        self, text: str, inpatient: bool | None = None, contexts: NoteContexts | None = None
    ) -> tuple[Note, list[Line]]:
        """Reads a note and makes the lines of its list, not yet ranked. ``inpatient`` None: as the note itself says;
        ``contexts`` of the text: where they are known.
        """
        tree, dictionary = self.prepared
        note = read_note(text, dictionary.stems, contexts)
        told = inpatient is not None
        inpatient = is_inpatient(text) if inpatient is None else inpatient
        final = inpatient and (told or is_at_discharge(text))
        found = find_said(note, dictionary, tree, final=final)
        lines = make_lines(note, found, tree, inpatient=inpatient, final=final)
        return note, apply_rules(note, merge_categories(of_one_type(note, lines, tree), tree), tree)

    def features(self, note: Note, lines: list[Line], ranking: Ranking) -> np.ndarray:
        """Features float32 [L, len(FEATURES)] of lines, with what the ranking's notes know of their phrases; the
        ``lines`` grow by what else such words are coded in practice.
        """
        tree = self.prepared.tree
        practised = ranking.practice.said_by(note)
        lines += practice_lines(note, lines, practised, tree)
        known = [self.known(line, ranking) for line in lines]
        return line_features(note, lines, tree, self.frequency, known, practised)

    def known(self, line: Line, ranking: Ranking) -> Known:
        """In how many notes the line's phrase was found with its code, and in how many of these it was labelled.

        Of published notes, of our own notes, and of our own notes by the code alone.
        """
        if (
            line.origin == "practice"
        ):  # no name of the code was found, so what is known of its names says nothing
            return Known((0, 0), (0, 0), (0, 0))
        phrase, code = self.keys(line)
        return Known(ranking.published.known(phrase), ranking.own.known(phrase), ranking.own.known(code))

    def keys(self, line: Line) -> tuple[int, int]:
        """The phrase that speaks most for a line with its code, as a hash, and the code alone."""
        best, code = line.best, self.prepared.tree.codes[line.code]
        phrase = () if best is None else self.prepared.dictionary.phrase(best.phrase)
        return phrase_key(phrase, code), phrase_key(("",), code)

    def code(self, text: str, inpatient: bool | None = None) -> list[Found]:
        """The codes of a note, the most confident first; those that nothing asserts come last."""
        note, lines = self.lines(text, inpatient)
        confidence = self.ranking.confidence(self.ranking.raw(self.features(note, lines, self.ranking)))
        said = [
            self.prepared.tree.codes[line.code] if line.asserted and line.origin != "practice" else ""
            for line in lines
        ]
        if not any(code and is_diagnosis(code) for code in said):
            symptoms = [code.startswith("R") for code in said]
            confidence[symptoms] = np.maximum(confidence[symptoms], ALONE)
        diagnoses = [bool(code) and is_diagnosis(code) for code in said]
        if sum(diagnoses) == 1 and len(note.words) <= SHORT:
            confidence[diagnoses] = np.maximum(confidence[diagnoses], ALONE)
        only_named = self._only_named(note, lines)
        listed = [self._is_listed(note, line, only_named) for line in lines]
        confidence[listed] = np.maximum(confidence[listed], LISTED)
        second = np.zeros(len(said), np.int64)
        for first, then, ahead in TOGETHER:
            asked = np.array([code.startswith(then) for code in said], bool)
            surest = max(
                (confidence[row] for row, code in enumerate(said) if code.startswith(first)), default=0
            )
            as_sure = asked & (confidence < surest + (0 if ahead else _ALIKE))
            confidence[as_sure] = surest
            second += (as_sure & (surest > 0)) * (-1 if ahead else 1)
        confidence *= [BELIEF.get(line.doubt, _BY_RULE) for line in lines]
        order = np.lexsort((second, -confidence))
        return [
            self._found(lines[row], float(confidence[row]))
            for row in order.tolist()
            if lines[row].origin != "practice" or confidence[row] >= LEAST
        ]

    def _only_named(self, note: Note, lines: Sequence[Line]) -> set[int]:
        """The sentences that only name things said, and how bad they are: "Back pain and mild anemia (285.9)."."""
        named = {place for line in lines for one in line.said for place in one.places}
        rest = (
            place
            for place, word in enumerate(note.words)
            if place not in named and word.text.isalpha() and word.text not in _BESIDE
        )
        return {*note.sentence.tolist()} - {int(note.sentence[place]) for place in rest}

    def _is_listed(self, note: Note, line: Line, only_named: Container[int]) -> bool:
        """Whether a diagnosis is an item by itself of what is diagnosed, or beside nothing but others, and named as its
        code says.
        """
        tree = self.prepared.tree
        if line.origin != "said" or tree.codes[line.code].startswith(_LISTED_OTHERWISE):
            return False
        return any(
            one.named == line.code
            and note.section[one.places[0]] in ("assessment", "diagnoses")
            and (
                int(note.sentence[one.places[0]]) in only_named
                or (
                    _ITEM_BEGINS.search(note.text, max(one.start - _REACH, 0), one.start)
                    and _ITEM_ENDS.match(note.text, one.end)
                )
            )
            for one in line.said
        )

    def _found(self, line: Line, confidence: float) -> Found:
        tree = self.prepared.tree
        spans = {(one.start, one.end): Speaking(one.start, one.end, None) for one in line.said}
        for one, why in line.doubted:
            context = why if why in BELIEF else "replaced"
            spans.setdefault((one.start, one.end), Speaking(one.start, one.end, context))
        if line.span:
            spans[line.span] = Speaking(*line.span, None)
        others = [code for code in line.alternatives if code != line.code][:ALTERNATIVES]
        return Found(
            tree.codes[line.code],
            tree.titles[line.code],
            confidence,
            tuple(spans.values()),
            tuple((tree.codes[code], tree.titles[code]) for code in others),
            line.reason or (line.doubt if line.doubt not in BELIEF else ""),
            not line.asserted,
        )
