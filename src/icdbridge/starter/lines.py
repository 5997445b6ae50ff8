"""One thing said, one line: mentions become the lines of a list of codes, siblings stand behind their line."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from icdbridge.lexical.sentences import sentence_around
from icdbridge.starter.dictionary import ADVERSE, ALLERGIES, FAMILY, HISTORY, MEDICATIONS, UNDERDOSING
from icdbridge.starter.note_reading import Note
from icdbridge.starter.other_times import (
    RESOLVED,
    is_of_another_time,
    is_over,
    is_remitted,
    long_ago,
    operated_for,
    past_code,
    text_before,
)
from icdbridge.starter.practice import MOST, Practised
from icdbridge.starter.said import Said
from icdbridge.starter.stems import roots
from icdbridge.starter.tree import Tree
from icdbridge.starter.wordings import is_taken_back

DOUBTS = ("negated", "family", "hypothetical", "uncertain")  # in which a mention is no reason for a code
_ALLERGY_STATUS = ("Z88", "Z91.0")
# A screening is coded where it is why the patient came, by the section or as the head of an item, not where it is due
# or was talked of.
_SCREENING = ("Z11", "Z12", "Z13")
_REASONS = ("chief_complaint", "indication", "diagnoses")
_HEADS = re.compile(r"(?:^|[\n.;:])[^A-Za-z\n.;:]*screening (?:for|of) [^\n.;:]*\Z", re.IGNORECASE)
_LATER = re.compile(
    r"[^.;\n]{0,25}\b(?:next (?:year|month|week|visit)|in \d+|due|overdue|at age|later)\b", re.IGNORECASE
)
_DUE = re.compile(
    r"\b(?:due for|order(?:ed|ing)?|schedul(?:e|ed|ing)|recommend(?:ed)?|needs?|refer(?:red|ral)?(?: for)?)\b"
    r"[^.;:\n]{0,25}\Z",
    re.IGNORECASE,
)
_ONCE = re.compile(
    r"\s*(?:\d[\d.,]* ?m?c?g )?(?:was |were )?(?:given|administered|x ?1|once)\b(?! (?:by|at home|daily))",
    re.IGNORECASE,
)
_IMPLANTED = ("Z93", "Z94", "Z95", "Z96", "Z97")  # in a plan they are what will be done
_TRANSPLANTED = "Z94"
_NOT_YET = re.compile(
    r"\s+(?:candida(?:te|cy)|evaluation|work-?up|wait(?:ing )?-?list|list(?:ing|ed)?|referral)\b",
    re.IGNORECASE,
)
# What is seen of an examination without a site is a sign of what is diagnosed.
_SEEN, _SIGNS = ("exam", "imaging", "findings"), ("L53.9", "M79.89", "R60.9")
_BESIDE = 60  # characters
_ALLERGIC = roots("allergy", "allergic", "allergies", "anaphylaxis", "anaphylactic")


# "PCN - hives", "sulfa (rash as infant)", "prior hives with contrast" are allergies.
_REACTION = r"(?:hives|urticaria|rash(?:es)?|itch\w*|pruritus|anaphyla\w+|angioedema|(?:\w+ )?swelling)\b"
_REACTS = re.compile(rf"\s*(?:[-\u2013=:(]+>?|\u2192|->)\s*(?:\w+ )?{_REACTION}", re.IGNORECASE)
_REACTED = re.compile(
    rf"\b(?:prior|previous|past|history of|hx of|h/o)\s+(?:\w+ )?{_REACTION} (?:with|to|from|after)\s+(?:\w+ )?\Z",
    re.IGNORECASE,
)
_OF_DRUG = (
    r"(?:(?:\w+ )?years of|the|his|her|their|chronic|long[- ]term|recent|taking|use of|high[- ]dose|oral|iv)"
)
_CAUSED = re.compile(
    rf"(?:due to|d/t|2/2|secondary to|from|caused by|induced by|because of|side effects? of|reaction to"
    rf"|effects? of)\s+(?:{_OF_DRUG}\s+)*$",
    re.IGNORECASE,
)
_CAUSING = re.compile(r"[- ](?:induced|related|associated|toxicity|side effects?)\b", re.IGNORECASE)
_UNTAKEN = re.compile(
    r"(?:ran out of|out of|not taking|stopped taking|missed|skipp(?:ed|ing)|(?:nonadheren|noncomplian)(?:t"
    r"|ce) (?:to|with)|forgot)"
    r"\s+(?:(?:his|her|their|the|doses? of|home|any)\s+)*$",
    re.IGNORECASE,
)
_NOT_USED = re.compile(
    r"\b(?:(?:not|never|no longer|previously|formerly) (?:currently |been )?(?:on|tak(?:en|es|ing)|us(?:ed|es|ing))|off"
    r"|stopped(?: taking)?|discontinued|d/c'?ed|interested in (?:starting|taking)"
    r"|used to (?:be on|take|use|wear|have)|(?:requests?|wants?) to start)"
    r"\s+(?:(?:his|her|their|the|any|home|an|a)\s+)*$"
    r"|\b(?:in the past|previously|formerly|tried|failed|intolerant (?:of|to)|(?:not|n't) tolerated?|trials? of)\b"
    r"(?:(?!\b(?:now|currently|is|was|started|switched|changed)\b)[^.;:\n]){0,45}\Z",
    re.IGNORECASE,
)
_STOPPED = re.compile(
    r"\s*[-(,:\u2013]?\s*(?:was |were |now )?(?:stopped|discontinued|d/c'?e?d)\b"
    r"|(?:[^.;\n]|\.\d){0,30}\bbut (?:(?:unfortunately|,|she|he|this|it|has|have|was|is|been|since|recently|later|then"
    r"|had|to) )*(?:stop(?:ped)?|discontinued?|quit|(?:did not|didn't|could not|couldn't) tolerate)\b",
    re.IGNORECASE,
)
# Steroids for some days are no long-term use.
_STEROIDS = "Z79.52"
_SHORT_BEFORE = re.compile(
    r"\b(?:received|given|treated with|placed on|iv|intravenous|pre-?op\w*|took a|dose of|course of|burst of|taper of"
    r"|injection of|injected)\b[^.;\n]{0,30}\Z",
    re.IGNORECASE,
)
_SHORT_AFTER = re.compile(
    r"[^.;,\n]{0,30}\b(?:dose ?pa[ck]k?|taper|burst|injection|x ?\d+ ?d|for (?:\d+|\w+) days?)\b",
    re.IGNORECASE,
)
_NOT_TAKEN = re.compile(r"[^.;\n]{0,12}\((?:not taking|ran out|nonadherent|noncompliant)", re.IGNORECASE)


@dataclass(eq=False)
class Line:
    """A code with what speaks for it: mentions that assert it, and (``doubted``) those that do not, each with why.

    ``origin``: ``said``, one of ``WHEN`` (a status or history code), ``rule`` or ``practice``; ``reason`` names the
    rule; ``span``: characters that speak for it where no mention does, a number or words that are often coded so.
    """

    code: int
    origin: str = "said"
    said: list[Said] = field(default_factory=list)
    doubted: list[tuple[Said, str]] = field(default_factory=list)
    alternatives: dict[int, None] = field(default_factory=dict)
    reason: str = ""
    span: tuple[int, int] | None = None

    @property
    def asserted(self) -> bool:
        """Whether anything speaks for the code without doubt."""
        return bool(self.said or self.span or self.origin == "rule")

    @property
    def doubt(self) -> str:
        """Why nothing asserts the code, by its first mention; empty where something does."""
        return "" if self.asserted or not self.doubted else self.doubted[0][1]

    @property
    def best(self) -> Said | None:
        """The mention that says most; of those that say about as much, the one of most words."""
        mentions = self.said or [one for one, _ in self.doubted]
        return max(
            mentions,
            key=lambda one: (round(one.share * one.weight - one.gap / 20, 1), one.size),
            default=None,
        )

    def take_over(self, other: "Line") -> None:
        """What speaks for another line, and against it, does so for this one."""
        self.said += other.said
        self.doubted += other.doubted

    @property
    def mentions(self) -> list[Said]:
        return [*self.said, *(one for one, _ in self.doubted)]


def make_lines(note: Note, found: Sequence[Said], tree: Tree, *, inpatient: bool) -> list[Line]:
    """The lines of a note, one for each code, in the order of their first mention."""
    lines: dict[int, Line] = {}
    reactions = _reactions(note, found)
    for said in found:
        for meant, origin, doubt in _meant(note, said, tree, inpatient):
            if origin == "said" and any(start <= said.start < end for start, end in reactions):
                doubt = doubt or "integral"
            for code in {meant, said.left} - {-1} if meant == said.code else {meant}:
                line = lines.setdefault(code, Line(code, origin))
                if doubt:
                    line.doubted.append((said, doubt))
                else:
                    line.said.append(said)
                    line.alternatives |= dict.fromkeys(said.alternatives)
    return list(lines.values())


def _meant(note: Note, said: Said, tree: Tree, inpatient: bool) -> Iterable[tuple[int, str, str | None]]:
    """The codes that a mention stands for in its context, each with its origin and, perhaps, a doubt."""
    when = said.status
    section = note.section[said.places[0]]
    named = tree.codes[said.code] if said.named >= 0 else ""  # the code, where the words name one
    before = text_before(note, said)
    negated, hypothetical = (note.marked(said.asserting, name) for name in ("negated", "hypothetical"))
    if named.startswith(_SCREENING):
        why = section in _REASONS or _HEADS.search(note.text, 0, said.end)
        hypothetical = bool(_LATER.match(note.text, said.end) or _DUE.search(before)) or (
            note.touched(said.places, "hypothetical") and not why
        )
    if named.startswith(_IMPLANTED):
        to_come = section == "plan" and not note.touched(said.places, "historical")
        waiting = named.startswith(_TRANSPLANTED) and _NOT_YET.match(note.text, said.end)
        hypothetical = bool(hypothetical or to_come or waiting)
    if named and is_of_another_time(note, said, named):
        hypothetical = True
    allergic = section == "allergies" or _near(note, said, _ALLERGIC) or _reaction(note, said)
    if ALLERGIES in when and not negated and allergic:
        yield when[ALLERGIES], ALLERGIES, None
        return
    if section == "allergies" and not (named.startswith(_ALLERGY_STATUS) or _stands_alone(note, said, named)):
        return
    if named and is_taken_back(named, note.text, said.start, note.sentences):
        hypothetical = True
    if ADVERSE in when and (_CAUSED.search(before) or _CAUSING.match(note.text, said.end)):
        yield int(tree.default[when[ADVERSE]]), ADVERSE, None
    if UNDERDOSING in when and (_UNTAKEN.search(before) or _NOT_TAKEN.match(note.text, said.end)):
        yield int(tree.default[when[UNDERDOSING]]), UNDERDOSING, None
    unused = any(one.match(note.text, said.end) for one in (_STOPPED, _ONCE)) or _NOT_USED.search(before)
    if MEDICATIONS in when and tree.codes[when[MEDICATIONS]].startswith(_STEROIDS):
        unused = unused or _SHORT_BEFORE.search(before) or _SHORT_AFTER.match(note.text, said.end)
    if MEDICATIONS in when and not (negated or hypothetical or unused):
        yield when[MEDICATIONS], MEDICATIONS, None
    family = note.marked(said.asserting, "family")
    if family and FAMILY in when and not negated:
        yield when[FAMILY], FAMILY, None
        return
    past = note.marked(said.asserting, "historical") or long_ago(note, said) or operated_for(note, said)
    of_this_stay = (inpatient or section == "diagnoses") and RESOLVED.match(note.text, said.end)
    past = past and not (of_this_stay or is_remitted(tree, said))
    if not named:
        if HISTORY in when and past and not (negated or hypothetical or family):
            yield when[HISTORY], HISTORY, None
        return
    if family:
        yield said.code, "said", "family"
    elif negated or (unused and named.startswith(("Z79", "Z96.41", "Z99"))):
        yield said.code, "said", "negated"
    elif hypothetical:
        yield said.code, "said", "hypothetical"
    elif note.marked(said.asserting, "uncertain") and not inpatient:
        yield said.code, "said", "uncertain"
    elif section in _SEEN and named in _SIGNS:
        yield said.code, "said", "integral"
    elif past and (history := when.get(HISTORY, past_code(tree, said.code))) >= 0:
        yield history, HISTORY, None
    elif past and is_over(note, said, named):
        yield said.code, "said", "historical"
    else:
        yield said.code, "said", None


def _reaction(note: Note, said: Said) -> tuple[int, int] | None:
    """Where the reaction to a drug stands, in characters, if it is told right beside."""
    if after := _REACTS.match(note.text, said.end):
        return after.span()
    before = _REACTED.search(note.text, max(said.start - _BESIDE, 0), said.start)
    return before.span() if before else None


def _reactions(note: Note, found: Iterable[Said]) -> list[tuple[int, int]]:
    """Where reactions to drugs that are allergies stand."""
    told = (_reaction(note, said) for said in found if ALLERGIES in said.status)
    return [one for one in told if one]


def _stands_alone(note: Note, said: Said, named: str) -> bool:
    """Whether a disease makes a later sentence of a line of allergies: "Allergies: penicillin. Asthma." A symptom or a
    rash is what an allergy does.
    """
    begin, end = sentence_around(note.sentences, said.start) or (0, 0)
    alone = (
        note.text[begin : said.start].strip(" -*\t") == "" and note.text[said.end : end].strip(" .;") == ""
    )
    return bool(named) and not named.startswith(("R", "L", "T", "J38", "Z")) and alone


def _near(note: Note, said: Said, stems: frozenset[str]) -> bool:
    first, last = said.places[0], said.places[-1]
    sentence = note.sentence[first]
    around = range(max(first - 6, 0), min(last + 7, len(note.words)))
    return any(note.sentence[place] == sentence and not stems.isdisjoint(note.own[place]) for place in around)


def practice_lines(
    note: Note, lines: Iterable[Line], practised: Mapping[str, Practised], tree: Tree
) -> list[Line]:
    """New lines for codes that notes with the same words often carry, and that the list does not have yet.

    Where the note already names the category, such a code becomes an alternative of that line instead.
    """
    there = {tree.codes[line.code] for line in lines}
    siblings = {tree.codes[line.code][:3]: line for line in lines if line.said}
    found = [code for code in practised if code not in there and tree.billable[tree.number[code]]]
    for code in found:
        if line := siblings.get(code[:3]):
            line.alternatives = {tree.number[code]: None} | line.alternatives
    longer = [frozenset(said.places) for line in lines for said in line.said if len(said.places) > 1]

    def within_longer(own: Practised) -> bool:
        """Whether the words are a part of those of a mention: the "herpes" of "herpes zoster"."""
        words = frozenset(range(own.first, own.last + 1))
        return any(words < places for places in longer)

    found = [code for code in found if code[:3] not in siblings and not within_longer(practised[code])]
    return [
        Line(
            tree.number[code],
            "practice",
            span=(note.words[practised[code].first].start, note.ends[practised[code].last]),
            reason="notes with these words are often coded so",
        )
        for code in found[:MOST]
    ]


def asserted(lines: Iterable[Line]) -> list[Line]:
    """The lines that something speaks for without doubt."""
    return [line for line in lines if line.asserted]


def line_by_rule(lines: list[Line], code: int, reason: str, evidence: Iterable[Said]) -> Line:
    """The line of a code with further evidence; where there is none, a new one by a rule with its ``reason``."""
    line = next((one for one in lines if one.code == code), None)
    if line is None:
        line = Line(code, "rule", reason=reason)
        lines.append(line)
    line.said += [said for said in evidence if said not in line.said]
    return line


def doubt(line: Line, why: str) -> None:
    """Takes a line out of what is asserted; its mentions stay, with the reason."""
    line.doubted += [(said, why) for said in line.said]
    line.said = []
    line.origin = "said" if line.origin == "rule" else line.origin
