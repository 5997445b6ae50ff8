"""Which mentions of phrases a note means: words of one thing, on one side, in one item of a list, in one context."""

import re

import numpy as np

from icdbridge.starter.dictionary import Dictionary
from icdbridge.starter.joined import PAINS
from icdbridge.starter.mentions import Mention, Occurrences, find_mentions
from icdbridge.starter.note_reading import Note
from icdbridge.starter.stems import SIDES, root, roots, whole

_WHOLE = 0.6  # of a sense's stems that a phrase has to have
_LEAST_SHARE = 0.4  # of the uses of an abbreviation, below which a sense is not thought of
_STATUS = roots("hx", "history", "h", "p", "status", "post", "family", "fhx", "fh")
_STATUS_GAP = 5  # tenths of words within a name of a status or history: "hx: brother with cancer" is none
_SPREAD = frozenset(
    {"mets", "metastases", "metastasis", "metastatic", "metastasized", "metastasised", "spread"}
)
_CANCERS = frozenset({"ca", "cancer", "carcinoma", "adenocarcinoma"})
_WENT_TO = roots(
    "liver", "brain", "bone", "node", "lymph", "peritoneum", "adrenal", "pleura", "spine", "skin"
)
_SCREENING = roots("screening")
_GOING = re.compile(r"(?:radiat|shoot|travel)\w*")
_SCALES = (
    ("ckd", root("kidney")),
    ("dm", root("diabetes")),
)  # what a number is of, and the stem of its phrases
_STAGED = re.compile(r"(?:stage|type)\w*[^e]")
ACUITY = ("acute", "chronic")
_BESIDE = re.compile(r"[,;&/]|\s-|\band\b")


