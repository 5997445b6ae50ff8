"""Finds the code of a family that a note supports: from a category to a billable code, by words near the mention."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from icdbridge.packed import packed_rows
from icdbridge.starter.stems import root, roots, title_stems
from icdbridge.starter.tree import Tree, is_open, is_other

MISSING = 1.0  # what a word of a title that the note lacks costs, of what one that it has gains
ABSENT = 1.0  # what a word costs that the title says is absent
# What notes leave out of titles: which encounter it is, "side" beside left and right, "region" of the spine.
_LEFT_OUT = roots(
    "region", "initial", "subsequent", "encounter", "sequela", "routine", "healing", "side", "only", "primary"
)


_COMPLICATING = re.compile(r"complicating pregnancy(?:, (?:unspecified|first|second|third) trimester)?")
_REMISSION, _CLOSED, _BOTH = root("remission"), root("closed"), root("bilateral")
_ACUITY = {root(word): word for word in ("chronic", "acute")}


@dataclass(frozen=True)
class Decision:
    """``code`` billable; ``support`` the stems of the note that led to it; ``alternatives`` its nearest siblings;
    ``left``: the code of the left side where ``code`` is of the right, both are meant and no code is of both (I.B.13).
    """

    code: int
    support: frozenset[str]
    alternatives: tuple[int, ...]
    left: int = -1


def specify(
    tree: Tree, code: int, near: Mapping[str, float], character: str = "A", named: Collection[str] = ()
) -> Decision:
    """Goes down from ``code``, at each step to the child whose differing words are ``near`` (with their weight, up to
    1), or towards the default; ``character`` is the 7th for injuries (A, D or S); ``named`` the stems that the code
    was named by.
    """
    code = _start(tree, code)
    support: set[str] = set()
    siblings: list[int] = []
    while not tree.billable[code]:
        kids = tree.children(code)
        if not kids:
            break
        towards = _towards(tree, code, kids)
        kids = _called_so(tree, kids, towards, named)
        led = True
        if any(len(tree.codes[kid]) == 8 and tree.codes[kid].endswith("A") for kid in kids):
            chosen = _encounter(tree, kids, near, character, towards)
        else:
            scores = {kid: _score(tree, kid, near) for kid in kids}
            chosen = max(kids, key=lambda kid: (scores[kid], kid == towards))
            if scores[chosen] <= 0.05:
                chosen = _of_both_sides(tree, kids, near) or towards
                led = False
            siblings = [kid for kid in sorted(kids, key=lambda kid: -scores[kid]) if kid != chosen]
        support |= {one for one in tree.differing(chosen)[0] if led and one in near}
        code = chosen
    code = _twin(tree, code, near, named)
    for further in (_as_far_as_said, _on_side, _on_both_sides, _in_remission, _in_childbirth):
        code = further(tree, code, near)
    alternatives = tuple(int(tree.default[kid]) for kid in siblings[:6])
    others = tuple(dict.fromkeys(one for one in alternatives if one != code))
    return Decision(code, frozenset(support), others, _left(tree, code) if _BOTH in near else -1)


def _called_so(tree: Tree, kids: list[int], towards: int, named: Collection[str]) -> list[int]:
    """The default and the children whose titles have the only word that the code was named by; all where none has: a
    cirrhosis with hepatic encephalopathy is no hepatic fibrosis.
    """
    if len(named) != 1:
        return kids
    word = root(next(iter(named)).lstrip("="))
    called = [kid for kid in kids if word in title_stems(tree.titles[kid])]
    return [kid for kid in kids if kid in called or kid == towards] if called else kids


def _of_both_sides(tree: Tree, kids: list[int], near: Mapping[str, float]) -> int | None:
    """The child of the right side where both sides are near, and children are of one side only."""
    if _BOTH not in near:
        return None
    sides = {
        side: kid
        for kid in reversed(kids)
        for side in ("left", "right", _BOTH)
        if side in tree.differing(kid)[0]
    }
    return sides["right"] if sides.keys() == {"left", "right"} else None


def _left(tree: Tree, code: int) -> int:
    """The code of the left side whose title is else that of one of the right; -1 where there is none."""
    left = tree.by_title.get(re.sub(r"\bright\b", "left", tree.titles[code].lower()), code)
    return left if left != code else -1


def _twin(tree: Tree, code: int, near: Mapping[str, float], named: Collection[str]) -> int:
    """The code of the same title but for acute or chronic, where only the other of the two is near and it was not named
    by one of them.
    """
    if not _ACUITY.keys().isdisjoint(named):
        return code
    title = tree.titles[code].lower()
    for said, other in (tuple(_ACUITY), tuple(_ACUITY)[::-1]):
        if said in near and other not in near and _ACUITY[other] in title and _ACUITY[said] not in title:
            return tree.by_title.get(title.replace(_ACUITY[other], _ACUITY[said]), code)
    return code


def _on_side(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same title but for the side that is near, where it leaves that unsaid; right, where both are."""
    title = tree.titles[code].lower()
    side = next(
        (side for side in ("right", "left") if side in near or (side == "right" and _BOTH in near)), ""
    )
    return tree.by_title.get(title.replace("unspecified", side, 1), code) if side else code


