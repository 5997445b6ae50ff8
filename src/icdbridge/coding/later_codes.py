"""Codes newer than all training notes: no training note can carry them, so the starter's confidence is used.

Training also taught that their words mean the earlier code ("class 1 obesity": obesity). Such an earlier code does not
rank above the newer one, unless the starter finds it in the note by other words.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import logit
from torch import Tensor

from icdbridge.codes import category_of, parse_key
from icdbridge.codes.systems import known_systems
from icdbridge.codes.validity import later_codes
from icdbridge.lexical.matcher import LexicalMatches
from icdbridge.runs.note_scores import Scores
from icdbridge.runs.scorer import Scorer
from icdbridge.starter.line_ranking import shipped_ranking
from icdbridge.starter.opinions import Opinion, opinions, reading_starter

SYSTEM = "icd10cm"  # what the starter reads; no other system has codes that came later
_BEHIND = 0.5  # logits by which what was coded before stands behind the later code


def later_among(scorer: Scorer) -> dict[str, int]:
    """The newer codes that training did not have, each with its column."""
    if SYSTEM not in known_systems():
        return {}
    learnt = set(scorer.model.index.code)
    unlearnt = {parse_key(key): column for column, key in enumerate(scorer.keys) if key not in learnt}
    own = {code.code: column for code, column in unlearnt.items() if code.system == SYSTEM}
    later = later_codes(SYSTEM) if own else frozenset()  # a second to read, for nothing where all were learnt
    return {code: column for code, column in own.items() if code in later}


def with_later(scorer: Scorer, later: Mapping[str, int], text: str, scores: Scores) -> Tensor:
    """The logits of a note, with the starter's answer for the ``later`` codes in it."""
    logits = scores.logits.double()
    if not later:
        return logits
    said = scores.reading.said if scorer.prior else opinions(reading_starter(SYSTEM), text)
    read = {one.code for one in said if one.asserted}
    places = {int(column): place for place, column in enumerate(scores.columns)}
    sure = _confidence(said)
    for one, confidence in zip(said, sure, strict=True):
        place = places.get(later.get(one.code, -1))
        if place is None or not one.asserted:
            continue
        logits[place] = max(float(logits[place]), float(logit(confidence)))
        for column in _coded_before(scorer, scores, one) & places.keys():
            code = parse_key(scorer.keys[column]).code
            if code not in read:
                behind = float(logits[place]) - _BEHIND
                logits[places[column]] = min(float(logits[places[column]]), behind)
    return logits


def _coded_before(scorer: Scorer, scores: Scores, one: Opinion) -> set[int]:
    """The columns of the same category, and of codes found only by the words of this line."""
    category = category_of(f"{SYSTEM}:{one.code}")
    own = {int(column) for column in scores.columns if category_of(scorer.keys[column]) == category}
    return own | _spoken_for(scores.reading.matches, one.spans)


def _spoken_for(matches: LexicalMatches | None, spans: Sequence[tuple[int, int]]) -> set[int]:
    found: set[int] = set()
    for associated in matches.associated.values() if matches else ():
        start, end = associated.spans.T if len(associated.spans) else np.zeros((2, 0), int)
        inside = [(first <= start) & (end <= last) for first, last in spans]
        if inside:
            found |= set(associated.codes[np.any(inside, axis=0)].tolist())
    return found


def _confidence(said: Sequence[Opinion]) -> np.ndarray:
    ranking = shipped_ranking()
    if ranking is None or not said:
        return np.zeros(len(said))
    return np.clip(ranking.confidence(np.array([one.raw for one in said])), 1e-6, 1 - 1e-6)
