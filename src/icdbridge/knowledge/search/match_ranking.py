"""Ranks the codes of an index for a reading of a query."""

from collections.abc import Iterable
from typing import NamedTuple

from icdbridge.knowledge.search.query import Reading, Token
from icdbridge.knowledge.search.search_index import Entry, Found, Index
from icdbridge.knowledge.search.wordforms import words
from icdbridge.knowledge.search.worth import BELIEVED
from icdbridge.knowledge.words import american

_ROWS = 160  # looked at for each combination of words
_ENOUGH = 12  # rows that have all words of a reading: then none may be missing
_COVERED, _PRECISE, _BELIEF, _PRIOR, _EXACT, _SAME = 7.0, 2.2, 0.6, 0.5, 0.8, 0.6
_AXIS = 2.0  # what a word weighs that says something of an axis
_UNKNOWN = 3.5  # what a word weighs that no wording has
_OTHER_SIDE = 1.5  # what a wording loses that says another side
_SIDES = frozenset({"left", "right", "bilateral"})
# What a wording loses that says what a query is without; what it keeps that is silent.
_DENIED, _UNSAID = (3.0, 0.7)
_LEAST, _LAST_RESORT = 0.34, 0.2  # share of the query's weight that a find must have; where no find has it


class Match(NamedTuple):
    """A wording that answers a reading: ``score`` the higher the better, ``covered`` share of the query's weight."""

    score: float
    covered: float
    found: Found
    reading: Reading
    corrected: tuple[str, ...]
    wanted: tuple[tuple[str, str], ...]  # what the reading says of axes and the wording does not


class _Asked(NamedTuple):
    """A token as an index knows it: its roots there with their costs; ``weight`` of the query's."""

    known: dict[str, float]
    weight: float
    axes: tuple[str, ...]
    token: Token


def matches(index: Index, reading: Reading) -> list[Match]:
    """The wordings of an index that answer a reading, the best first."""
    asked = [_asked(index, token, reading.context) for token in reading.tokens]
    total = sum(one.weight for one in asked)
    best: dict[int, Match] = {}
    for found in _candidates(index, asked):
        if found.row not in best:
            best[found.row] = _match(index, found, reading, asked, total)
    enough = [one for one in best.values() if one.covered >= _LEAST]
    enough = enough or [one for one in best.values() if one.covered >= _LAST_RESORT]
    return sorted(enough, key=lambda one: -one.score)


def _asked(index: Index, token: Token, context: str) -> _Asked:
    names = {f"{context}0{root}" if context else root: cost for root, cost in token.roots.items()}
    known = {name: cost for name, cost in names.items() if index.weight(name) is not None}
    weight = _AXIS if token.values else index.weight(next(iter(known))) if known else _UNKNOWN
    axes = [f" {axis}:{value}" for axis, value in token.values]
    axes += [" side:left side:right", " side:right side:left"] if "bilateral" in token.roots else []
    return _Asked(known, weight or _UNKNOWN, tuple(axes), token)


