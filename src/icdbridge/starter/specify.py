"""Which code of a family a note supports: from a category down to a billable code, by the words near its mention."""

from collections.abc import Mapping
from dataclasses import dataclass

from icdbridge.starter.stems import root, roots
from icdbridge.starter.tree import Tree, is_open, is_other

MISSING = 1.0  # what a word of a title that the note lacks costs, of what one that it has gains
ABSENT = 1.0  # what a word costs that the title says is absent
# What notes leave out of titles: which encounter it is, and "side" beside left and right.
_LEFT_OUT = roots("initial", "subsequent", "encounter", "sequela", "routine", "healing", "side", "only")


_REMISSION = root("remission")
_ACUITY = {root(word): word for word in ("chronic", "acute")}


@dataclass(frozen=True)
class Decision:
    """``code`` billable; ``support`` the stems of the note that led to it; ``alternatives`` its nearest siblings."""

    code: int
    support: frozenset[str]
    alternatives: tuple[int, ...]


def specify(tree: Tree, code: int, near: Mapping[str, float], character: str = "A") -> Decision:
    """Goes down from ``code``, at each step to the child whose differing words are ``near`` (with their weight, up to
    1),
    or towards the default; ``character`` is the 7th for injuries (A, D or S).
    """
    code = _start(tree, code)
    support: set[str] = set()
    siblings: list[int] = []
    while not tree.billable[code]:
        kids = tree.children(code)
        if not kids:
            break
        towards = _towards(tree, code, kids)
        if any(len(tree.codes[kid]) == 8 and tree.codes[kid].endswith("A") for kid in kids):
            chosen = _encounter(tree, kids, near, character, towards)
        else:
            scores = {kid: _score(tree, kid, near) for kid in kids}
            chosen = max(kids, key=lambda kid: (scores[kid], kid == towards))
            if scores[chosen] <= 0.05:
                chosen = towards
            siblings = [kid for kid in sorted(kids, key=lambda kid: -scores[kid]) if kid != chosen]
        support |= {one for one in tree.differing(chosen)[0] if one in near}
        code = chosen
    code = _in_childbirth(tree, _in_remission(tree, _twin(tree, code, near), near), near)
    alternatives = tuple(int(tree.default[kid]) for kid in siblings[:6])
    return Decision(
        code, frozenset(support), tuple(dict.fromkeys(one for one in alternatives if one != code))
    )


def _twin(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same title but for acute or chronic, where only the other of the two is near."""
    title = tree.titles[code].lower()
    for said, other in (tuple(_ACUITY), tuple(_ACUITY)[::-1]):
        if said in near and other not in near and _ACUITY[other] in title and _ACUITY[said] not in title:
            return tree.by_title.get(title.replace(_ACUITY[other], _ACUITY[said]), code)
    return code


def _in_remission(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same family for a disease in remission, where that is near."""
    if _REMISSION not in near or "remission" in tree.titles[code].lower() or tree.parent[code] < 0:
        return code
    family = (one for above in tree.above(code)[:2] for one in tree.children(above) if tree.billable[one])
    return next((one for one in family if "in remission" in tree.titles[one].lower()), code)


def _in_childbirth(tree: Tree, code: int, near: Mapping[str, float]) -> int:
    """The code of the same title but for the delivery, where the note tells of one."""
    title = tree.titles[code].lower()
    if root("childbirth") not in near or "in pregnancy" not in title:
        return code
    return tree.by_title.get(title.replace("in pregnancy", "in childbirth"), code)


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
    if character == "A" and "open" in near and any(tree.codes[kid].endswith("B") for kid in kids):
        character = "B"
    return next((kid for kid in kids if tree.codes[kid].endswith(character)), towards)
