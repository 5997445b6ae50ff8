"""Makes the suggestions of a trained run from its scores."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from scipy.special import expit

from icdbridge.codes import Code, version_of
from icdbridge.coding.set_rules import LEAST, companions_below
from icdbridge.coding.suggestion import Suggestion
from icdbridge.lexical.evidence import Evidence, cautious, context_of
from icdbridge.runs.confidence import Calibration
from icdbridge.runs.note_scores import Reading
from icdbridge.runs.scorer import Scorer

THREADS = 4  # at most: what is done in Python, a third of it, one thread does at a time


def each_core(code: Callable[[Sequence[int]], None], words: Mapping[int, int], scorer: Scorer) -> None:
    """Runs ``code`` on notes (rows with so many ``words``) on all cores that torch has.

    A single note keeps a second core busy only part of the time. So each core takes a share of the notes that are left,
    the longest first and ever fewer, so that all finish at about the same time. A GPU takes all notes at once, unless
    there is a prior, as most of that work is done in Python.
    """
    rows = sorted(words, key=lambda row: -words[row])
    threads = torch.get_num_threads()
    cores = min(threads, THREADS, len(rows))
    on_cpu = next(scorer.model.model.parameters()).device.type == "cpu"
    if cores < 2 or not on_cpu or scorer.prior is not None:
        return code(rows)
    left = iter([*_falling_parts(rows, words, cores)])

    def code_some(_: int) -> None:
        torch.set_num_threads(threads // cores)
        for part in left:
            code(part)

    try:
        list(_pool().map(code_some, range(cores)))
    finally:
        torch.set_num_threads(threads)


def _falling_parts(rows: Sequence[int], words: Mapping[int, int], cores: int) -> Iterator[list[int]]:
    """``rows`` in their order, each part with half of a core's share of the words that are left (guided
    self-scheduling, Polychronopoulos and Kuck 1987), or one note.
    """
    left, size, part = sum(words[row] for row in rows), 0, list[int]()
    for row in rows:
        if part and size + words[row] > left / (2 * cores):
            yield part
            left, size, part = left - size, 0, []
        part.append(row)
        size += words[row]
    yield part


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads that stay: a new one has no memory at hand."""
    return ThreadPoolExecutor(THREADS, "cores")


os.register_at_fork(after_in_child=_pool.cache_clear)


def suggested(
    scorer: Scorer,
    columns: np.ndarray,
    logits: np.ndarray,
    evidence: Sequence[list[Evidence]],
    calibration: Calibration,
) -> list[Suggestion]:
    """For columns [l], the likeliest first, with their logits [l] and evidence."""
    codes, seen = [scorer.code(column) for column in columns.tolist()], scorer.model.train_notes
    train_notes = [None if seen is None else seen.get(scorer.keys[column], 0) for column in columns]
    probabilities = expit(logits)
    above = probabilities > scorer.thresholds[columns]
    sure: dict[int, tuple[float, str]] = {}  # confidence and band, by place
    versions = np.array([version_of(code.system) for code in codes])
    for version in calibration.keys() & set(versions.tolist()):
        places, measured = np.flatnonzero(versions == version), calibration[version]
        found = measured.confidence(logits[places], [train_notes[place] or 0 for place in places])
        for place, confidence in zip(places.tolist(), found.tolist(), strict=True):
            sure[place] = confidence, measured.band(confidence).name
    suggestions = []
    for place, code in enumerate(codes):
        context = context_of(evidence[place])
        confidence, band = sure.get(place, (None, None))
        suggestions.append(
            Suggestion(
                place + 1,
                code.system,
                code.code,
                scorer.descriptions[columns[place]],
                float(probabilities[place]),
                bool(above[place]),
                train_notes[place],
                tuple(evidence[place]),
                confidence,
                None if band is None else cautious(band, context),
                context,
            )
        )
    return suggestions


def predicted(scorer: Scorer, columns: np.ndarray, logits: np.ndarray) -> list[Code]:
    """The codes whose probability is above their threshold."""
    above = columns[expit(logits) > scorer.thresholds[columns]]
    return [scorer.code(column) for column in above.tolist()]


def companions(
    scorer: Scorer,
    reading: Reading,
    columns: np.ndarray,
    logits: np.ndarray,
    top: int,
    asking: Sequence[Code],
) -> list[int]:
    """Positions below the ``top`` of some columns [l], the likeliest first, of codes that predicted codes require
    (``asking``) and the note asserts.
    """
    columns = columns[expit(logits) >= LEAST]
    if len(columns) <= top or not asking:
        return []
    codes = [scorer.code(column) for column in columns.tolist()]

    def said(place: int) -> bool:
        return codes[place] not in asking and reading.says(int(columns[place]), codes[place].code)

    return companions_below(codes, top, asking, said)
