"""What counts as found in coded notes: recall, lines called likely, codes that must not be offered."""

import numpy as np

from benchmarks.coded_notes import CodedNote
from icdbridge.lexical.evidence import BANDS
from icdbridge.starter.found import Found

Coded = list[tuple[CodedNote, list[Found]]]


def recall(coded: Coded, lines: int) -> float:
    """Share of what has to be found that is among the first lines; categories count by their beginning."""
    hits = [
        any(found.code.startswith(wanted) for found in list_[:lines])
        for note, list_ in coded
        for wanted in note.wanted
    ]
    return float(np.mean(hits))


def likely(coded: Coded) -> tuple[int, float, float]:
    """How many lines are called likely, and the share of them with the right code and with the right category."""
    lines = [(note, found) for note, list_ in coded for found in list_ if is_likely(found)]
    exact = [found.code in note.codes | note.may for note, found in lines]
    category = [found.code[:3] in {code[:3] for code in note.codes | note.may} for note, found in lines]
    return len(lines), float(np.mean(exact)), float(np.mean(category))


def is_likely(found: Found) -> bool:
    return found.confidence >= BANDS["likely"] and not found.doubted


def forbidden(coded: Coded, threshold: float) -> tuple[int, int]:
    """How many of the codes that must not be offered are predicted, and how many there are."""
    offered = [
        any(
            found.code.startswith(code) and found.code not in note.codes and found.confidence > threshold
            for found in list_
        )
        for note, list_ in coded
        for code in note.must_not
    ]
    return sum(offered), len(offered)
