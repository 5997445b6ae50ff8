"""Families of codes: the codes below a category, its default code, and what distinguishes siblings."""

import re
from bisect import bisect_left
from functools import cache
from typing import TypeVar

from icdbridge.codes import load_system
from icdbridge.codes.headings import agreed_title
from icdbridge.codes.system import CodeSystem
from icdbridge.codes.systems import kept_by_code
from icdbridge.errors import InputError
from icdbridge.knowledge.frequency import FREQUENT, hospital_frequency
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.words import EMPTY, plain_words, stem, stems

Value = TypeVar("Value")
# What a title says of each axis, the first that fits counts. "Unspecified" is no value: it says nothing.
_PATTERNS: dict[str, list[tuple[re.Pattern[str], str]]] = {}
for _row in read_csv("title_axes"):
    _shape = re.compile(rf"\b(?:{_row['title']})\b", re.IGNORECASE)
    _PATTERNS.setdefault(_row["axis"], []).append((_shape, _row["value"]))
_WITHOUT = re.compile(r"\bwithout (?:mention of )?([^,]+?)(?= without|,|$)", re.IGNORECASE)
_WITH = re.compile(r"\bwith ((?!\w+ healing|nonunion|malunion)[^,]+?)(?= with(?:out)?\b|,|$)", re.IGNORECASE)


def children(code: str, system: str = "icd10cm") -> list[str]:
    """The codes and categories directly below a category of the newest release, sorted; none below a billable code."""
    table = load_system(system)
    below = None if table.parents else _tree(system).get(code)
    return list(below) if below is not None else table.children(code)


@kept_by_code()
def _tree(system: str) -> dict[str, list[str]]:
    """Category -> the codes and categories directly below it, where the release lists it."""
    table = load_system(system)
    found: dict[str, list[str]] = {}
    above: list[str] = []  # the path to the code before
    for code in table.listed:
        while above and not code.startswith(above[-1]):
            above.pop()
        if above:
            found.setdefault(above[-1], []).append(code)
        above.append(code)
    return found


def billable_below(code: str, system: str = "icd10cm") -> list[str]:
    """The billable codes that begin with ``code``, sorted: itself alone where it is one."""
    table = load_system(system)
    return [code] if code in table.titles else [other for other in table.below(code) if other in table.titles]


def facets(code: str, system: str = "icd10cm") -> dict[str, str]:
    """The value of each axis that the title of a code names (``side``: ``left``); other axes are absent.

    The axes are ``side``, ``encounter``, ``trimester``, ``acuity``, ``stage``, ``severity``, ``type``, ``intent``,
    ``fracture``, ``healing``, ``displaced``, ``intractable``, ``with`` and ``without`` (the value: what).
    """
    return dict(_facets(load_system(system).title(code) or ""))


@cache
def _facets(title: str) -> tuple[tuple[str, str], ...]:
    found = []
    for axis, patterns in _PATTERNS.items():
        for pattern, value in patterns:
            if match := pattern.search(title):
                found.append((axis, value.format(*(group.lower() for group in match.groups()))))
                break
    for axis, pattern in (("without", _WITHOUT), ("with", _WITH)):
        if match := pattern.search(title):
            found.append((axis, match.group(1).strip().lower()))
    return tuple(found)


def axes(code: str, system: str = "icd10cm") -> dict[str, dict[str, list[str]]]:
    """What distinguishes the billable codes below ``code``: axis -> value -> its codes, for axes of two values or more.
    ``""`` is the value of codes whose title does not name an axis that others of the family name.
    """
    below = billable_below(code, system)
    said = {other: facets(other, system) for other in below}
    found: dict[str, dict[str, list[str]]] = {}
    for axis in (*_PATTERNS, "with", "without"):
        values: dict[str, list[str]] = {}
        for other in below:
            values.setdefault(said[other].get(axis, ""), []).append(other)
        if len(values) > 1:
            found[axis] = values
    return found


