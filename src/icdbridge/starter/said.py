"""What a note says: each mention with the code of its family that the words around it support."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from icdbridge.knowledge.companions import asked_by
from icdbridge.lexical.contexts import CONTEXTS
from icdbridge.starter.dictionary import Dictionary
from icdbridge.starter.mentions import PAUSE, Mention, Occurrences, find_mentions, longest
from icdbridge.starter.note_reading import REACH, SIDES, Note
from icdbridge.starter.specify import Decision, specify
from icdbridge.starter.stems import root, roots, whole
from icdbridge.starter.tree import Tree

_NEGATED = CONTEXTS.index("negated")
_WHOLE = 0.6  # of a sense's stems that a phrase has to have
_LEAST_SHARE = 0.4  # of the uses of an abbreviation, below which a sense is not thought of
_TARGETS = 4  # codes of one phrase that are compared
_NEAR, _NEARER = 0.7, 60  # weight of words further than so many tenths of words
_STATUS = roots("hx", "history", "h", "p", "status", "post", "family", "fhx", "fh")
_STATUS_GAP = 5  # tenths of words within a name of a status or history: "hx: brother with cancer" is none
_SPREAD = frozenset(
    {"mets", "metastases", "metastasis", "metastatic", "metastasized", "metastasised", "spread"}
)
_AS_WRITTEN = roots("open")  # a laceration, an open wound, makes no fracture beside it an open one
_SUBSEQUENT = roots("healing", "healed", "aftercare", "postoperative", "postop")
_FIXED = roots("orif", "crpp", "fixation", "nailing", "pinning")  # past ones: what they were for is healing
_SCREENING = roots("screening")
_ONE_SIDE = root("unilateral")
_BESIDE = re.compile(r"[,;&/]|\s-|\band\b")
_SEQUELA = roots("sequela", "sequelae", "late")


@dataclass(frozen=True)
class Said:
    """One thing said at words ``places`` (``start`` to ``end`` in characters): the ``code`` that it supports and its
    ``alternatives``; ``named`` is what the phrase itself names (perhaps a category), by a name of ``source``, of
    ``size``
    stems and ``weight`` (how rare they are together), with ``gap`` tenths of words between; ``share`` of the uses of
    its
    abbreviation that mean this; ``support`` stems near by that decided within the family;
    ``status`` the status and history codes that the words may stand for, by where they count; ``asserting`` the words
    but those that are said to be
    absent, whose context is that of all; ``left`` as in ``Decision``.
    """

    places: tuple[int, ...]
    start: int
    end: int
    phrase: int
    named: int
    code: int
    alternatives: tuple[int, ...]
    source: int
    size: int
    weight: float
    gap: int
    share: float
    support: frozenset[str]
    status: Mapping[str, int]
    asserting: tuple[int, ...] = ()
    left: int = -1


def find_said(note: Note, dictionary: Dictionary, tree: Tree) -> list[Said]:
    """All things said in a note, in order; of phrases on the same words the one that says most.

    Where a phrase is made of two conditions, that which its code asks for is said too ("diabetic kidney disease").
    """
    by_places: dict[tuple[int, ...], list[tuple[Mention, float]]] = defaultdict(list)
    for mention, share in _understood(note, dictionary):
        by_places[mention.places].append((mention, share))
    every = [one[0] for several in by_places.values() for one in several]
    kept = {mention.places for mention in _of_one_item(longest(every))}

    @cache
    def said_at(places: tuple[int, ...]) -> Said:
        mention, share = max(by_places[places], key=lambda one: _best(note, one, dictionary))
        status: dict[str, int] = {}
        for one, _ in by_places[places]:
            status = dictionary.status(one.phrase) | status
        return _decided(note, dictionary, tree, mention, share, status)

    inner: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for places in by_places.keys() - kept:
        inner[places[0]].append(places)
    asked = set()
    for outer in kept:
        wanted = asked_by(tree.codes[said_at(outer).code]) if len(outer) > 1 else ()
        for places in [places for first in outer for places in inner[first]] if wanted else ():
            others = tuple(place for place in outer if place not in places)
            if (
                set(places) < set(outer)
                and others in by_places
                and min(said_at(places).named, said_at(others).named) >= 0
                and tree.codes[said_at(places).code].startswith(wanted)
            ):
                asked.add(places)
    return [said_at(places) for places in sorted(kept | asked)]


def _of_one_item(mentions: Sequence[Mention]) -> list[Mention]:
    """Leaves out what is put together over a comma of words that closer mentions have all: "abrasion of the forearm,
    contusion of the hip" has no contusion of the forearm.
    """
    closer: dict[int, int] = {}
    for mention in mentions:
        for place in mention.places:
            closer[place] = min(closer.get(place, mention.gap), mention.gap)
    return [one for one in mentions if one.gap < PAUSE or any(closer[place] >= PAUSE for place in one.places)]


def _best(note: Note, one: tuple[Mention, float], dictionary: Dictionary) -> tuple[float, ...]:
    """Of phrases on the same words: one that names a code, of an item of an enumeration with what the list is of, by
    the words as written rather than by synonyms ("fatigue" is no "malaise and fatigue"), from the most trusted source.
    """
    mention, share = one
    literal = frozenset.union(*(note.written(place) for place in mention.places))
    phrase = dictionary.phrase(mention.phrase)
    written = len(literal.intersection(phrase)) / len(phrase)
    words = [note.words[place].text for place in mention.places]
    spelt = len({form for word in words for form in (root(word), whole(word))}.intersection(phrase))
    codes, sources = dictionary.meant(mention.phrase)
    trusted = -sources[0] if sources else 0
    heads = (note.items[place][0] for place in mention.places if place in note.items)
    lent = any(not note.own[head].isdisjoint(phrase) for head in heads)
    return (bool(codes), share, -mention.gap, lent, written, spelt / len(phrase), len(phrase), trusted)


def _understood(note: Note, dictionary: Dictionary) -> list[tuple[Mention, float]]:
    """Mentions in which words that stand for several stems are taken whole, with the share of such uses."""
    kept = []
    for mention in _mentions(note, dictionary):
        phrase = frozenset(dictionary.phrase(mention.phrase))
        shares = [_share(note, place, phrase, len(mention.places)) for place in mention.places]
        loose = mention.gap > _STATUS_GAP and not phrase.isdisjoint(_STATUS)
        if (
            min(shares) >= _LEAST_SHARE
            and not loose
            and not _bare(note, mention)
            and not note.mixed(_asserting(mention, dictionary))
            and not _of_another_side(note, mention, dictionary)
            and not _spread_elsewhere(note, mention)
            and not _of_two_items(note, mention)
            and (phrase.isdisjoint(_SCREENING) or not _screened_for_another(note, mention, dictionary))
        ):
            kept.append((_spelt_out(note, mention, phrase), min(shares)))
    return kept


def _spelt_out(note: Note, mention: Mention, phrase: frozenset[str]) -> Mention:
    """The mention with words beside its own that say what one of these stands for already: zoster is herpes zoster, so
    "herpes zoster" is no herpes besides.
    """
    beside = {
        near
        for place in mention.places
        for near in (place - 1, place + 1)
        if 0 <= near < len(note.words)
        and note.sentence[near] == note.sentence[place]
        and any(
            len(sense) > 1 and (note.own[near] - note.own[place]) & sense & phrase
            for sense, _ in note.senses[place]
        )
    }
    return mention._replace(places=tuple(sorted(beside.union(mention.places))))


def _mentions(note: Note, dictionary: Dictionary) -> list[Mention]:
    """All mentions, also those of words that another stands nearer to: in an enumeration what a later item is lent, and
    before where something has spread to: "adenocarcinoma of the lower lobe of the lung with metastases to bone".
    """
    readings = [note.found, *([note.plain] if note.items else ())]
    spread = [
        place for place, word in enumerate(note.words) if word.text in _SPREAD and _goes_to(note, place)
    ]
    if spread:
        kept = ~np.isin(note.plain.places, spread)
        readings.append(Occurrences(note.plain.stems[kept], note.plain.places[kept]))
    found = (mention for one in readings for mention in find_mentions(dictionary, one, note.where))
    return list(dict.fromkeys(found))


def _goes_to(note: Note, place: int) -> bool:
    return [word.text for word in note.words[place + 1 : place + 2]] == ["to"]


def _spread_elsewhere(note: Note, mention: Mention) -> bool:
    """Whether a mention takes what stands before metastases for where they are ("right breast, mets to bone"), or a
    site that they are said to be in for that of the primary ("lung cancer with mets to brain").
    """
    first, last = min(mention.places), max(mention.places)
    over = any(
        note.words[place].text in _SPREAD and place not in mention.places and _goes_to(note, place)
        for place in range(first + 1, last)
    )
    return over or (len(mention.places) > 1 and note.words[last].text in _SPREAD and _goes_to(note, last))


def _of_two_items(note: Note, mention: Mention) -> bool:
    """Whether a mention joins two items of an enumeration, or a later one with the word that the list begins with,
    which that item has itself: "mets to brain and bone" says those of the brain, and of the bone, once.
    """
    items = {note.items[place] for place in mention.places if place in note.items}
    return len(items) > 1 or any(number and head in mention.places for head, number in items)


def _screened_for_another(note: Note, mention: Mention, dictionary: Dictionary) -> bool:
    """Whether a mention takes what stands beside a screening for what is screened for: "screening and diabetes"."""
    said_at = zip(dictionary.phrase(mention.phrase), mention.of_stems, strict=True)
    screening = next(place for stem, place in said_at if stem in _SCREENING)
    following = [place for place in mention.places if place > screening]
    return bool(following) and bool(
        _BESIDE.search(note.text[note.words[screening].end : note.words[following[0]].start])
    )


def _asserting(mention: Mention, dictionary: Dictionary) -> tuple[int, ...]:
    """The words of a mention but those that its phrase says are absent."""
    stems = dictionary.phrase(mention.phrase)
    places = {place for stem, place in zip(stems, mention.of_stems, strict=True) if not stem.startswith("-")}
    return tuple(sorted(places)) or mention.places


def _of_another_side(note: Note, mention: Mention, dictionary: Dictionary) -> bool:
    """Whether the side in a phrase belongs to something else: another stands nearer to its rarest word."""
    said_at = list(zip(dictionary.phrase(mention.phrase), mention.of_stems, strict=True))
    sides = {place: stem for stem, place in said_at if stem in SIDES}
    rest = [place for stem, place in said_at if stem not in SIDES]
    if len(sides) != 1 or len(rest) < 2:
        return False
    (place, side), centre = next(iter(sides.items())), rest[0]
    apart = abs(place - centre)
    around = range(max(centre - apart + 1, 0), min(centre + apart, len(note.words)))
    return any(
        other != side and other in note.own[near] and note.sentence[near] == note.sentence[centre]
        for near in around
        for other in SIDES
    )


def _bare(note: Note, mention: Mention) -> bool:
    """Whether a mention is a single letter, which may be anything."""
    return len(mention.places) == 1 and len(note.words[mention.places[0]].text) == 1


def _share(note: Note, place: int, phrase: frozenset[str], places: int) -> float:
    """How sure it is that a word means what the phrase has of it: 1 for its own stem, 0 where a sense is torn apart."""
    best = 0.0
    for sense, share in note.senses[place]:
        if sense <= phrase or (places == 1 and phrase <= sense):
            whole = len(phrase & sense) / len(sense)
            best = max(best, share * whole if whole >= _WHOLE else 0.0)
    written = phrase <= note.own[place] if places == 1 else bool(phrase & note.own[place])
    return 1.0 if written else best


def near_words(note: Note, places: Sequence[int], own: Sequence[str] = ()) -> dict[str, float]:
    """Stems of the same sentence with a weight that falls with distance; of the sides only the nearest."""
    weights = dict.fromkeys(own, 1.0)
    first, last = int(note.where[places[0]]), int(note.where[places[-1]])
    begin, end = np.searchsorted(note.where, (first - REACH, last + REACH + 1))
    sides: dict[str, int] = {}
    inside = set(places)
    for place in range(int(begin), int(end)):
        if note.marks[place, _NEGATED] and place not in inside:
            continue
        here = int(note.where[place])
        distance = max(first - here, here - last, 0)
        meant = (sense - _AS_WRITTEN for sense, share in note.senses[place] if share >= 0.5)
        for one in note.own[place].union(*meant):
            if one in SIDES:
                # what stands before belongs to it rather than what comes after
                apart = distance + (1 if here > last else 0)
                sides[one] = min(sides.get(one, apart), apart)
            else:
                weights[one] = max(weights.get(one, 0.0), 1.0 if distance <= _NEARER else _NEAR)
    for side in SIDES:
        weights.pop(side, None)
    if not sides and note.only_side:
        sides[note.only_side] = 0
    if sides:
        weights[min(sides, key=lambda side: sides[side])] = 1.0
    if "left" in own or "right" in own or "bilateral" in own:
        for side in SIDES:
            weights.pop(side, None)
        weights |= {side: 1.0 for side in SIDES if side in own}
    if not weights.keys().isdisjoint(SIDES[:2]):
        weights[_ONE_SIDE] = 1.0
    return weights


def _decided(
    note: Note, dictionary: Dictionary, tree: Tree, mention: Mention, share: float, status: Mapping[str, int]
) -> Said:
    words = dictionary.words[dictionary.starts[mention.phrase] : dictionary.starts[mention.phrase + 1]]
    own = dictionary.phrase(mention.phrase)
    near = near_words(note, mention.places, own)
    for one in own:  # what a phrase itself says led to its code already
        if one not in SIDES:
            near.pop(one, None)
    fixed = not _FIXED.isdisjoint(near) and note.touched(mention.places, "historical")
    healing = fixed or not _SUBSEQUENT.isdisjoint(near)
    character = "S" if not _SEQUELA.isdisjoint(near) else "D" if healing else "A"
    targets, sources = dictionary.meant(mention.phrase)
    named, source, decision = -1, -1, Decision(-1, frozenset(), ())
    if targets:  # else it is a status or history code only
        of_pregnancy = near | dict.fromkeys(note.pregnancy, 1.0)
        decisions = [
            specify(tree, target, of_pregnancy if tree.codes[target][0] == "O" else near, character, own)
            for target in targets[:_TARGETS]
        ]
        further = [len(one.support.difference(own)) for one in decisions]
        best = further.index(max(further)) if not further[0] else 0
        named, source, decision = targets[best], sources[best], decisions[best]
    others = (int(tree.default[target]) for target in targets)
    alternatives = dict.fromkeys((*decision.alternatives, *others))
    return Said(
        mention.places,
        note.words[mention.places[0]].start,
        note.ends[mention.places[-1]],
        mention.phrase,
        named,
        decision.code,
        tuple(one for one in alternatives if one != decision.code)[:8],
        source,
        len(words),
        float(dictionary.weights[words].sum()),
        mention.gap,
        share,
        decision.support,
        status,
        _asserting(mention, dictionary),
        decision.left,
    )
