"""Codes several documents together: one list of codes, each with evidence from any document."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from icdbridge.codes.validity import LAST_DAY
from icdbridge.coding.on_day import on_day, once
from icdbridge.coding.set_rules import reapply_set_rules
from icdbridge.coding.suggestion import Suggestion
from icdbridge.lexical.evidence import Evidence
from icdbridge.lexical.sections import sections
from icdbridge.lexical.sentences import sentences
from icdbridge.rules.patient import ages_of, sex_of

REPEATED_WORDS = 6  # a shorter sentence may say the same by chance
# Between two documents stands a heading: no section of one goes on in the next.
_BETWEEN = "\n\nDOCUMENT:\n"
_WORD = re.compile(r"\w+")
_UNFIT = 0.1  # what is left of the confidence of a code that does not fit the patient


class Placed(NamedTuple):
    """Words of a document: its place in the list, and the span of evidence in its characters."""

    document: int
    span: Evidence


@dataclass(frozen=True)
class _Piece:
    """Characters of a document, ``start`` to ``end``, that stand at ``at`` in the joined text."""

    document: int
    start: int
    end: int
    at: int


@dataclass(frozen=True)
class Joined:
    """The documents as one text, without repetitions; ``repeats``: for each document the characters left out."""

    text: str
    repeats: Sequence[Sequence[tuple[int, int]]]
    pieces: Sequence[_Piece]

    def placed(self, span: Evidence) -> list[Placed]:
        """The places in the documents of a span of the joined text; it may cross characters that were left out."""
        found = []
        first = bisect_right(self.pieces, span.start, key=attrgetter("at")) - 1
        for piece in self.pieces[max(0, first) :]:
            if piece.at >= span.end:
                break
            start = max(span.start, piece.at)
            end = min(span.end, piece.at + piece.end - piece.start)
            if start < end:
                words = self.text[start:end]
                if words.strip():
                    moved = piece.start - piece.at
                    one = replace(span, start=start + moved, end=end + moved, text=words)
                    found.append(Placed(piece.document, one))
        return found


def join(texts: Sequence[str]) -> Joined:
    """Joins documents in reading order, without what repeats an earlier one. A single one stays unchanged."""
    repeats = repeated(texts)
    pieces, parts, at = [], list[str](), 0
    for number, text in enumerate(texts):
        if number:
            parts.append(_BETWEEN)
            at += len(_BETWEEN)
        for start, end in _others(repeats[number], len(text)):
            pieces.append(_Piece(number, start, end, at))
            parts.append(text[start:end])
            at += end - start
    return Joined("".join(parts), repeats, pieces)


def repeated(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    """For each text, the spans [start, end) of sentences that occur word for word in an earlier text.

    They have ``REPEATED_WORDS`` words or more, and their section is of the same kind: notes copy from earlier days.
    """
    seen: set[tuple[str, tuple[str, ...]]] = set()
    found = []
    for text in texts:
        spans: list[tuple[int, int]] = []
        here = set()
        for start, end, kind in _sentences_with_section(text) if len(texts) > 1 else ():
            words = tuple(_WORD.findall(text[start:end].lower()))
            if len(words) < REPEATED_WORDS:
                continue
            if (kind, words) in seen:
                if spans and not text[spans[-1][1] : start].strip():
                    start = spans.pop()[0]
                spans.append((start, end))
            here.add((kind, words))
        seen |= here
        found.append(spans)
    return found


def _sentences_with_section(text: str) -> list[tuple[int, int, str]]:
    found, parts = [], iter(sections(text))
    part = next(parts, None)
    for start, end in sentences(text):
        while part is not None and part.end <= start:
            part = next(parts, None)
        found.append((start, end, "" if part is None else part.kind))
    return found


def _others(spans: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    bounds = [0, *(bound for span in spans for bound in span), length]
    return [(start, end) for start, end in zip(bounds[::2], bounds[1::2], strict=True) if start < end]


@dataclass(frozen=True)
class EncounterSuggestion:
    """A suggestion, with its evidence ``placed`` in the documents; ``suggestion.evidence`` lies in the joined text."""

    suggestion: Suggestion
    placed: Sequence[Placed]


def code_version_on(day: date | None, versions: Sequence[str], default: str | None) -> str:
    """The version, of the model's ``versions``, in which an encounter that ended on a day is coded."""
    usual = default or versions[0]
    wanted = usual if day is None else "icd9" if day <= LAST_DAY["icd9"] else "icd10"
    return wanted if wanted in versions else usual


def fitted(
    joined: Joined,
    found: Sequence[Suggestion],
    day: date | None = None,
    sex: str | None = None,
    age: float | None = None,
) -> list[EncounterSuggestion]:
    """Adapts the suggestions for the joined text to the encounter.

    Codes are those valid on the day of discharge. Codes that do not fit the patient come last. No two predicted codes
    exclude each other. Evidence is located in the documents.
    """
    rows = once([_suits(on_day(one, day), sex, age) for one in found])
    ordered = reapply_set_rules(sorted(rows, key=lambda one: -one.probability))
    ranked = [replace(one, rank=rank) for rank, one in enumerate(ordered, 1)]
    return [
        EncounterSuggestion(one, [place for span in one.evidence for place in joined.placed(span)])
        for one in ranked
    ]


def expected_errors(found: Sequence[EncounterSuggestion]) -> float | None:
    """How many codes would be wrong or missing if accepted unread; None if a confidence is not calibrated."""
    errors = 0.0
    for one in found:
        confidence = one.suggestion.confidence
        if confidence is None:
            return None
        errors += 1 - confidence if one.suggestion.predicted else confidence
    return errors


def _suits(one: Suggestion, sex: str | None, age: float | None) -> Suggestion:
    """Reduces the confidence of codes for the other sex or another age; they are not predicted."""
    if one.system != "icd10cm":
        return one
    only, ages = sex_of(one.code), ages_of(one.code)
    if sex and only and only != sex:
        why = f"of {only} patients; this one is {sex}"
    elif age is not None and ages and not ages[0] <= age < ages[1]:
        why = f"does not fit the age of {age:g}"
    else:
        return one
    return replace(
        one,
        probability=one.probability * _UNFIT,
        confidence=None if one.confidence is None else one.confidence * _UNFIT,
        band="unlikely",
        predicted=False,
        reason=why,
    )
