"""The context of each word of a note: negated, past, a relative's, uncertain, hypothetical, among diagnoses.

After ConText (Harkema et al. 2009): triggers act forward or backward to the end of their sentence, a list of lines or a
terminator. Longer phrases that only look like triggers come first. The rules are in ``context_rules.csv``.
"""

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np

from icdbridge.folding import fold
from icdbridge.lexical.context_rules import BACKWARD, BOTH, FORWARD, SELF, STOP, Found, Rule, load_rules
from icdbridge.lexical.forms import written_out
from icdbridge.lexical.intervals import Intervals
from icdbridge.lexical.sections import Section, sections
from icdbridge.lexical.sentences import BULLET, sentences
from icdbridge.lexical.signs import marked_by_signs

CONTEXTS = ("diagnosis_section", "negated", "historical", "family", "uncertain", "hypothetical")
FEATURE_CONTEXTS = CONTEXTS[:4]  # what trained runs see, in this order
# In which a word speaks for no condition of the patient's, the strongest first: no family history is a relative's.
ABSENT = ("family", "hypothetical", "negated")
DOUBTFUL = (*ABSENT, "uncertain")  # in which a word is no sure reason for a code, the strongest first
SECTION_CONTEXTS = {
    "diagnoses": "diagnosis_section",
    "assessment": "diagnosis_section",
    "past_medical": "historical",
    "resolved": "historical",
    "ruled_out": "negated",
    "past_surgical": "historical",
    "family": "family",
}
GAP = 15  # words without a comma, and, or: no list is so wide, and no trigger reaches over them
CLAUSE = 8  # words between a comma and the verb of the clause that it begins
PROSE = 60  # characters of a line that is no item of a list
# Words, numbers and signs; no hyphen within a word: gram-negative is two words; w/o is one.
_TOKEN = re.compile(r"(?<![\w/])w/o(?:ut)?(?!\w)|[^\W_]+(?:'[^\W_]+)*|[^\w\s-]|(?<![^\W_])-|-(?![^\W_])|_")
_NEAR = frozenset({",", ";", "(", ")", "with", "who"})  # what a trigger of a few words does not pass
_ASKED = re.compile(r"\?(?=[^\W_])|(?<!\S)\?(?= [^\W_])")  # what follows is asked: ?pneumonia
_JOINS = frozenset({",", ";", "(", ")", "and", "or", "/", "&", "nor"})
_SAME = {"w/o": "without", "w/out": "without"}
_BREAKS = frozenset({",", ";", "(", ")", ":", "."})
_UNCERTAIN = ("uncertain",)
_ELSE = (["or"], ["vs"], ["versus"])
# words or items that one trigger looks at, so that many in a sentence cost no more than few
_FURTHEST = 4 * GAP
_LONGEST_ITEM = 5  # words of an item of "without hemorrhage, perforation or obstruction"
_NUMBER = {name: number for number, name in enumerate(CONTEXTS)}


class NoteContexts:
    """The contexts of all places of a text, by English rules. A group of sentences is marked only when one of its
    places is requested, as evidence stands in few of them.
    """

    def __init__(self, text: str) -> None:
        folded = fold(text)
        self._offsets = folded.offsets
        self._marked, self._of_section = Intervals(), Intervals()
        self._text = written_out(folded.text)
        low = self._text.lower()
        self._low = _ASKED.sub("\u00bf", low) if "?" in low else low
        parts = sections(self._text)
        self._runs = _runs(self._text, parts)
        self._begins = [run[0][0] for run in self._runs]
        for part in parts:
            if part.kind in SECTION_CONTEXTS:
                self._of_section.add(SECTION_CONTEXTS[part.kind], part.body, part.end)

    def of(self, spans: np.ndarray) -> np.ndarray:
        """Which of ``CONTEXTS`` hold for words, bool [T, 6], by the first character of their spans [T, 2]."""
        places = np.asarray(spans, np.int64).reshape(-1, 2)[:, 0]
        if self._offsets is not None:
            places = np.searchsorted(self._offsets[:, 1], places, side="right")
        for run in np.unique(np.searchsorted(self._begins, places, side="right")).tolist():
            if run:
                _mark(self._text, self._low, self._runs[run - 1], self._marked)
                self._runs[run - 1] = []
        marked = np.stack([self._marked.at(name, places) for name in CONTEXTS], axis=1)
        for name in set(SECTION_CONTEXTS.values()):
            inside = self._of_section.at(name, places) & ~self._marked.at(f"not-{name}", places)
            marked[:, _NUMBER[name]] |= inside
        marked[:, _NUMBER["uncertain"]] &= ~marked[:, _NUMBER["negated"]]  # nothing suspicious for a mass
        return marked


