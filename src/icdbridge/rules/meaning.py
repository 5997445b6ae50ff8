"""Codes that mean the same thing twice: duplicates, sides, unspecified beside specified, codes included in another."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from icdbridge.knowledge.families import billable_below
from icdbridge.knowledge.presumptions import by_category, diagnoses_of, presumptions
from icdbridge.knowledge.words import stems
from icdbridge.rules.code_set import CodeSet
from icdbridge.rules.findings import Finding, finding
from icdbridge.rules.sequencing import only_beside
from icdbridge.rules.tabular_notes import title_of

_SIDE = re.compile(r"\b(right|left|bilateral|unspecified)\b", re.IGNORECASE)
_SIDED = frozenset(stems("right left bilateral unilateral unspecified eye ear side sided"))
_UNSPECIFIED = re.compile(r"\bunspecified\b|\bNOS\b|\bnot specified\b", re.IGNORECASE)
# "unspecified part of unspecified bronchus or lung": what is left open says nothing of the code beside it
_LEFT_OPEN = re.compile(
    r"\bunspecified (?:part|portion|region|area|level|location|lobe|segment) of ", re.IGNORECASE
)
_WITHOUT = re.compile(r",? (?:without\b|uncomplicated$)", re.IGNORECASE)
# sides of two codes that may both be right: "other" and "unspecified" pneumonia differ in more than a side
_BOTH_STAND: tuple[set[str | None], ...] = ({"left", "right"}, {None})
SAID = "said by another code"
COMBINATION = "combination"
SEEN_OFTEN = 10  # training notes from which on a code counts as common
# beside a likelier code of its category; the highest that cost 0.3 points of F1 by cross-validation (docs/history.md)
_SIBLING = 0.525


def check_meaning(codes: CodeSet) -> Iterator[Finding]:
    """All of this module's rules."""
    yield from _twice(codes)
    yield from _sides(codes)
    presumed = list(_presumed(codes))
    yield from presumed
    said = {code for one in presumed if one.rule == SAID for code in one.codes}
    yield from (one for one in _pairs(codes) if one.codes[0] not in said)
    yield from _integral(codes)


def _twice(codes: CodeSet) -> Iterator[Finding]:
    for code, times in Counter(code for code in codes.read if code in codes.codes).items():
        if times > 1 and code is not None and code.declaration.kind == "diagnosis":
            source = "guideline I.B.12" if code.system == "icd10cm" else "one code for one diagnosis"
            yield finding("duplicate", code.code, times=times, source=source)


def _sides(codes: CodeSet) -> Iterator[Finding]:
    """The same code of both sides where one for both exists, and of one side beside one for both."""
    groups: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}
    for code in codes.diagnoses:
        if side := _side(code):
            groups.setdefault((code[:3], _but_side(code)), {})[side] = code
    for (category, words), by_side in groups.items():
        each = {"right", "left"} == by_side.keys()
        if each and (both := _bilateral(category, words)):
            left, right = by_side["left"], by_side["right"]
            pair = sorted([left, right])
            yield finding("left and right", *pair, choices=[both], left=left, right=right, both=both)
        if "bilateral" in by_side and (
            one_sided := [by_side[one] for one in ("left", "right") if one in by_side]
        ):
            both = by_side["bilateral"]
            yield finding("one side too", *sorted([both, *one_sided]), both=both, sides=", ".join(one_sided))


@lru_cache(maxsize=200_000)
def one_alone(one: str, other: str) -> str | None:
    """Why only one of two ICD-10-CM codes (dotted) can be right for a condition; None if both can, as left and right.

    One lies below the other, and no release has both; or their titles differ only in the side, which one of them leaves
    open or names both.
    """
    above, below = sorted((one, other), key=len)
    if one != other and below.startswith(above):
        return f"{below} is below {above}"
    words = _but_side(one)
    if one[:3] == other[:3] and words and words == _but_side(other):
        return "the same condition" if {_side(one), _side(other)} not in _BOTH_STAND else None
    return None


