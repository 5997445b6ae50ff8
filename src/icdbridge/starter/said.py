"""The mentions of a note, each with the code of its family that the surrounding words support."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from icdbridge.knowledge.companions import asked_by
from icdbridge.lexical.sentences import sentence_around
from icdbridge.starter.cues import cue, part
from icdbridge.starter.dictionary import ADVERSE, Dictionary
from icdbridge.starter.joined import listed_causes, of_one_item, over_and
from icdbridge.starter.mentions import Mention, longest
from icdbridge.starter.near_words import near_words
from icdbridge.starter.note_reading import Note
from icdbridge.starter.specify import Decision, of_patient, specify
from icdbridge.starter.stems import SIDES, root, roots, synonyms, whole
from icdbridge.starter.tree import Tree
from icdbridge.starter.understood import ACUITY, asserting, understood

_TARGETS = 4  # codes of one phrase that are compared
_SUBSEQUENT = roots("healing", "healed", "aftercare", "postoperative", "postop")
_FIXED = roots("orif", "crpp", "fixation", "nailing", "pinning")  # past ones: what they were for is healing
_NEXT_ITEM = re.compile(
    r"\s*[,;](?!\s*(?:with |w/|due |secondary |s/|status ))(?:[^,;]*[,;])?[^,;]*(?<! with)(?<! with )",
    re.IGNORECASE,
)
_FROM = re.compile(rf"\s*(?:{part('due to')})\s+(?:[\w-]+ ){{0,2}}", re.IGNORECASE)
_SEQUELA = roots("sequela", "sequelae", "late")


@dataclass(frozen=True)
class Said:
    """One thing said at words ``places`` (``start`` to ``end`` in characters): the ``code`` that it supports and its
    ``alternatives``; ``named`` is what the phrase itself names (perhaps a category), by a name of ``source``, of
    ``size`` stems and ``weight`` (how rare they are together), with ``gap`` tenths of words between; ``share`` of the
    uses of its abbreviation that mean this; ``support`` stems near by that decided within the family; ``status`` the
    status and history codes that the words may stand for, by where they count; ``asserting`` the words but those that
    are said to be absent, whose context is that of all; ``left`` as in ``Decision``.
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


def sentence_of(note: Note, said: Said) -> tuple[int, int]:
    """The sentence of a mention, or the mention itself, in characters."""
    return sentence_around(note.sentences, said.start) or (said.start, said.end)


def tells(note: Note, said: Said, name: str) -> bool:
    """Whether a wording of a cue stands right before or right behind a mention."""
    return cue(name).beside(note.text, said.start, said.end)


def find_said(note: Note, dictionary: Dictionary, tree: Tree, *, final: bool) -> list[Said]:
    """All things said in a note, in order; of phrases on the same words the one that says most.

    Where a phrase is made of two conditions, that which its code asks for is said too ("diabetic kidney disease").
    """
    by_places: dict[tuple[int, ...], list[tuple[Mention, float]]] = defaultdict(list)
    for mention, share in understood(note, dictionary, final=final):
        by_places[mention.places].append((mention, share))
    every = [one[0] for several in by_places.values() for one in several]
    apart = over_and(note, every) | listed_causes(every, dictionary, tree)
    alone = longest([mention for mention in every if mention.places not in apart])
    kept = _beside_sides(note, {mention.places for mention in of_one_item(note, alone, every)})
    by_sentence: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for places in kept:
        by_sentence[note.sentence[places[0]]].append(places)

    @cache
    def said_at(places: tuple[int, ...]) -> Said:
        mention, share = max(by_places[places], key=lambda one: _best(note, one, dictionary))
        status: dict[str, int] = {}
        for one, _ in by_places[places]:
            status = dictionary.status(one.phrase) | status
        apart = _of_other_items(note, places, by_sentence[note.sentence[places[0]]])
        return _decided(note, dictionary, tree, mention, share, status, apart)

    inner: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for places in by_places.keys() - kept:
        inner[places[0]].append(places)
    asked = set()
    for outer in kept:
        wanted = asked_by(tree.codes[said_at(outer).code]) if len(outer) > 1 else ()
        causes = note.causes.intersection(outer)
        for places in [places for first in outer for places in inner[first]] if wanted or causes else ():
            if not set(places) < set(outer):
                continue
            others = tuple(place for place in outer if not _covers(note, places, place))
            both = others in by_places and min(said_at(places).named, said_at(others).named) >= 0
            drug = said_at(places).status.get(ADVERSE, -1) if len(places) == 1 else -1
            caused = drug >= 0 and (
                places[0] in causes or tree.codes[int(tree.default[drug])].startswith(wanted)
            )
            if caused or (both and tree.codes[said_at(places).code].startswith(wanted)):
                asked.add(places)
    return [said_at(places) for places in sorted(kept | asked)]