def doubt(contexts: np.ndarray) -> str | None:
    """The strongest of ``DOUBTFUL`` among the contexts of a word (a row of ``NoteContexts.of``), if any."""
    return next((name for name in DOUBTFUL if contexts[_NUMBER[name]]), None)


def _pieces(text: str, parts: list[Section]) -> Iterator[tuple[int, int, bool]]:
    """Sentences of the bodies of the sections: start, end, and whether the one before ended at a blank line."""
    cuts = [cut for part in parts for cut in (part.start, part.body)]
    edges_of_parts = set(cuts)
    headings = {part.start for part in parts if part.body > part.start}
    before, heading = 0, False
    for start, end in sentences(text):
        edges = [start, *cuts[bisect_right(cuts, start) : bisect_left(cuts, end)], end]
        for left, right in itertools.pairwise(edges):
            if left in headings and left < right:
                before, heading = right, True
                continue
            gap = text[before:left] if left - before < 9 else "\n\n"
            yield left, right, heading or gap.count("\n") > 1 or left in edges_of_parts
            before, heading = right, False


def _runs(text: str, parts: list[Section]) -> list[list[tuple[int, int]]]:
    """Groups of sentences of the bodies of the sections; contexts do not cross blank lines and headings."""
    runs: list[list[tuple[int, int]]] = []
    for start, end, apart in _pieces(text, parts):
        if apart or not runs:
            runs.append([])
        runs[-1].append((start, end))
    return runs


def _mark(text: str, low: str, run: list[tuple[int, int]], found: Intervals) -> None:
    rules = load_rules()
    carried: set[str] = set()  # contexts of a trigger before a colon: "Denies:", then a line for each symptom
    sign = ""
    for start, end in run:
        for name in carried:
            found.add(name, start, end)
        marked, sign = marked_by_signs(low[start:end], sign)
        for name, left, right in marked:
            found.add(name, start + left, start + right)
        tokens = [_SAME.get(token, token) for token in _TOKEN.findall(low, start, end)]
        for place, token in enumerate(tokens if "w" in tokens else ()):
            if token == "w" and "/" not in tokens[max(place - 1, 0) : place + 2]:
                tokens[place] = "with"
        announces = tokens[-1:] == [":"]  # what comes on the next lines
        events = rules.find(tokens)
        if announces and events and events[-1].start == len(tokens) - 1:
            events.pop()
        stops = any(rule.direction == STOP for event in events for rule in event.rules)
        if carried and (stops or (not BULLET.match(text, start) and end - start > PROSE)):
            carried = set()
        if any(event.gives for event in events):
            places = [*(token.start() for token in _TOKEN.finditer(low, start, end)), end]
            open_at_end = _Sentence(tokens, places, events, found).mark()
            if announces:
                carried = open_at_end


