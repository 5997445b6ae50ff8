"""Mentions that join words of two things over a comma, "with" or "and", and so say what the note does not."""

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence

from icdbridge.starter.dictionary import Dictionary
from icdbridge.starter.mentions import PAUSE, STEP, Mention
from icdbridge.starter.note_reading import Note
from icdbridge.starter.stems import SIDES
from icdbridge.starter.tree import Tree

_AND = ("and", "&")
_CAUSED = re.compile(r"\b(?:due|secondary) to\b", re.IGNORECASE)
PAINS = frozenset({"pain", "pains", "ache", "discomfort", "pressure", "tightness", "numbness", "tingling"})


def of_one_item(note: Note, mentions: Sequence[Mention], every: Sequence[Mention]) -> list[Mention]:
    """Leaves out what is put together over a comma or "with" of words that closer mentions have all: "abrasion of the
    forearm, contusion of the hip" has no contusion of the forearm, "tricuspid regurgitation with mild pulmonary
    hypertension" no pulmonary regurgitation; and what takes over a comma a word that belongs to what stands before it:
    "dry AMD, both eyes" has no dry eyes. ``every``: those too that longer ones hide.
    """
    closer: dict[int, int] = {}
    near: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for mention in every:
        for place in mention.places if mention.gap < PAUSE else ():
            near[place].append(mention.places)
    for mention in mentions:
        # with "valve" in "tricuspid valve endocarditis"
        for place in range(mention.places[0], mention.places[-1] + 1):
            if place in mention.places or mention.gap < PAUSE:
                closer[place] = min(closer.get(place, mention.gap), mention.gap)

    def put_together(one: Mention) -> bool:
        over = one.gap >= STEP and any(
            note.words[place].text == "with" for place in range(one.places[0] + 1, one.places[-1])
        )
        limit = STEP if over else PAUSE
        return one.gap >= limit and all(closer[place] < limit for place in one.places)

    def takes_away(one: Mention) -> bool:
        if one.gap < PAUSE:
            return False
        pains = (place for place in one.places if note.words[place].text in PAINS)
        if any(not {*own} <= {*one.places} for place in pains for own in near[place]):
            return True  # "hip pain, leg shortened": the pain has its place
        for at, (last, after) in enumerate(itertools.pairwise(one.places), 1):
            if "," in note.text[note.words[last].end : note.words[after].start]:
                owned = any(
                    set(one.places[:at]) < set(places) and last < places[-1] < after for places in near[last]
                )
                return owned and not any(near[place] for place in one.places[at:])
        return False

    return [one for one in mentions if not (put_together(one) or takes_away(one))]


def over_and(note: Note, mentions: Sequence[Mention]) -> set[tuple[int, ...]]:
    """The places of mentions that join two things over "and", of which one is more than they take of it: "PCP pneumonia
    and oral thrush" has no pneumonia by thrush, "iron deficiency anemia and B12 deficiency" no anemia by the latter.
    """
    places = {mention.places for mention in mentions}
    holding = defaultdict(list)
    for one in places:
        for place in one:
            holding[place].append(one)

    def joins(one: tuple[int, ...]) -> bool:
        middle = next((place for place in range(one[0] + 1, one[-1]) if note.words[place].text in _AND), -1)
        left, right = (tuple(p for p in one if p < middle), tuple(p for p in one if p > middle))
        if middle in one or not left or not right or left[-1] != middle - 1:
            return False
        before = [whole for whole in holding[left[-1]] if whole[-1] == left[-1] and set(left) <= set(whole)]
        after = [
            whole
            for whole in holding[right[0]]
            if whole[0] > middle
            and set(right) <= set(whole)
            and (whole[-1] > right[-1] or (whole[0] == middle + 1 and whole[-1] == right[-1]))
        ]
        more = (place for whole in (*before, *after) for place in set(whole) - set(one))
        return bool(before and after) and any(note.own[place] - {*SIDES} for place in more)

    return {one for one in places if one[-1] - one[0] >= len(one) and joins(one)}


def listed_causes(mentions: Sequence[Mention], dictionary: Dictionary, tree: Tree) -> set[tuple[int, ...]]:
    """The places of two diagnoses of a list that a code joins as one due to the other: "depression, insomnia" does not
    say that.
    """
    named = {one.places for one in mentions if len(one.places) == 1 and dictionary.meant(one.phrase)[0]}
    return {
        one.places
        for one in mentions
        if one.gap >= PAUSE
        and all((place,) in named for place in one.places)
        and any(_CAUSED.search(tree.titles[code]) for code in dictionary.meant(one.phrase)[0])
    }
