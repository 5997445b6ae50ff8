"""Merges lines of one category that mean the same: the more specific one stays and takes over the other's mentions."""

import re
from functools import lru_cache

from icdbridge.starter.lines import Line
from icdbridge.starter.stems import root, roots, title_stems
from icdbridge.starter.tree import WITHOUT, Tree, is_other, unsaid

# Words of titles that say nothing more of the disease, and numbers that a further word takes back.
_IDLE = roots(
    "unspecified", "uncomplicated", "unilateral", "primary", "one", "initial", "encounter", "site", "part",
    "other", "specified", "disease", "single", "episode", "closed", "region",
)  # fmt: skip
_SIDES = ("left", "right")
_BOTH = root("bilateral")
_ENCOUNTER = re.compile(
    r", (?:initial|subsequent) encounter.*|, sequela| with unspecified morphologic changes"
    r"|,? unspecified (?:as to )?whether .*"
)


def merge_categories(lines: list[Line], tree: Tree) -> list[Line]:
    """Drops a line where another line of its category says the same and more; that line takes over its mentions."""
    by_category: dict[str, list[Line]] = {}
    for line in lines:
        if line.origin == "said" and line.said:
            by_category.setdefault(tree.codes[line.code][:3], []).append(line)
    gone: set[int] = set()
    for several in by_category.values():
        for line in several if len(several) > 1 else ():
            others = (one for one in several if one is not line and one.code not in gone)
            into = next((other for other in others if _replaces(tree, other, line)), None)
            if into is not None:
                into.take_over(line)
                gone.add(line.code)
    return [line for line in lines if line.code not in gone]


_WOUND = re.compile(r"(?:puncture wound|laceration) without foreign body of ")


def _replaces(tree: Tree, one: Line, other: Line) -> bool:
    """Whether a line stands for another of its category: it says more, is the bite that made the wound, or gives the
    pressure ulcer the stage that stands nearer.
    """
    if any(said in one.said for said in other.said):  # both sides of one thing
        return False
    title = tree.titles[one.code].lower()
    if _WOUND.sub("open bite of ", tree.titles[other.code].lower()) == title and "open bite" in title:
        return True
    if tree.codes[one.code][:6] == tree.codes[other.code][:6] and tree.codes[one.code].startswith("L89"):
        return one.code != other.code and _gap(one) < _gap(other)
    return _says_more(tree, one, other)


def _gap(line: Line) -> int:
    return min(said.gap for said in line.said)


def _says_more(tree: Tree, one: Line, other: Line) -> bool:
    """Whether a line says all that another of its category does, and more."""
    named = {said.named for said in other.said}
    first, second = tree.titles[one.code], tree.titles[other.code]
    if named <= {*tree.above(one.code), one.code} and unsaid(first) <= unsaid(second):
        return one.code != other.code
    open_ = other.code == tree.default[tree.category(other.code)]
    if open_ and unsaid(first) < unsaid(second) and _of_same_words(one, other):
        return True
    alike = tree.codes[one.code][:5] == tree.codes[other.code][:5]
    shared = _of_same_words(one, other)
    # "other hemorrhoids" are no skin tags
    if is_other(second) and named == {other.code} and not (alike or shared):
        return False
    if unsaid(first) < unsaid(second) and alike:
        return bool(tree.parent[one.code] == tree.parent[other.code]) or _claims(second) <= _claims(first)
    return claims_more(first, second)


def _of_same_words(one: Line, other: Line) -> bool:
    """Whether all that is said for a line shares words with what is said for another."""
    places = {place for said in one.said for place in said.places}
    return all(not places.isdisjoint(said.places) for said in other.said)


def claims_more(first: str, second: str) -> bool:
    """Whether what a title claims is what a second one claims and more; both sides are more than one."""
    more, less = _claims(first), _claims(second)
    if _BOTH in more:
        return less != more and less - {*_SIDES} <= more
    return less < more


@lru_cache(10_000)
def _claims(title: str) -> frozenset[str]:
    """What a title says is there."""
    return frozenset(title_stems(WITHOUT.sub(" ", _ENCOUNTER.sub("", title)))) - _IDLE