class _Sentence:
    """Marks the contexts of a sentence in one pass from the right and one from the left, for any number of triggers."""

    def __init__(self, tokens: list[str], places: list[int], events: list[Found], found: Intervals) -> None:
        self.size, self.places, self.events, self.found = len(tokens), places, events, found
        taken = {place for first, last, _, _ in events for place in range(first, last)}
        self.joins = [
            i for i, token in enumerate(tokens) if token in _JOINS and (i not in taken or token == "nor")
        ]
        self.tokens = tokens
        self.commas = [i for i in self.joins if tokens[i] in ",;()"]
        self.breaks = [i for i, token in enumerate(tokens) if token in _BREAKS]
        self.items = [i for i in self.joins if tokens[i] in (",", ";", "(", ")", "and", "&")]
        self.near = [i for i, token in enumerate(tokens) if token in _NEAR]
        self.ors = [i for i in self.joins if tokens[i] in ("or", "nor")]

    def mark(self) -> set[str]:
        """Adds the marks to the intervals; returns the contexts of triggers that are open at the sentence's end."""
        self._backward()
        return self._forward()

    def _forward(self) -> set[str]:
        stops: dict[str, list[int]] = {}
        wide = self._wide()
        open_at_end = set()
        for first, last, several, _ in reversed(self.events):
            for rule in several:
                if rule.direction == STOP:
                    self._stop(rule, first, stops)
                elif rule.contexts == _UNCERTAIN and first and self.tokens[first - 1] in (",", "and"):
                    stops.setdefault("negated", []).append(first - 1)  # "no fever, likely viral"
            for rule in several:
                if rule.direction not in (FORWARD, BOTH):
                    continue
                reach = self._reach_forward(rule, first, last)
                reach = min(reach, self._over_gap(last, wide), self._closing(last))
                for name in rule.contexts:
                    own = next((stop for stop in reversed(stops.get(name, ())) if stop >= last), self.size)
                    end = min(reach, own)
                    self.found.add(name, self.places[last], self.places[end])
                    if end >= self.size - 1 and rule.reach == "":
                        open_at_end.add(name)
            for rule in several:
                if rule.direction == SELF:
                    for name in rule.contexts:
                        self.found.add(name, self.places[first], self.places[last])
        return open_at_end

    def _stop(self, rule: Rule, first: int, stops: dict[str, list[int]]) -> None:
        comma = _before(first, self.items)
        within = {"clause": CLAUSE, "verb": CLAUSE, "comma": 1}.get(rule.reach, 0)
        clause = comma >= 0 and first - comma <= within
        for name in rule.contexts:
            own = stops.setdefault(name, [])
            if rule.reach not in ("verb", "comma"):
                own.append(first)
            if clause:
                own.append(comma)

    def _closing(self, last: int) -> int:
        """Where the bracket closes that a trigger stands in: "asthma (no recent exacerbation), migraine"."""
        opened = next((i for i in range(last - 1, -1, -1) if self.tokens[i] in "()"), -1)
        if opened < 0 or self.tokens[opened] != "(":
            return self.size
        return next((i for i in range(last, self.size) if self.tokens[i] == ")"), self.size)

    def _reach_forward(self, rule: Rule, first: int, last: int) -> int:
        if rule.reach == "":
            return self.size
        if rule.reach == "list":
            return self._to_the_last_or(last) if self._qualifies(first) else self.size
        if rule.reach == "or":
            return self._to_the_last_or(last)
        if rule.reach == "joined":
            # "without aura or bleeding"; a migraine "without aura intractable" is intractable
            return self._to_the_last_or(last) if last in self.joins else last
        if rule.reach.isdigit():
            ends = self.near
            limit = min(last + int(rule.reach), self.size)
        else:
            ends = self.commas if rule.reach == "phrase" else self.items
            limit = self.size
            if rule.contexts == _UNCERTAIN:  # "may be gout, or septic arthritis"
                ends = [i for i in ends if self.tokens[i + 1 : i + 2] not in _ELSE]
        at = bisect_left(ends, last)
        return min(limit, ends[at]) if at < len(ends) else limit

    def _qualifies(self, first: int) -> bool:
        """Whether a trigger specifies the condition before it: "COPD w/o exacerbation", not "lungs w/o rales"."""
        begun = _before(first, self.breaks) + 1
        before = [token for token in self.tokens[max(begun, first - _FURTHEST) : first] if token[0].isalpha()]
        return bool(before) and not any(load_rules().is_of(token, "<finding>") for token in before)

    def _to_the_last_or(self, last: int) -> int:
        """The end of the item behind a trigger, or of the list of short items that ends with "or"."""
        end, begun = self.size, last
        at = bisect_left(self.joins, last)
        for place in self.joins[at : at + _FURTHEST]:
            if place - begun > _LONGEST_ITEM:
                break
            if self.tokens[place] in ("or", "nor", "/"):
                end = self.size
            elif end == self.size and self.tokens[place] not in ("and", "&"):
                end = place
            begun = place
        return end

    def _wide(self) -> list[int]:
        """For each of ``joins``, the first token beyond a gap that is too wide for a trigger."""
        wide = [self.size] * len(self.joins)
        following = self.size
        limit = self.size
        for i in range(len(self.joins) - 1, -1, -1):
            if following - self.joins[i] > GAP:
                limit = self.joins[i] + GAP
            wide[i] = limit
            following = self.joins[i]
        return wide

    def _over_gap(self, last: int, wide: list[int]) -> int:
        at = bisect_left(self.joins, last)
        if at == len(self.joins) or self.joins[at] - last > GAP:
            return min(last + GAP, self.size)
        return wide[at]

    def _backward(self) -> None:
        starts: dict[str, int] = {}
        for first, last, several, _ in self.events:
            for rule in several:
                if rule.direction in (BACKWARD, BOTH):
                    for name in rule.contexts:
                        start = self._reach_backward(rule, first, starts.get(name, 0))
                        self.found.add(name, self.places[start], self.places[first])
            for rule in several:
                stops = rule.direction == STOP and rule.reach not in ("verb", "comma")
                if stops or rule.direction in (BACKWARD, BOTH):
                    starts.update(dict.fromkeys(rule.contexts, last))

    def _reach_backward(self, rule: Rule, first: int, start: int) -> int:
        if rule.reach == "":
            return max(start, first - _FURTHEST)
        if rule.reach.isdigit():
            start = max(start, first - int(rule.reach))
        ends = self.commas if rule.reach == "phrase" or rule.reach.isdigit() else self.items
        begun = max(start, _before(first, ends) + 1)
        if rule.reach == "item" and 0 < begun <= _before(first, self.ors):
            return max(start, first - _FURTHEST)  # "fever, chills or sweats: no"
        return begun


def _before(place: int, places: list[int]) -> int:
    """The last of the places before one; -1: there is none."""
    at = bisect_left(places, place)
    return places[at - 1] if at else -1
