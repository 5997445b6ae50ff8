"""The rules of contexts as data: phrases of words, what they mean, and how far they reach.

``context_rules.csv`` has a row a phrase. In it ``(a|b c|)`` stands for one of several, or nothing; ``<name>`` for a
word of a class, ``<number>``, ``<year>`` or any ``<word>``; ``$`` for the end of an item. A row of direction ``class``
names the words of a class.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from icdbridge.packed import packed_rows

FORWARD, BACKWARD, BOTH, SELF, STOP, PSEUDO = "forward", "backward", "both", "self", "stop", "pseudo"
_CLASS = "class"
_PART = re.compile(r"[(|)]|<\w+>|\$|\\?[^\W_]+(?:'[^\W_]+)*|\\?[^\w\s]")
_YEAR = re.compile(r"(?:19|20)\d\d(?:'?s)?")
_CLOSING = frozenset({",", ";", ".", "(", ")", "]", "/", "!", "?", "|"})
_KINDS = {
    "<year>": ("<year>", "<number>", "<word>"),
    "<number>": ("<number>", "<word>"),
    "<word>": ("<word>",),
}  # keys of a token of each kind
_KEY_WORDS = 4  # words of a key that follows an answer: "Smoking: no Alcohol use: yes"
_SAID = "negated historical uncertain hypothetical"
_SEVERAL = {"said": _SAID, "any": f"{_SAID} family"}


class Rule(NamedTuple):
    """``contexts`` that a phrase gives to (or, ``stop``, takes from) the words in its ``direction``.

    ``reach``: "" to the end of the sentence; ``list`` too, but behind the name of a condition only to the next comma,
    or to the end of a list with "or"; ``or``, only so far in any case; ``joined``, so far if it goes on right behind,
    else nowhere; ``phrase`` to the next comma; ``item`` to the next comma or "and"; a number of words, up to a comma or
    "with". Of a stop: ``clause``, from the comma that begins its clause, else from itself; ``verb``, only from such a
    comma; ``comma``, only from one right before it. A
    ``pseudo`` rule does nothing: its phrase hides what it is made of.
    """

    contexts: tuple[str, ...]
    direction: str
    reach: str


class Found(NamedTuple):
    """A phrase: its first token, the one behind its last, what it means, and whether that gives a context."""

    start: int
    end: int
    rules: list[Rule]
    gives: bool


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
        self.wild = any(key in place.words for place in self.places for key in _KINDS)
        self.following: dict[str, _State | None] = {}
        self.rules = _strongest([rule for place in self.places for rule in place.rules])
        closed = [rule for place in self.places for rule in place.closed]
        self.closed = _strongest(closed)
        self.gives, self.closed_gives = _give(self.rules), _give(self.closed)


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
        start = self._state([root])
        self._first = {word: state for word in self._known if (state := self._next(start, word))}

    def find(self, tokens: list[str]) -> list[Found]:
        """The phrases among the tokens of a sentence, leftmost and longest."""
        found = []
        known, first, size = self._known, self._first, len(tokens)
        done = 0
        for start in [place for place, token in enumerate(tokens) if token in first]:
            if start < done:
                continue
            state, end = first[tokens[start]], start + 1
            best: Found | None = None
            while True:
                if state.closed and _ends(tokens, end):
                    best = Found(start, end, state.closed, state.closed_gives)
                elif state.rules:
                    best = Found(start, end, state.rules, state.gives)
                if end == size:
                    break
                token = tokens[end]
                if token not in known:
                    if not state.wild:
                        break
                    token = _kind(token)
                following = state.following
                onward = following[token] if token in following else self._next(state, token)
                if onward is None:
                    break
                state = onward
                end += 1
            if best is not None:
                found.append(best)
                done = best.end
        return found

    def is_of(self, word: str, name: str) -> bool:
        """Whether a word is of a class, such as ``<kin>``."""
        return name in self._classes.get(word, ())

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
        # Where the alternatives of each begin, and where they meet again.
        groups: list[tuple[_Written, _Written]] = []
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


def _kind(token: str) -> str:
    if _YEAR.fullmatch(token) or token == "<year>":
        return "<year>"
    if token.isdigit() or token == "<number>":
        return "<number>"
    return "<word>" if token[0].isalnum() or token == "<word>" else "<sign>"


def _give(rules: list[Rule]) -> bool:
    return any(rule.direction not in (STOP, PSEUDO) for rule in rules)


def _strongest(rules: list[Rule]) -> list[Rule]:
    """A pseudo rule hides all but stops of a phrase as long."""
    if any(rule.direction == PSEUDO for rule in rules):
        return [rule for rule in rules if rule.direction in (PSEUDO, STOP)]
    return rules


def _ends(tokens: list[str], i: int) -> bool:
    """Whether an item ends before token i: the sentence, a sign, or the key of another item."""
    if i >= len(tokens) or tokens[i] in _CLOSING:
        return True
    following = tokens[i : i + _KEY_WORDS + 1]
    return ":" in following[1:] and all(token[0].isalnum() for token in following[: following.index(":")])


@cache
def load_rules() -> Rules:
    return Rules(packed_rows(__package__, "data/context_rules.csv"))
