"""The rules of contexts as data: phrases of words, what they mean, and how far they reach.

``context_rules.csv`` has a row a phrase. In it ``(a|b c|)`` stands for one of several, or nothing; ``<name>`` for a
word of a class, ``<number>``, ``<year>`` or any ``<word>``; ``$`` for the end of an item. A row of direction ``class``
names the words of a class.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

FORWARD, BACKWARD, BOTH, SELF, STOP = "forward", "backward", "both", "self", "stop"
_PSEUDO, _CLASS = "pseudo", "class"
_PART = re.compile(r"[(|)]|<\w+>|\$|\\?[^\W_]+(?:'[^\W_]+)*|\\?[^\w\s]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_CLOSING = frozenset({",", ";", ".", ")", "]", "/", "!", "?", "|"})
_KEY_WORDS = 4  # words of a key that follows an answer: "Smoking: no Alcohol use: yes"
_SAID = "negated historical uncertain hypothetical"
_SEVERAL = {"said": _SAID, "any": f"{_SAID} family"}


class Rule(NamedTuple):
    """``contexts`` that a phrase gives to (or, ``stop``, takes from) the words in its ``direction``.

    ``reach``: "" to the end of the sentence; ``phrase`` to the next comma; ``item`` to the next comma or "and"; a
    number of words. Of a stop: ``clause``, from the comma that begins its clause, else from itself; ``verb``, only
    from such a comma. A ``pseudo`` rule does nothing: its phrase hides what it is made of.
    """

    contexts: tuple[str, ...]
    direction: str
    reach: str


class _Written:
    """A place in the phrases as they are written: where words lead, what may be left out, what ends here."""

    def __init__(self) -> None:
        self.words: dict[str, list[_Written]] = {}
        self.free: list[_Written] = []
        self.rules: list[Rule] = []
        self.closed: list[Rule] = []  # only at the end of an item


class _State:
    """Several places at once (the subset construction), made when a text first leads there."""

    def __init__(self, places: Iterable[_Written]) -> None:
        self.places = list(places)
        self.following: dict[str, _State | None] = {}
        self.rules = _strongest([rule for place in self.places for rule in place.rules])
        closed = [rule for place in self.places for rule in place.closed]
        self.closed = _strongest(closed) if closed else []


class Rules:
    """All phrases as one automaton of words, so that their number does not slow the search."""

    def __init__(self, rows: list[list[str]]) -> None:
        self._classes: dict[str, list[str]] = {}
        for name, _, direction, words in rows:
            if direction == _CLASS:
                for word in words.split():
                    self._classes.setdefault(word, []).append(f"<{name}>")
        root = _Written()
        self._known: set[str] = set(self._classes)
        for phrase, names, direction, reach in rows:
            if direction != _CLASS:
                rule = Rule(tuple(_SEVERAL.get(names, names).split()), direction, reach)
                self._write(root, _PART.findall(phrase), rule)
        self._states: dict[frozenset[int], _State] = {}
        self._root = self._state([root])
        self.interest = {word for word in self._known if self._next(self._root, word)}

    def find(self, text: str, tokens: list[str], places: list[int]) -> Iterator[tuple[int, int, list[Rule]]]:
        """The phrases among the tokens of a sentence, leftmost and longest: first token, the one behind the last, and
        what the phrase means. ``places``: where each token begins in the text.
        """
        place = 0
        while place < len(tokens):
            if tokens[place] in self.interest:
                end, rules = self._longest(tokens, place)
                if rules:
                    if tokens[place] == "?" and end == place + 1:
                        rules = [rule for rule in rules if rule.direction == _question(text, places[place])]
                    yield place, end, rules
                    place = end
                    continue
            place += 1

    def _longest(self, tokens: list[str], place: int) -> tuple[int, list[Rule]]:
        best: tuple[int, list[Rule]] = (place, [])
        state: _State | None = self._root
        known, size = self._known, len(tokens)
        while state and place < size:
            token = tokens[place]
            if token not in known:
                token = _kind(token)
            following = state.following
            state = following[token] if token in following else self._next(state, token)
            place += 1
            if state:
                if state.closed and _ends(tokens, place):
                    best = place, state.closed
                elif state.rules:
                    best = place, state.rules
        return best

    def _next(self, state: _State, token: str) -> _State | None:
        if token not in state.following:
            keys = {token, *self._classes.get(token, ()), *_KINDS.get(_kind(token), ())}
            places = [onward for place in state.places for key in keys for onward in place.words.get(key, ())]
            state.following[token] = self._state(places) if places else None
        return state.following[token]

    def _state(self, places: list[_Written]) -> _State:
        reached = {id(place): place for place in places}
        waiting = list(places)
        while waiting:
            for onward in waiting.pop().free:
                if id(onward) not in reached:
                    reached[id(onward)] = onward
                    waiting.append(onward)
        return self._states.setdefault(frozenset(reached), _State(reached.values()))

    def _write(self, root: _Written, parts: list[str], rule: Rule) -> None:
        here = root
        groups: list[
            tuple[_Written, _Written]
        ] = []  # where the alternatives of each begin, and where they meet again
        for part in parts:
            if part == "(":
                groups.append((here, _Written()))
            elif part in ("|", ")") and groups:
                begin, after = groups[-1]
                here.free.append(after)
                here = begin
                if part == ")":
                    groups.pop()
                    here = after
            elif part == "$":
                here.closed.append(rule)
                return
            else:
                word = part.removeprefix("\\")
                if word[0] != "<" or len(word) == 1:
                    self._known.add(word)
                onward = _Written()
                here.words.setdefault(word, []).append(onward)
                here = onward
        here.rules.append(rule)


_KINDS = {
    "<year>": ("<year>", "<number>", "<word>"),
    "<number>": ("<number>", "<word>"),
    "<word>": ("<word>",),
}


def _kind(token: str) -> str:
    if _YEAR.fullmatch(token) or token == "<year>":
        return "<year>"
    if token.isdigit() or token == "<number>":
        return "<number>"
    return "<word>" if token[0].isalnum() or token == "<word>" else "<sign>"


def _strongest(rules: list[Rule]) -> list[Rule]:
    """A pseudo rule hides all but stops of a phrase as long."""
    if any(rule.direction == _PSEUDO for rule in rules):
        return [rule for rule in rules if rule.direction in (_PSEUDO, STOP)]
    return rules


def _ends(tokens: list[str], i: int) -> bool:
    """Whether an item ends before token i: the sentence, a sign, or the key of another item."""
    if i >= len(tokens) or tokens[i] in _CLOSING:
        return True
    following = tokens[i : i + _KEY_WORDS + 1]
    return ":" in following[1:] and all(token[0].isalnum() for token in following[: following.index(":")])


def _question(text: str, place: int) -> str:
    """Which side a question mark asks: "?pneumonia" forward, "pneumonia?" backward."""
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 3]
    return FORWARD if after[:1].isalnum() or (not before.strip() and after.strip() != "") else BACKWARD


@cache
def load_rules() -> Rules:
    with files("icdbridge.matching").joinpath("context_rules.csv").open(encoding="utf-8") as handle:
        return Rules(list(csv.reader(handle))[1:])
