"""Features of a line of a note's list, as numbers: wording, place in the note, kind of code."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from icdbridge.starter.dictionary import FIRST_WHEN, POISONING, SOURCES, WHEN
from icdbridge.starter.lines import Line
from icdbridge.starter.note_reading import Note
from icdbridge.starter.practice import Practised
from icdbridge.starter.tree import Tree, is_open, is_other

SECTIONS = (
    "", "chief_complaint", "hpi", "past_medical", "past_surgical", "social", "medications", "review_of_systems", "exam",
    "labs", "imaging", "procedures", "hospital_course", "assessment", "plan", "diagnoses", "discharge", "indication",
    "findings", "pathology", "other",
)  # fmt: skip
ORIGINS = ("said", *(when for when in WHEN if when != POISONING), "rule", "practice")  # a poisoning is said
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_MARKS = ("historical", "uncertain", "diagnosis_section")
FEATURES = (
    "size", "weight", "rarity", "gap", "share", "mentions", "doubted", "first", "last", "support", "decided",
    "billable_named", "words", "lines", "open", "other", "length", "frequency", "category_lines", "category_place",
    "characters", "said_alone", "known", "known_right", "own", "own_right", "own_code", "own_code_right",
    "breaks", "colons", "capitals", "sentence_words", "sections", "item", "item_diagnosed",
    "practice_share", "practice_notes", "practice_words", "practice_phrases", "practice_sum", "practice_often",
    *(f"source_{name}" for name in SOURCES[:FIRST_WHEN]),
    *(f"section_{name or 'none'}" for name in SECTIONS),
    *(f"mark_{name}" for name in _MARKS),
    *(f"origin_{name}" for name in ORIGINS),
    *(f"chapter_{letter}" for letter in _LETTERS),
)  # fmt: skip


# What stands before and behind words that are an item of a list by themselves: "2. Gout."
_BEGINS = re.compile(r"(?:\A|[\n.:;,]|[\n.:;,(]\s*\d{1,2}[.)]|\n\s*[-*•])\s*\Z")
_ENDS = re.compile(r"\s*(?:\Z|[\n.;,])")
_REACH = 8  # characters
_LISTS = ("assessment", "diagnoses", "past_medical")


class Known(NamedTuple):
    """In how many notes a line was found, and in how many of these labelled: published notes, own notes, own notes
    whatever the words.
    """

    published: tuple[int, int]
    own: tuple[int, int]
    own_code: tuple[int, int]


def phrase_key(stems: Sequence[str], code: str) -> int:
    """A phrase and a code as a number of 32 bits: no phrase of a note is kept in clear."""
    data = "\0".join((*sorted(stems), code)).encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "little")


def line_features(
    note: Note,
    lines: Sequence[Line],
    tree: Tree,
    frequency: np.ndarray,
    known: Sequence[Known],
    practised: Mapping[str, Practised],
) -> np.ndarray:
    """Features float32 [L, len(FEATURES)]; ``frequency`` [codes] says how often hospitals use a code (0, 1 or 2);
    ``known`` what notes told of each line's phrase; ``practised`` what other notes with the same words were coded.
    """
    table = np.zeros((len(lines), len(FEATURES)), np.float32)
    column = {name: number for number, name in enumerate(FEATURES)}
    category = [tree.codes[line.code][:3] for line in lines]
    in_category = Counter(category)
    seen: Counter[str] = Counter()
    total = max(len(note.words), 1)
    for name, value in _style(note).items():
        table[:, column[name]] = value
    for row, line, told in zip(table, lines, known, strict=True):
        for name, (often, right) in zip(("known", "own", "own_code"), told, strict=True):
            row[column[name]], row[column[f"{name}_right"]] = np.log1p(often), (right + 0.5) / (often + 1.5)
        code, mentions = tree.codes[line.code], line.said or [one for one, _ in line.doubted]
        seen[code[:3]] += 1
        title = tree.titles[line.code]
        row[column["words"]], row[column["lines"]] = np.log1p(total), np.log1p(len(lines))
        row[column["open"]], row[column["other"]] = is_open(title), is_other(title)
        row[column["length"]], row[column["frequency"]] = len(code), frequency[line.code]
        row[column["category_lines"]], row[column["category_place"]] = in_category[code[:3]], seen[code[:3]]
        # a line that nothing asserts is measured as if it were asserted: what its doubt costs is no matter of learning
        doubted = len(line.doubted) if line.said else 0
        row[column["mentions"]], row[column["doubted"]] = np.log1p(len(mentions)), np.log1p(doubted)
        row[column[f"origin_{line.origin}"]] = 1
        if found := practised.get(code):
            row[column["practice_share"]], row[column["practice_notes"]] = found.share, np.log1p(found.notes)
            row[column["practice_words"]], row[column["practice_phrases"]] = (
                found.words,
                np.log1p(found.phrases),
            )
            row[column["practice_sum"]], row[column["practice_often"]] = (
                np.log1p(found.sum),
                np.log1p(found.often),
            )
            if line.origin == "practice":
                row[column["first"]] = found.first / total
        row[column[f"chapter_{code[0]}"]] = 1
        if not mentions:
            continue
        best = line.best
        assert best is not None
        row[column["size"]], row[column["weight"]], row[column["gap"]] = best.size, best.weight, best.gap / 10
        row[column["rarity"]], row[column["share"]] = best.weight / best.size, best.share
        row[column["first"]] = min(one.places[0] for one in mentions) / total
        row[column["last"]] = max(one.places[0] for one in mentions) / total
        row[column["support"]], row[column["decided"]] = len(best.support), best.named != best.code
        row[column["billable_named"]] = best.named >= 0 and tree.billable[best.named]
        row[column["characters"]] = best.end - best.start
        row[column["said_alone"]] = len(best.places)
        for one in mentions:
            if _is_item(note.text, one.start, one.end):
                row[column["item"]] += 1 / len(mentions)
                row[column["item_diagnosed"]] += note.section[one.places[0]] in _LISTS
            if one.source >= 0:
                row[column[f"source_{SOURCES[one.source]}"]] = 1
            section = note.section[one.places[0]]
            if f"section_{section or 'none'}" in column:
                row[column[f"section_{section or 'none'}"]] += 1 / len(mentions)
            for mark in _MARKS:
                row[column[f"mark_{mark}"]] += note.marked(one.asserting, mark) / len(mentions)
    return table


def _is_item(text: str, start: int, end: int) -> bool:
    return bool(_BEGINS.search(text, max(start - _REACH, 0), start) and _ENDS.match(text, end))


def _style(note: Note) -> dict[str, float]:
    """How a note is written, for a case report is coded otherwise than a chart: for each 100 words the ends of lines,
    colons and words in capitals; words a sentence; kinds of sections.
    """
    each = 100 / max(len(note.words), 1)
    capitals = sum(
        word.end - word.start > 1 and note.text[word.start : word.end].isupper() for word in note.words
    )
    return {
        "breaks": each * note.text.count("\n"),
        "colons": each * note.text.count(":"),
        "capitals": each * capitals,
        "sentence_words": len(note.words) / max(len(note.sentences), 1),
        "sections": len(set(note.section)),
    }