def _covers(note: Note, places: Sequence[int], place: int) -> bool:
    """Whether a word is one of ``places``, or of an abbreviation of several words that begins there."""
    return any(
        one == place or note.words[one].end < note.words[place].end <= note.ends[one] for one in places
    )


def _beside_sides(note: Note, kept: set[tuple[int, ...]]) -> set[tuple[int, ...]]:
    """Leaves out words that but for a side are a part of others, one after the other: the side counts for these too, as
    a word near by.
    """
    bare = {
        places: frozenset(place for place in places if not note.own[place] or note.own[place] - {*SIDES})
        for places in kept
    }
    by_place: dict[int, list[frozenset[int]]] = defaultdict(list)
    for places, own in bare.items():
        for place in own if places[-1] - places[0] < len(places) else ():
            by_place[place].append(frozenset(places))
    return {
        places
        for places, own in bare.items()
        if len(own) == len(places)
        or len(own) < 2
        or not any(own < other and other != frozenset(places) for other in by_place[min(own)])
    }


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


def _synonyms_of(note: Note, places: Sequence[int]) -> set[str]:
    """The stems that the words of a mention stand for by their synonyms."""
    words = (root(note.words[place].text) for place in places)
    return {stem for word in words for meaning in synonyms().get(word, ()) for stem in meaning}


def _of_other_items(note: Note, places: tuple[int, ...], beside: Collection[tuple[int, ...]]) -> set[int]:
    """The words of other things said that are names of several words behind or before a comma: in "hepatitis C, CMV
    viremia" no hepatitis is of CMV. Behind what something comes from only how acute that is. ``beside``: what is said
    in the same sentence.
    """
    shared = {place for other in beside if not set(other).isdisjoint(places) for place in other}
    found: set[int] = set()
    for other in beside:
        if len(other) < 2 or not shared.isdisjoint(other):
            continue
        first, then = sorted((other, places))
        if first[-1] < then[0]:
            between = note.text[note.ends[first[-1]] : note.words[then[0]].start]
            if _NEXT_ITEM.fullmatch(between):
                found.update(other)
            elif _FROM.fullmatch(between):
                found.update(place for place in other if note.words[place].text in ACUITY)
    return found


def _decided(
    note: Note,
    dictionary: Dictionary,
    tree: Tree,
    mention: Mention,
    share: float,
    status: Mapping[str, int],
    apart: Collection[int],
) -> Said:
    words = dictionary.words[dictionary.starts[mention.phrase] : dictionary.starts[mention.phrase + 1]]
    own = dictionary.phrase(mention.phrase)
    same = _synonyms_of(note, mention.places)  # "liver cirrhosis" has nothing hepatic beside itself
    near = {
        one: weight
        for one, weight in near_words(note, mention.places, own, apart).items()
        if one in SIDES or one in own or one not in same
    }
    beside = {one: weight for one, weight in near.items() if one in SIDES or one not in own}
    if note.sex:
        beside[root(note.sex)] = near[root(note.sex)] = 1.0
    fixed = not _FIXED.isdisjoint(beside) and note.touched(mention.places, "historical")
    healing = note.of_aftercare or fixed or not _SUBSEQUENT.isdisjoint(beside)
    healing = healing and not note.says("days after an operation")
    character = "S" if not _SEQUELA.isdisjoint(beside) else "D" if healing else "A"
    targets, sources = dictionary.meant(mention.phrase)
    named, source, decision = -1, -1, Decision(-1, frozenset(), ())
    if targets:  # else it is a status or history code only
        of_pregnancy = beside | dict.fromkeys(note.pregnancy, 1.0)
        if not note.says("fetus of several"):  # "fetus breech" is no other fetus
            of_pregnancy.pop(root("fetus"), None)
        decisions = [
            specify(
                tree,
                target,
                # what a phrase itself says led to a billable code already
                of_pregnancy if tree.codes[target][0] == "O" else beside if tree.billable[target] else near,
                character,
                own,
            )
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
        of_patient(tree, decision.code, note.sex, adult=note.of_adult),
        tuple(one for one in alternatives if one != decision.code)[:8],
        source,
        len(words),
        float(dictionary.weights[words].sum()),
        mention.gap,
        share,
        decision.support,
        status,
        asserting(mention, dictionary),
        decision.left,
    )
