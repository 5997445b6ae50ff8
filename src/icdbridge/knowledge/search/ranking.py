"""Which code of an index a reading of a query most likely means."""

from collections.abc import Iterable
from typing import NamedTuple

from icdbridge.knowledge.search.building import BELIEVED
from icdbridge.knowledge.search.index import Entry, Found, Index
from icdbridge.knowledge.search.query import Reading, Token
from icdbridge.knowledge.search.slots import distance
from icdbridge.knowledge.search.wordforms import words

_ROWS = 160  # looked at for each combination of words
_ENOUGH = 12  # rows that have all words of a reading: then none may be missing
_COVERED, _PRECISE, _BELIEF, _PRIOR, _EXACT, _SAME = 7.0, 2.2, 0.6, 0.5, 0.8, 0.6
_AXIS = 2.0  # what a word weighs that says something of an axis
_UNKNOWN = 3.5  # what a word weighs that no wording has
_LEAST = 0.34  # share of the query's weight that a find must have


class Match(NamedTuple):
    """A wording that answers a reading: ``score`` the higher the better, ``covered`` share of the query's weight."""

    score: float
    covered: float
    found: Found
    reading: Reading
    corrected: tuple[str, ...]


def matches(index: Index, reading: Reading) -> list[Match]:
    """The wordings of an index that answer a reading, the best first."""
    weights = [_weight(index, token, reading) for token in reading.tokens]
    total = sum(weights)
    best: dict[int, Match] = {}
    for found in _candidates(index, reading, weights):
        if found.row not in best:
            best[found.row] = _match(index, found, reading, weights, total)
    return sorted((one for one in best.values() if one.covered >= _LEAST), key=lambda one: -one.score)


def _name(root: str, reading: Reading) -> str:
    return f"{reading.context}0{root}" if reading.context else root


def _weight(index: Index, token: Token, reading: Reading) -> float:
    known = [weight for root in token.roots if (weight := index.weight(_name(root, reading))) is not None]
    if token.values:
        return _AXIS
    return known[0] if known else _UNKNOWN


def _candidates(index: Index, reading: Reading, weights: list[float]) -> Iterable[Found]:
    """Rows with all words of a reading, without those that say little; where there are few, with one or two missing."""
    groups = []
    for token, weight in zip(reading.tokens, weights, strict=True):
        known = [name for root in token.roots if index.weight(name := _name(root, reading)) is not None]
        groups.append((known, token, weight))
    every = [known for known, _, _ in groups if known]
    if not every:
        return
    if len(every) == len(groups):
        yield from index.matching(every, 40)
    needed = sorted(
        (
            (known, weight)
            for known, token, weight in groups
            if known and not token.light and not token.values
        ),
        key=lambda one: -one[1],
    ) or [(known, weight) for known, _, weight in groups if known]
    telling = [known for known, _ in needed]
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
            yield from index.matching([telling[one], telling[other]], 30)


def _match(index: Index, found: Found, reading: Reading, weights: list[float], total: float) -> Match:
    own = set(found.roots.split())
    covered = spent = matched = 0.0
    corrected = []
    exact = True
    for token, weight in zip(reading.tokens, weights, strict=True):
        hit = min(
            ((cost, root) for root, cost in token.roots.items() if _name(root, reading) in own),
            default=None,
        )
        if hit is not None:
            covered += weight
            matched += index.weight(_name(hit[1], reading)) or 0.0
            spent += hit[0]
            if hit[0] and token.corrected:
                corrected.append(token.corrected)
        elif any(
            f" {axis}:{value}" in found.axes or (value == "bilateral" and _two_sided(found.axes))
            for axis, value in token.values
        ):
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
        + (_SAME if exact and " ".join(words(found.text)) == reading.text else 0.0)
        - spent
        - reading.cost
    )
    return Match(score, share, found, reading, tuple(corrected))


def resolved(index: Index, match: Match) -> list[Entry]:
    """The code that a match means: of its family the one of the side and so on that the query gives.

    Two, one of each side, where the query says both and no code does.
    """
    meant = index.entry(match.found.meant)
    given = [
        (axis, value)
        for token in match.reading.tokens
        for axis, value in token.values
        if f" {axis}:{value}" in match.found.axes or (value == "bilateral" and _two_sided(match.found.axes))
    ]
    if not given or meant.family < 0:
        return [meant]
    members = index.family(meant.family)
    if ("side", "bilateral") in given and " side:bilateral" not in match.found.axes:
        return [_nearest(members, meant, {**dict(given), "side": side}) for side in ("right", "left")]
    return [_nearest(members, meant, dict(given))]


def _two_sided(axes: str) -> bool:
    return " side:left" in axes and " side:right" in axes


def _nearest(members: list[Entry], meant: Entry, wanted: dict[str, str]) -> Entry:
    """The code that says what is wanted, and else what ``meant`` says."""

    def far(other: Entry) -> tuple[object, ...]:
        missed = sum(not other.said.get(axis, "").startswith(value) for axis, value in wanted.items())
        changed = sum(
            other.said.get(axis, "") != meant.said.get(axis, "")
            for axis in {*other.said, *meant.said}
            if axis not in wanted
        )
        return missed, changed, distance(other.said), other.code

    return min(members, key=far)