def _on_both_sides(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same title but for both sides, where these are near and it names one."""
    title = tree.titles[code].lower() if _BOTH in near else ""
    both = (
        re.sub(pattern, "bilateral", title)
        for pattern in (r"\b(?:right|left) \w+(?=,|$)", r"\b(?:right|left)\b")
    )
    return next((tree.by_title[one] for one in both if title and one in tree.by_title), code)


# What titles leave unsaid, words of notes that say it, and how titles put it.
_UNSAID = [
    (unsaid, roots(*re.split(r"\W+", said)), put)
    for unsaid, said, put in packed_rows(__package__, "data/unsaid.csv")
]


def _as_far_as_said(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same title but for the degree, severity or quadrant that is near, where it leaves that unsaid."""
    title = tree.titles[code].lower()
    said = (
        title.replace(unsaid, said)
        for unsaid, stems, said in _UNSAID
        if unsaid in title and stems <= near.keys()
    )
    return next((tree.by_title[one] for one in said if one in tree.by_title), code)


def _in_remission(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same family for a disease in remission, where that is near."""
    if _REMISSION not in near or "remission" in tree.titles[code].lower() or tree.parent[code] < 0:
        return code
    family = (one for above in tree.above(code)[:2] for one in tree.children(above) if tree.billable[one])
    return next((one for one in family if "in remission" in tree.titles[one].lower()), code)


def _in_childbirth(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same title but for the delivery, where the note tells of one."""
    title = tree.titles[code].lower()
    if root("childbirth") not in near:
        return code
    of_delivery = title.replace("in pregnancy", "in childbirth")
    of_delivery = _COMPLICATING.sub("complicating childbirth", of_delivery)
    return tree.by_title.get(of_delivery, code)


def _start(tree: Tree, code: int) -> int:
    """The code above, so far up that what the code leaves unsaid, such as the encounter, may still be specified."""
    while (above := int(tree.parent[code])) >= 0:
        unsaid = tree.of_encounter(code) or (
            is_open(tree.titles[code]) and tree.default[above] == tree.default[code]
        )
        if not unsaid:
            break
        code = above
    return code


def _towards(tree: Tree, code: int, kids: list[int]) -> int:
    """The child that is the category's default, or that the default lies below."""
    meant = tree.codes[int(tree.default[code])]
    return next((kid for kid in kids if meant.startswith(tree.codes[kid])), kids[0])


def _score(tree: Tree, kid: int, near: Mapping[str, float]) -> float:
    said, absent = tree.differing(kid)
    said = [one for one in said if one not in _LEFT_OUT]
    if not said:
        return 0.0
    found = sum(near.get(one, 0.0) for one in said)
    if not found:
        return -1.0
    score = (
        found
        - MISSING * sum(one not in near for one in said)
        - ABSENT * sum(near.get(one, 0.0) for one in absent)
    )
    return score - (0.3 if is_other(tree.titles[kid]) else 0.0)


def _encounter(tree: Tree, kids: list[int], near: Mapping[str, float], character: str, towards: int) -> int:
    """The child with the 7th character for the encounter; B instead of A where an open fracture is said."""
    if (
        character == "A"
        and "open" in near
        and _CLOSED not in near
        and any(tree.codes[kid].endswith("B") for kid in kids)
    ):
        character = "B"
    return next((kid for kid in kids if tree.codes[kid].endswith(character)), towards)


_OTHER_SEX = {"female": r"\bmale\b", "male": r"\bfemale\b"}
_OF_ADULTS = {"R62.51": "R62.7"}  # failure to thrive


def of_patient(tree: Tree, code: int, sex: str, *, adult: bool) -> int:
    """The code of the same title but for the sex, where it names the one that the patient has not; of an adult, where
    it is a child's. ``sex``: female, male or empty.
    """
    if adult and code >= 0:
        code = tree.number.get(_OF_ADULTS.get(tree.codes[code], ""), code)
    title = tree.titles[code].lower() if sex and code >= 0 else ""
    return tree.by_title.get(re.sub(_OTHER_SEX[sex], sex, title), code) if title else code