def sure_beside_sibling(probability: float, train_notes: int) -> bool:
    """Whether a code is predicted beside a likelier one of its category, where a prior decides: codes that training saw
    seldom are so only with a probability above one half, as they are wrong there more often than elsewhere.
    """
    return train_notes >= SEEN_OFTEN or probability > _SIBLING


@lru_cache(maxsize=50_000)
def _side(code: str) -> str | None:
    found = {match.lower() for match in _SIDE.findall(title_of(code))}
    named = found & {"right", "left", "bilateral"}
    return named.pop() if len(named) == 1 else None


@lru_cache(maxsize=50_000)
def _but_side(code: str) -> tuple[str, ...]:
    """The words of a title without those of the side."""
    return tuple(sorted(word for word in stems(title_of(code)) if word not in _SIDED))


@lru_cache(maxsize=10_000)
def _bilateral(category: str, words: tuple[str, ...]) -> str | None:
    """The code of a category for both sides, of which all else is the same."""
    below = billable_below(category)
    return next((one for one in below if _side(one) == "bilateral" and _but_side(one) == words), None)


def _pairs(codes: CodeSet) -> Iterator[Finding]:
    for one, other in combinations(codes.diagnoses, 2):
        if one[:3] != other[:3]:
            continue
        for vague, exact in ((one, other), (other, one)):
            if _says_less(vague, exact):
                yield finding("vague", vague, exact, exact=exact)
            elif _denies(vague, exact):
                yield finding("denied", vague, exact, exact=exact)


@lru_cache(maxsize=50_000)
def _says_less(vague: str, exact: str) -> bool:
    if not _UNSPECIFIED.search(title_of(vague)):
        return False
    left = frozenset(stems(_LEFT_OPEN.sub("unspecified ", title_of(vague))))
    said = frozenset(stems(title_of(exact)))
    return left < said or (left == said and not _UNSPECIFIED.search(title_of(exact)))


@lru_cache(maxsize=50_000)
def _denies(denying: str, saying: str) -> bool:
    said = title_of(saying)
    for match in _WITHOUT.finditer(title_of(denying)):
        base = title_of(denying)[: match.start()]
        if base and said.startswith(base) and said[len(base) :].lstrip(",").startswith(" with "):
            return True
    return False


def _presumed(codes: CodeSet) -> Iterator[Finding]:
    """What the guidelines presume of codes that stand together."""
    present = by_category(codes.diagnoses)
    told: set[str] = set()  # of which another code says what they say
    for rule in presumptions():
        if "Excludes1" in rule.source or not rule.fits(present):  # the tabular list itself is asked for these
            continue
        replaced = sorted(
            code for code in codes.diagnoses if rule.replaces.begins(code) and code not in rule.then
        )
        missing = [one for one in rule.then if not any(code.startswith(one) for code in codes.diagnoses)]
        about = {code for group in rule.all_of for code in codes.diagnoses if group.begins(code)}
        if missing:
            said = {"rule": rule.rule, "source": rule.source, "missing": ", ".join(missing)}
            said["instead"] = f" in place of {', '.join(replaced)}" if replaced else " too"
            choices = [code for one in missing for code in billable_below(one)][:40]
            yield finding("presumed", *sorted(about), choices=choices, **said)
        elif replaced := [code for code in replaced if code not in told]:
            told.update(replaced)
            left_out = ", ".join(replaced)
            yield finding("said", *replaced, rule=rule.rule, replaced=left_out, source=rule.source)


def _integral(codes: CodeSet) -> Iterator[Finding]:
    for symptom in codes.diagnoses:
        of = diagnoses_of(symptom)
        if not of or only_beside(symptom):  # a coma scale is coded beside the injury on purpose
            continue
        several = sorted(one for one in codes.diagnoses if one != symptom and one.startswith(of))
        if several:
            diagnoses = ", ".join(several)
            yield finding("integral", symptom, *several, title=title_of(symptom), diagnoses=diagnoses)
