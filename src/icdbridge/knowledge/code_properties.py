"""Properties of codes as numbers, without a note: specificity, what the title leaves open, use in hospitals."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from icdbridge.codes import category_of, known_systems, load_system, parse_key
from icdbridge.codes.axes import LABELLED
from icdbridge.codes.systems import declaration, kept_by_code
from icdbridge.knowledge.frequency import FREQUENT, hospital_frequency

CODE_PROPERTIES = (
    "chapter", "characters", "siblings", "family", "billable", "seventh", "side", "unspecified", "other", "later",
    "without", "title_words", "hospital",
)  # fmt: skip
_SEVENTH = {"A": 1, "D": 2, "S": 3}  # initial encounter, subsequent encounter, sequela
_SIDES = ("right", "left", "bilateral")
_SAID = {"unspecified": "unspecified", "other": "other", "later": "sequela|subsequent", "without": "without"}
_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _SAID.items()}
_SIDE_PATTERNS = [re.compile(rf"\b{side}\b", re.IGNORECASE) for side in _SIDES]


def code_properties(keys: Sequence[str], descriptions: Sequence[str]) -> np.ndarray:
    """Float32 [L, len(CODE_PROPERTIES)] of codes (keys), none of which depends on the other codes.

    - ``chapter``: the first character, as a number; ``characters`` without the point;
    - ``siblings``, ``family``: log of 1 + how many codes of the newest release differ in the last character alone, and
      how many share the category (0 for a system that nobody declared); ``billable``: whether it is one of them;
    - ``seventh``: the seventh character (1 initial, 2 subsequent, 3 sequela, 4 another, 0 none);
    - ``side`` (1 right, 2 left, 3 bilateral, 0 none); ``unspecified``, ``other``, ``later`` (sequela or subsequent),
      ``without``: whether the title says so; ``title_words``: log of 1 + the number of its words;
    - ``hospital``: 2 where hospitals use the code, or one that it is the beginning of on its axes, often, 1 where
      seldom, 0 never.
    """
    table = np.zeros((len(keys), len(CODE_PROPERTIES)), np.float32)
    for row, key, title in zip(table, keys, descriptions, strict=True):
        code = parse_key(key)
        raw = code.code.replace(".", "")
        often = _hospital(code.system).get(code.code, 0)
        siblings, families, billable = _counts(code.system)
        side = next((n for n, found in enumerate(_SIDE_PATTERNS, 1) if found.search(title)), 0)
        row[:] = (
            ord(raw[0]),
            len(raw),
            np.log1p(siblings[raw[:-1]]),
            np.log1p(families[category_of(key)]),
            raw in billable,
            _SEVENTH.get(raw[6], 4) if len(raw) > 6 else 0,
            side,
            *(found.search(title) is not None for found in _PATTERNS.values()),
            np.log1p(len(title.split())),
            often,
        )
    return table


@kept_by_code()
def _counts(system: str) -> tuple[Counter[str], Counter[str], frozenset[str]]:
    """How many codes begin with all but the last character of one, how many its category has; the codes themselves."""
    if system not in known_systems():
        return Counter(), Counter(), frozenset()
    codes = list(load_system(system).titles)
    raw = [code.replace(".", "") for code in codes]
    families = Counter(category_of(f"{system}:{code}") for code in codes)
    return Counter(code[:-1] for code in raw), families, frozenset(raw)


@kept_by_code()
def _hospital(system: str) -> dict[str, int]:
    if system not in known_systems() or any(declaration(system).releases.values()):
        return {}  # a system of the user's own
    found = {code: 2 if often == FREQUENT else 1 for code, often in hospital_frequency(system).items()}
    if declaration(system).axes:  # a beginning of codes is used as often as the most frequent of them
        for code, often in list(found.items()):
            for length in range(LABELLED, len(code)):
                found[code[:length]] = max(found.get(code[:length], 0), often)
    return found
