"""What a query may mean: its readings, each of words with their roots, and of the context that it asks for."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from math import log
from typing import NamedTuple

from icdbridge.knowledge.abbreviations import abbreviations
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.search.slots import SAYING, said_in
from icdbridge.knowledge.search.spanish import in_english, of_two_languages
from icdbridge.knowledge.search.spelling import Speller
from icdbridge.knowledge.search.wordforms import EMPTY, LIGHT, LISTS, phrases, root, rooted, words
from icdbridge.knowledge.words import american

_MOST = 8  # readings
_SHORTEST_MENDED = 4  # letters
_MEANT = 4  # words that a misspelt one may be
_COMMON = 3.0  # how often a word is that two neighbours may be
_RARE, _OFTENER = 15.0, 40.0  # a word so rare may be a misspelling of one that is so many times as common
_CUT_SHORT = 0.15  # what a word costs more that ends too early and is not the last one
_LONGEST = 5  # words of an abbreviation or phrase
_CODED = ("diagnosis", "procedure", "status")
# Spellings of one thing that words alone do not tell; before the words are split.
_REWRITTEN = [
    (re.compile(row["written"], re.IGNORECASE), row["instead"]) for row in read_csv("search_rewritten")
]
# The contexts that a query may ask for, by what stands before or behind what it is about.
_SHAPES = {"before": r"(?:{})[\s:]+(?=\S)", "behind": r"(?<=\S)\s+{}\s*$"}
_CUES: dict[str, dict[str, re.Pattern[str]]] = {"before": {}, "behind": {}}
for _row in read_csv("search_contexts"):
    _cue = _SHAPES[_row["place"]].replace("{}", _row["cue"])
    _CUES[_row["place"]][_row["context"]] = re.compile(_cue, re.IGNORECASE)


class Token(NamedTuple):
    """One thing that a query says: roots that are it and what each costs; what it says of an axis, if it does."""

    roots: dict[str, float]
    values: tuple[tuple[str, str], ...] = ()
    corrected: str = ""  # the word that it was taken for
    denied: bool = False  # the query is without it

    @property
    def light(self) -> bool:
        return all(one in LIGHT for one in self.roots)


class Reading(NamedTuple):
    """One meaning of a query. ``context``: where its words count (of ``worth.CONTEXTS``), "" for what is present;
    ``cost`` how far the words are from what was typed; ``why`` what was taken for what (``HTN: hypertension``).
    """

    text: str
    tokens: tuple[Token, ...]
    context: str
    cost: float
    why: str


def readings(query: str, speller: Speller) -> list[Reading]:
    """What a query may mean, the likeliest first; its last word may still be incomplete."""
    found: list[Reading] = []
    for text, put in _languages(query, speller):
        for context, rest, cost in _contexts(text):
            for written, apart in _joined(words(rest), speller):
                for said, more, why in _expanded(written):
                    if tokens := _tokens(said, speller, not why and not put):
                        why = "; ".join(filter(None, (put, why)))
                        found.append(Reading(" ".join(said), tokens, context, cost + more + apart, why))
    return sorted(found, key=lambda reading: reading.cost)[:_MOST]


def as_written(query: str, speller: Speller) -> list[str]:
    """The words of a query, none left out, those that ran together apart."""
    text, _ = next(_languages(query, speller))
    return [part for word in words(text) for part in speller.parts(word)]


def _languages(query: str, speller: Speller) -> Iterator[tuple[str, str]]:
    """What is asked for, in English, and from what it was put into English; the likelier language first."""
    for pattern, instead in _REWRITTEN:
        query = pattern.sub(instead, query)
    said = words(query)
    if english := in_english(said, speller):
        yield " ".join(english), f"{' '.join(said)}: {' '.join(english)}"
        return
    yield query, ""
    if english := of_two_languages(said, speller):
        yield " ".join(english), f"{' '.join(said)}: {' '.join(english)}"


def _contexts(text: str) -> Iterator[tuple[str, str, float]]:
    """The contexts that a query may ask for and its words without the cue."""
    yield "", text, 0.0
    for when, cue in _CUES["before"].items():
        if found := cue.match(text.lstrip()):
            yield when, text.lstrip()[found.end() :], -0.3
    for when, cue in _CUES["behind"].items():
        if found := cue.search(text):
            yield when, text[: found.start()], -0.2


def _joined(said: list[str], speller: Speller) -> Iterator[tuple[list[str], float]]:
    """The words, those that ran together apart; and with neighbours joined where they are one word."""
    parted = [part for word in said for part in speller.parts(word)]
    yield parted, 0.0
    for place in range(len(parted) - 1):
        one = parted[place] + parted[place + 1]
        if len(one) > _SHORTEST_MENDED + 2 and speller.words.get(one, 0.0) >= _COMMON:
            yield [*parted[:place], one, *parted[place + 2 :]], 0.1


def _expanded(said: list[str]) -> Iterator[tuple[list[str], float, str]]:
    """The words as they are, and with abbreviations and what laymen say replaced; costs, and what was replaced."""
    parts: list[list[tuple[Sequence[str], float, str]]] = []
    whole = " ".join(said)
    for written, _, options in phrases(said, _LONGEST, lambda text: _meanings(text, text == whole)):
        cost = 0.0 if not options else 0.15 if len(written) == 1 else 0.1
        parts.append([(written, cost, ""), *options])
    choices = sorted(
        (
            ([word for words, _, _ in choice for word in words], sum(cost for _, cost, _ in choice), choice)
            for choice in product(
                *(options[:4] for options in parts[:8]), *(options[:1] for options in parts[8:])
            )
        ),
        key=lambda one: one[1],
    )
    for found, cost, choice in choices[:_MOST]:
        yield found, cost, "; ".join(why for _, _, why in choice if why)


@cache
def _phrases() -> dict[str, list[str]]:
    """What people say, without articles -> what tables call it, of ``data/search_phrases.csv``."""
    found: dict[str, list[str]] = {}
    for row in read_csv("search_phrases"):
        found.setdefault(" ".join(_plain(words(row["said"]))), []).append(row["meant"])
    return found


def _plain(said: list[str]) -> list[str]:
    """Words without articles, and without the word that says whose body it is."""
    return [word for word in said if word not in LISTS["articles"]] or said


@cache
def _by_words() -> dict[str, str]:
    """Abbreviation, as the words that a query is split into -> as the table has it."""
    return {" ".join(words(key)): key for key in abbreviations()}


def _meanings(written: str, whole: bool) -> list[tuple[Sequence[str], float, str]]:
    """What a phrase stands for, with costs. ``whole``: it is all of the query."""
    plain = " ".join(_plain(written.split()))
    found: list[tuple[Sequence[str], float, str]]
    found = [(words(meant), 0.05, f"{written}: {meant}") for meant in _phrases().get(plain, ())]
    key = _by_words().get(written)
    senses = abbreviations().get(key, ()) if key and (whole or written not in EMPTY) else ()
    coded = (
        [one for one in senses if one.kind in _CODED]
        or [one for one in senses if one.kind != "test"]
        or senses
    )
    total = sum(one.share for one in coded)
    for one in coded:
        if words(one.text) and " ".join(words(one.text)) != written:
            cost = min(-0.4 * log(one.share / total), 1.2)
            found.append((words(one.text), cost, f"{key}: {one.text}"))
    return found


def _tokens(said: Sequence[str], speller: Speller, typing: bool) -> tuple[Token, ...]:
    said = [_mended(word, speller) for word in said]
    values: dict[int, list[tuple[str, str]]] = {}
    for axis, value, places in said_in(said):
        for place in places:
            values.setdefault(place, []).append((axis, value))
    tokens: dict[str, Token] = {}
    denied = False
    for one, places in rooted(said):
        word = said[places[-1]]
        found = tuple(values.get(places[0], ()))
        token = Token({one: 0.0}, found)
        # "pregnancy test negative" denies nothing
        if word in LISTS["without"] and places[-1] < len(said) - 1:
            denied = True
            continue
        if len(places) == 1 and not found:
            last = typing and places[0] == len(said) - 1
            token = _spelled(word, one, speller, last)
        tokens.setdefault(one, token._replace(denied=denied and not found))
    if all(token.denied for token in tokens.values()):  # "without fever headache": only what follows at once
        return tuple(
            token._replace(denied=len(tokens) > 1 and not place)
            for place, token in enumerate(tokens.values())
        )
    return tuple(tokens.values())


def _mended(word: str, speller: Speller) -> str:
    """A word that says something of an axis, or nothing at all, as it is meant; others as they are."""
    if word in speller.words or len(word) < _SHORTEST_MENDED:
        return word
    near = speller.corrections(word)
    return near[0][0] if near and (near[0][0] in SAYING or near[0][0] in EMPTY) else word


def _spelled(word: str, one: str, speller: Speller, typing: bool) -> Token:
    """The word; with how it may end where it is still typed, or where nobody writes it so ("diab mell"); with what it
    was meant to be where nobody knows it.
    """
    roots = {one: 0.0}
    known = word in speller.words or american(word) in speller.words
    often = known and speller.words.get(word, _RARE) >= _RARE
    if len(word) >= (4 if often or (known and not typing) else 3) and (typing or not often):
        for other in speller.endings(word):
            roots.setdefault(root(other), (0.15 if known else 0.05) + (0.0 if typing else _CUT_SHORT))
    if often or (typing and len(roots) > 1) or not word.isalpha() or word in LISTS["everyday"]:
        return Token(roots)
    corrections = speller.corrections(word)[:_MEANT]
    if known:
        common = _OFTENER * speller.words.get(word, _RARE)
        corrections = tuple(
            (other, cost + 0.3) for other, cost in corrections if speller.words[other] > common
        )
    for other, cost in corrections:
        roots.setdefault(root(other), 0.1 + cost / 2)
    return Token(roots, (), corrections[0][0] if corrections else "")