def understood(note: Note, dictionary: Dictionary, *, final: bool) -> list[tuple[Mention, float]]:
    """Mentions in which words that stand for several stems are taken whole, with the share of such uses."""
    kept = []
    every = _mentions(note, dictionary)
    longer = {mention.places[:2] for mention in every if len(mention.places) > 1}
    for mention in every:
        phrase = frozenset(dictionary.phrase(mention.phrase))
        shares = [_share(note, place, phrase, len(mention.places)) for place in mention.places]
        loose = mention.gap > _STATUS_GAP and not phrase.isdisjoint(_STATUS)
        if (
            min(shares) >= _LEAST_SHARE
            and not loose
            and not _bare(note, mention)
            and not note.mixed(asserting(mention, dictionary), final=final)
            and not _of_another_side(note, mention, dictionary)
            and not _spread_elsewhere(note, mention)
            and not _of_primary(note, mention, phrase)
            and not _of_two_items(note, mention)
            and not _only_lent(note, mention, dictionary)
            and not _where_pain_goes(note, mention)
            and not _of_another_acuity(note, mention, longer)
            and not _of_another_scale(note, mention, dictionary)
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
    readings += _as_written(note, dictionary)
    found = (mention for one in readings for mention in find_mentions(dictionary, one, note.where))
    return list(dict.fromkeys(found))


def _as_written(note: Note, dictionary: Dictionary) -> list[Occurrences]:
    """What is written in sentences with words that stand for several, without these: in "chronic kidney disease stage
    3a, COPD" a chronic disease of the latter stands nearer to the stage.
    """
    with_several = {
        int(note.sentence[place])
        for place, several in note.senses.items()
        if any(len(sense) > 1 for sense, _ in several)
    }
    numbers = dictionary.stems
    own = [
        (numbers[stem], place)
        for place, stems in enumerate(note.own)
        if int(note.sentence[place]) in with_several
        for stem in sorted(stems)
        if stem in numbers
    ]
    return [Occurrences(*np.array(own, np.int32).reshape(-1, 2).T)] if own else []


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


def _of_primary(note: Note, mention: Mention, phrase: frozenset[str]) -> bool:
    """Whether a mention takes where a cancer comes from for where it went: "metastatic pancreatic cancer". What mostly
    has metastases is where they are: "metastatic liver cancer".
    """
    words = note.words[min(mention.places) : max(mention.places) + 2]
    if (
        len(mention.places) < 2
        or words[0].text != "metastatic"
        or not phrase.isdisjoint((*roots(*_CANCERS), *_WENT_TO))
    ):
        return False
    texts = [word.text for word in words]
    return "to" not in texts and not _CANCERS.isdisjoint(texts)


def _of_two_items(note: Note, mention: Mention) -> bool:
    """Whether a mention joins two items of an enumeration, or a later one with the word that the list begins with,
    which that item has itself: "mets to brain and bone" says those of the brain, and of the bone, once.
    """
    items = {note.items[place] for place in mention.places if place in note.items}
    return len(items) > 1 or any(number and head in mention.places for head, number in items)


def _only_lent(note: Note, mention: Mention, dictionary: Dictionary) -> bool:
    """Whether a mention of an item has only what the list begins with: "arthritis of her knee, anxiety and gallstones"
    has no arthritis besides.
    """
    said_at = zip(dictionary.phrase(mention.phrase), mention.of_stems, strict=True)
    return all(
        place in note.items
        and note.items[place][1] > 0
        and stem in note.own[note.items[place][0]]
        and stem not in (root(note.words[place].text), whole(note.words[place].text))
        for stem, place in said_at
    )


def _where_pain_goes(note: Note, mention: Mention) -> bool:
    """Whether a mention takes where a pain goes for where it is: "chest pain radiating to the left arm"."""
    between = range(mention.places[0] + 1, mention.places[-1])
    return note.words[mention.places[0]].text in PAINS and any(
        _GOING.fullmatch(note.words[place].text) for place in between
    )


def _screened_for_another(note: Note, mention: Mention, dictionary: Dictionary) -> bool:
    """Whether a mention takes what stands beside a screening for what is screened for: "screening and diabetes"."""
    said_at = zip(dictionary.phrase(mention.phrase), mention.of_stems, strict=True)
    screening = next(place for stem, place in said_at if stem in _SCREENING)
    following = [place for place in mention.places if place > screening]
    return bool(following) and bool(
        _BESIDE.search(note.text[note.words[screening].end : note.words[following[0]].start])
    )


def asserting(mention: Mention, dictionary: Dictionary) -> tuple[int, ...]:
    """The words of a mention but those that its phrase says are absent."""
    stems = dictionary.phrase(mention.phrase)
    places = {place for stem, place in zip(stems, mention.of_stems, strict=True) if not stem.startswith("-")}
    return tuple(sorted(places)) or mention.places


def _of_another_side(note: Note, mention: Mention, dictionary: Dictionary) -> bool:
    """Whether the side in a phrase belongs to something else: another stands nearer to its rarest word, or among its
    words while this one stands beside them.
    """
    said_at = list(zip(dictionary.phrase(mention.phrase), mention.of_stems, strict=True))
    sides = {place: stem for stem, place in said_at if stem in SIDES}
    rest = [place for stem, place in said_at if stem not in SIDES]
    if len(sides) != 1 or len(rest) < 2:
        return False
    (place, side), centre = next(iter(sides.items())), rest[0]
    apart = abs(place - centre)
    around = [*range(max(centre - apart + 1, 0), min(centre + apart, len(note.words)))]
    if not min(rest) < place < max(rest):
        around += range(min(rest), max(rest))
    return any(
        other != side and other in note.own[near] and note.sentence[near] == note.sentence[centre]
        for near in around
        for other in SIDES
    )


def _of_another_acuity(note: Note, mention: Mention, longer: set[tuple[int, ...]]) -> bool:
    """Whether a mention takes "chronic" or "acute" from what comes behind it: "respiratory failure secondary to chronic
    obstructive pulmonary disease" is no chronic failure.
    """
    last = mention.places[-1]
    return (
        len(mention.places) > 1
        and last - mention.places[-2] > 1
        and note.words[last].text in ACUITY
        and (last, last + 1) in longer
    )


def _of_another_scale(note: Note, mention: Mention, dictionary: Dictionary) -> bool:
    """Whether a mention takes the stage of a kidney disease, or the type of a diabetes, for another's: in "CKD 4,
    pressure ulcer" the ulcer has no stage.
    """
    phrase = dictionary.phrase(mention.phrase)
    for stem, place in zip(phrase, mention.of_stems, strict=True):
        if not _STAGED.fullmatch(stem):
            continue
        written = _written_at(note, place)
        owner = next((disease for short, disease in _SCALES if short in written), None)
        if owner and owner not in phrase:
            return True
    return False


def _written_at(note: Note, place: int) -> str:
    """A word that has a number in it, or a number with the word before it."""
    word = note.words[place].text
    return word if word[0].isalpha() or not place else note.words[place - 1].text


def _bare(note: Note, mention: Mention) -> bool:
    """Whether a mention is a single letter, which may be anything."""
    first = mention.places[0]
    return len(mention.places) == 1 and note.ends[first] - note.words[first].start == 1


def _share(note: Note, place: int, phrase: frozenset[str], places: int) -> float:
    """How sure it is that a word means what the phrase has of it: 1 for its own stem, 0 where a sense is torn apart."""
    best = 0.0
    for sense, share in note.senses[place]:
        if sense - {*SIDES} <= phrase or (places == 1 and phrase <= sense):
            whole = len(phrase & sense) / len(sense)
            best = max(best, share * whole if whole >= _WHOLE else 0.0)
    written = phrase <= note.own[place] if places == 1 else bool(phrase & note.own[place])
    return 1.0 if written else best