def _candidates(index: Index, asked: list[_Asked]) -> Iterable[Found]:
    """Rows with all words of a reading, without those that say little; where there are few, with one or two missing."""
    every = [one.known for one in asked if one.known]
    if not every:
        return
    if len(every) == len(asked):
        yield from index.matching(every, 40)
    needed = [
        one for one in asked if one.known and not (one.token.light or one.token.values or one.token.denied)
    ]
    needed = sorted(needed or [one for one in asked if one.known], key=lambda one: -one.weight)
    telling = [one.known for one in needed]
    for axis in dict.fromkeys(axis for one in asked for axis, _ in one.token.values):
        if index.weight(f"axis0{axis}") is not None:
            yield from index.matching([*telling, [f"axis0{axis}"]], _ROWS // 4)
    rows = index.matching(telling, _ROWS)
    yield from rows
    if len(rows) >= _ENOUGH or len(telling) < 2:
        return
    enough = len(rows)
    for left in range(len(telling) - 1, -1, -1):  # the word that tells least is missing first
        rows = index.matching(telling[:left] + telling[left + 1 :], _ROWS // 2)
        enough += len(rows)
        yield from rows
    if enough >= _ENOUGH or len(telling) < 3:
        return
    for one in range(min(len(telling), 4)):
        for other in range(one + 1, min(len(telling), 5)):
            rows = index.matching([telling[one], telling[other]], 30)
            enough += len(rows)
            yield from rows
    if not enough:  # no two of the words stand together anywhere: better one of them than no answer
        for word in telling:
            yield from index.matching([word], 30)


def _match(index: Index, found: Found, reading: Reading, asked: list[_Asked], total: float) -> Match:
    own = found.roots.split()
    covered = spent = matched = denied = 0.0
    corrected = []
    exact = True
    side = ""
    said_here: set[tuple[str, str]] = set()
    for known, weight, axes, token in asked:
        if "side" in (axis for axis, _ in token.values):
            side = next(iter(token.roots))
        if token.denied:
            said = any(one in known for one in own)
            if said and "without" not in own:
                denied += _DENIED
                exact = False
            else:
                covered += weight if said else _UNSAID * weight
                matched += sum(index.weight(one) or 0.0 for one in own if one in known or one == "without")
            continue
        least, name = 9.0, ""
        for one in own:
            if one in known and known[one] < least:
                least, name = known[one], one
        if name:
            covered += weight
            said_here |= {value for value in token.values if value[0] == "approach"}
            matched += index.weight(name) or 0.0
            spent += least
            if least and token.corrected:
                corrected.append(token.corrected)
        elif any(axis in found.axes for axis in axes):
            covered += weight
        else:
            exact = False
    share = covered / total
    precise = (matched + 0.5) / (found.weight + 0.5)
    exact = exact and precise > 0.98
    score = (
        _COVERED * share
        + _PRECISE * precise
        + _BELIEF * BELIEVED[found.source]
        + _PRIOR * found.prior
        + (_EXACT if exact else 0.0)
        + (_SAME if exact and _same(found.text, reading.text) else 0.0)
        - (_OTHER_SIDE if side and any(one in _SIDES and one != side for one in own) else 0.0)
        - spent
        - denied
        - reading.cost
    )
    wanted = tuple(value for one in asked for value in one.token.values if value not in said_here)
    return Match(score, share, found, reading, tuple(corrected), wanted)


def _same(text: str, other: str) -> bool:
    """Whether two texts have the same words in order, however they are spelt."""
    return [american(word) for word in words(text)] == [american(word) for word in other.split()]


def resolved(index: Index, match: Match) -> list[Entry]:
    """The code that a match means: of its family the one of the side and so on that the query gives.

    Two, one of each side, where the query says both and no code does.
    """
    meant = _of_type(index, match)
    given = _wanted(match)
    if not given or meant.family < 0:
        return [meant]
    if ("side", "bilateral") in given and " side:bilateral" not in match.found.axes:
        return [_nearest(index, meant, {**dict(given), "side": side}) for side in ("right", "left")]
    return [_nearest(index, meant, dict(given))]


def _of_type(index: Index, match: Match) -> Entry:
    """The code that a wording stands for; of type 1 where it is of type 2 because no type was said, and the query says
    type 1 ("diabetic foot ulcer": E11.621, E10.621).
    """
    meant = index.entry(match.found.meant)
    assumed = meant.code.startswith("E11.") and "type2" not in match.found.roots.split()
    if assumed and any("type1" in token.roots for token in match.reading.tokens):
        of_type_1 = f"E10{meant.code[4:]}"
        for other in index.beginning(of_type_1, 1):
            if other.code.replace(".", "") == of_type_1:
                return other
    return meant


def _wanted(match: Match) -> list[tuple[str, str]]:
    """What the reading says of the axes by which the family of its find differs."""
    axes = match.found.axes
    return [
        (axis, value)
        for axis, value in match.wanted
        if f" {axis}:{value}" in axes
        or (value == "bilateral" and " side:left" in axes and " side:right" in axes)
    ]


def _nearest(index: Index, meant: Entry, wanted: dict[str, str]) -> Entry:
    """The code of a family that says what is wanted, and else what ``meant`` says."""
    members = index.family(meant.family)
    if same := members.get(frozenset({**meant.said, **wanted}.items())):
        return same

    def far(other: Entry) -> tuple[int, ...]:
        missed = sum(not other.said.get(axis, "").startswith(value) for axis, value in wanted.items())
        axes = {*other.said, *meant.said}.difference(wanted)
        changed = sum(other.said.get(axis, "") != meant.said.get(axis, "") for axis in axes)
        return missed, changed, other.place

    return min(members.values(), key=far)