@kept_by_code()
def default_child(code: str, system: str = "icd10cm") -> str:
    """The default code of a category; a billable code itself.

    At each level down it is the child that inclusion terms call the category's "NOS", or that is unspecified, without
    complication, of active treatment (7th character A), closed, displaced, accidental, as the guidelines assume; then
    "other". Ties are decided by use in hospitals, then by simplicity. ``InputError`` if no code begins with ``code``.
    """
    table = load_system(system)
    if code in table.titles:
        return code
    below = children(code, system)
    if not below:
        raise InputError(f"no code of {system} begins with {code!r}: give a code or category")
    return default_child(_best(code, below, table), system)


# What a title says, how far that makes it the default of its siblings, and each time that it is said again.
_ASSUMED = [
    (re.compile(row["title"]), float(row["points"]), float(row["again"]))
    for row in read_csv("title_defaults")
]
_ONLY = 8.0  # an inclusion term says the category's name with "NOS" behind it; if it says a part of the name:
_PARTLY = 3.5
_SAME = 3.0  # the title says no more than the category's
_FREQUENT, _SEEN = 0.3, 0.1
_RESIDUAL = re.compile(r"\.[0-9]*9[90]?$")  # how the codes of what is not specified end: .9, .90, .99
_NINE, _NOUGHT = 1.0, 0.5
_PER_WORD, _PER_CHARACTER = -0.02, -0.3  # further words of the title, further characters of the code


def _best(parent: str, siblings: list[str], table: CodeSystem) -> str:
    """The child of a category that is meant when only the category is named."""
    if len(siblings) == 1:
        return siblings[0]
    titles = {child: _title(child, table) for child in siblings}
    words = [_words(title) for title in titles.values()]
    shared = {
        word: min(said.count(word) for said in words) for word in set(words[0]).intersection(*words[1:])
    }
    said = _stems(_title(parent, table))
    shortest = min(map(len, siblings))
    points = {}
    for child, title in titles.items():
        left = shared.copy()
        distinct = []
        for word in _words(title):
            if left.get(word):
                left[word] -= 1
            else:
                distinct.append(word)
        further = _PER_CHARACTER * (len(child) - shortest)
        points[child] = _points(child, title, distinct, said, table.name) + further
    return max(siblings, key=lambda child: points[child])


def _points(child: str, title: str, distinct: list[str], said: frozenset[str], system: str) -> float:
    points = _PER_WORD * len(distinct) + _assumed(" ".join(distinct))
    if said and _stems(title) == said and "other" not in _words(title):
        points += _SAME
    named = [set(words) for words in _below(_nos(system), child)]
    points += _ONLY if said in named else _PARTLY if any(words <= said for words in named) else 0.0
    if "unspecified" in distinct:
        points += _NINE if _RESIDUAL.search(child) else _NOUGHT if child.endswith("0") else 0.0
    often = _below(_often(system), child)
    return points + (_FREQUENT if FREQUENT in often else _SEEN if often else 0.0)


@cache
def _assumed(distinct: str) -> float:
    """The points of what a title says beside its siblings."""
    points = 0.0
    for pattern, first, again in _ASSUMED:
        if times := len(pattern.findall(distinct)):
            points += first + again * (times - 1)
    return points


@kept_by_code()
def _nos(system: str) -> tuple[list[str], list[frozenset[str]]]:
    """The codes of inclusion terms that end in "NOS", ascending, and the stems of each of these terms."""
    synonyms = load_system(system).synonyms
    pairs = [(code, term) for code in sorted(synonyms) for term in synonyms[code] if term.endswith(" NOS")]
    return [code for code, _ in pairs], [frozenset(stems(term)) for _, term in pairs]


@kept_by_code()
def _often(system: str) -> tuple[list[str], list[str]]:
    """The codes that hospitals use, ascending, and how often."""
    pairs = sorted(hospital_frequency(system).items())
    return [code for code, _ in pairs], [often for _, often in pairs]


def _below(table: tuple[list[str], list[Value]], prefix: str) -> list[Value]:
    codes, values = table
    return values[bisect_left(codes, prefix) : bisect_left(codes, prefix + "\uffff")]


def _title(code: str, table: CodeSystem) -> str:
    """The title of a code; of a beginning that no table lists, what the titles below it agree on."""
    return table.title(code) or agreed_title([table.titles[other] for other in table.below(code)])


_words = cache(plain_words)


@cache
def _stems(title: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _words(title) if word not in EMPTY)
