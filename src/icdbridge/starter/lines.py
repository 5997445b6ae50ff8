"""Turns mentions into the lines of a list of codes, one line for each thing said, with siblings as alternatives."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from icdbridge.lexical.sentences import sentence_around
from icdbridge.rules.patient import sex_in
from icdbridge.starter.cues import cue
from icdbridge.starter.dictionary import (
    ADVERSE,
    ALLERGIES,
    FAMILY,
    HISTORY,
    MEDICATIONS,
    POISONING,
    UNDERDOSING,
)
from icdbridge.starter.drugs import STEROIDS, is_allergy, is_cause, is_unused, reactions
from icdbridge.starter.gone import has_had, is_gone, operated_then
from icdbridge.starter.note_reading import Note
from icdbridge.starter.other_times import (
    is_cured,
    is_of_another_time,
    is_over,
    is_remitted,
    is_repaired,
    is_still_there,
    long_ago,
    now_resolved,
    past_code,
)
from icdbridge.starter.overdoses import is_overdosed, overdose_doubt
from icdbridge.starter.said import Said, sentence_of, tells
from icdbridge.starter.surgical_status import is_not_there, left_now
from icdbridge.starter.tree import Tree
from icdbridge.starter.wordings import is_taken_back

DOUBTS = ("negated", "family", "hypothetical", "uncertain")  # in which a mention is no reason for a code
_ALLERGY_STATUS = ("Z88", "Z91.0")
# A screening is coded where it is why the patient came, by the section or as the head of an item, not where it is due
# or was talked of.
_SCREENING = ("Z11", "Z12", "Z13")
_REASONS = ("chief_complaint", "indication", "diagnoses")
_HEADS = re.compile(r"(?:^|[\n.;:])[^A-Za-z\n.;:]*screening (?:for|of) [^\n.;:]*\Z", re.IGNORECASE)
_ENDS = ("", ".", ",", ";", "\n")  # what may stand behind the first words
_OF_FAMILY = ("Z80", "Z81", "Z82", "Z83", "Z84")
_OF_THE_PAST = ("past_medical", "past_surgical")
# What is seen of an examination without a site is a sign of what is diagnosed.
_SEEN, _SIGNS = ("exam", "imaging", "findings"), ("F41.9", "L53.9", "M79.89", "R60.9")


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
        """Whether any mention asserts the code."""
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


def make_lines(note: Note, found: Sequence[Said], tree: Tree, *, inpatient: bool, final: bool) -> list[Line]:
    """The lines of a note, one for each code, in the order of their first mention; ``final``: what is probable counts
    (II.H).
    """
    lines: dict[int, Line] = {}
    reacted = reactions(note, found)
    done = left_now(note, found, tree, inpatient=inpatient)
    gone = set() if inpatient else now_resolved(note, found)
    for said in found:
        for meant, origin, doubt in _meant(note, said, tree, inpatient, final):
            if meant in done and note.section[said.places[0]] not in _OF_THE_PAST:
                continue
            if origin == "said" and any(start <= said.start < end for start, end in reacted):
                doubt = doubt or "integral"
            if origin == "said" and meant in gone:
                doubt = doubt or "historical"
            for code in {meant, said.left} - {-1} if meant == said.code else {meant}:
                line = lines.setdefault(code, Line(code, origin))
                if doubt:
                    line.doubted.append((said, doubt))
                else:
                    line.said.append(said)
                    line.alternatives |= dict.fromkeys(said.alternatives)
    return list(lines.values())


def _meant(
    note: Note, said: Said, tree: Tree, inpatient: bool, final: bool
) -> Iterable[tuple[int, str, str | None]]:
    """The codes that a mention stands for in its context, each with its origin and, perhaps, a doubt."""
    when = said.status
    section = note.section[said.places[0]]
    named = tree.codes[said.code] if said.named >= 0 else ""  # the code, where the words name one
    negated, hypothetical = (note.marked(said.asserting, name) for name in ("negated", "hypothetical"))
    if named.startswith(_SCREENING):
        # "Screening mammogram." is what the note is about
        first = not note.text[: said.start].strip() and note.text[said.end : said.end + 1] in _ENDS
        why = first or section in _REASONS or _HEADS.search(note.text, 0, said.end)
        thought_of = note.touched(said.places, "hypothetical") and not why
        hypothetical = thought_of or tells(note, said, "screening not now")
    if (
        is_not_there(note, said, named, tree)
        or (named and is_of_another_time(note, said, named))
        or (named.startswith("C") and tells(note, said, "in situ"))
    ):
        hypothetical = True
    if ALLERGIES in when and not negated and (section == "allergies" or is_allergy(note, said)):
        yield when[ALLERGIES], ALLERGIES, None
        return
    if section == "allergies" and not (named.startswith(_ALLERGY_STATUS) or _stands_alone(note, said, named)):
        return
    if named and is_taken_back(named, note.text, said.start, note.sentences):
        hypothetical = True
    if ADVERSE in when and is_cause(note, said):
        thought = "uncertain" if note.marked(said.asserting, "uncertain") and not final else None
        yield int(tree.default[when[ADVERSE]]), ADVERSE, "hypothetical" if hypothetical else thought
    if UNDERDOSING in when and tells(note, said, "drug not taken"):
        yield int(tree.default[when[UNDERDOSING]]), UNDERDOSING, None
    if POISONING in when and is_overdosed(note, said, tree.codes[when[POISONING]]):
        yield int(tree.default[when[POISONING]]), "said", overdose_doubt(note, said)
        return
    unused = is_unused(note, said)
    if STEROIDS in (named, tree.codes[when[MEDICATIONS]] if MEDICATIONS in when else ""):
        unused = unused or tells(note, said, "drug for days")
    of_relative = note.marked(said.asserting, "family")
    if MEDICATIONS in when and not (negated or hypothetical or unused or of_relative):
        yield when[MEDICATIONS], MEDICATIONS, None
    family = of_relative and not named.startswith(_OF_FAMILY)
    if family and FAMILY in when and not negated and not tells(note, said, "spouse"):
        yield when[FAMILY], FAMILY, None
        return
    gone, operated = is_gone(note, said, named), operated_then(note, said, named)
    past = (
        gone
        or (operated and not inpatient)
        or note.marked(said.asserting, "historical")
        or long_ago(note, said)
        or is_cured(note, said, named)
        or is_repaired(note, said, named)
    )
    of_this_stay = (
        (inpatient or section == "diagnoses")
        and tells(note, said, "resolved later")
        and not tells(note, said, "gone in a year")
    )
    past = past and not (of_this_stay or is_remitted(tree, said) or is_still_there(note, said, named))
    if not named:
        past = past or note.touched(said.asserting[:1], "historical") or has_had(note, said)
        unsure = note.marked(said.asserting, "uncertain")
        if HISTORY in when and past and not (negated or hypothetical or family or unsure):
            yield when[HISTORY], HISTORY, None
        return
    if family or _is_of_other_sex(note, said, tree) or _is_of_a_child(note, said, named):
        yield said.code, "said", "family"
    elif negated or (unused and named.startswith(("Z79", "Z96.41", "Z99"))):
        yield said.code, "said", "negated"
    elif hypothetical:
        yield said.code, "said", "hypothetical"
    elif note.marked(said.asserting, "uncertain") and not final:
        yield said.code, "said", "uncertain"
    elif section in _SEEN and named in _SIGNS:
        yield said.code, "said", "integral"
    elif past and (history := when.get(HISTORY, past_code(tree, said.code))) >= 0:
        yield history, HISTORY, None
    elif past and (gone or operated or is_over(note, said, named)):
        yield said.code, "said", "historical"
    else:
        yield said.code, "said", None


def _is_of_other_sex(note: Note, said: Said, tree: Tree) -> bool:
    """Whether only the other sex than the patient's has a code: it is said of the partner."""
    code = tree.codes[said.code]
    if not note.sex:
        return False
    if code.startswith("O"):
        return note.sex != "female"
    return sex_in(f"{tree.titles[said.code]} {tree.titles[tree.category(said.code)]}") not in (None, note.sex)


def _is_of_a_child(note: Note, said: Said, code: str) -> bool:
    """Whether the note of an adult tells of a child: by a code of the perinatal period, or a sentence of the baby."""
    if not note.of_adult or note.of_newborn:
        return False
    begin, _ = sentence_of(note, said)
    return code.startswith("P") or cue("of the baby").within(note.text[begin : said.start]) is not None


def _stands_alone(note: Note, said: Said, named: str) -> bool:
    """Whether a disease makes a later sentence of a line of allergies: "Allergies: penicillin. Asthma." A symptom or a
    rash is what an allergy does.
    """
    begin, end = sentence_around(note.sentences, said.start) or (0, 0)
    alone = (
        note.text[begin : said.start].strip(" -*\t") == "" and note.text[said.end : end].strip(" .;") == ""
    )
    return bool(named) and not named.startswith(("R", "L", "T", "J38", "Z")) and alone


def asserted(lines: Iterable[Line]) -> list[Line]:
    """The lines that something speaks for without doubt."""
    return [line for line in lines if line.asserted]


def line_by_rule(lines: list[Line], code: int, reason: str, evidence: Iterable[Said]) -> Line:
    """The line of a code with further evidence; where there is none, a new one by a rule with its ``reason``."""
    line = next((one for one in lines if one.code == code), None)
    if line is None:
        line = Line(code, "rule", reason=reason)
        lines.append(line)
    for said in evidence:  # which may name one mention several times, by lines that came of each other
        if said not in line.said:
            line.said.append(said)
    return line


def doubt(line: Line, why: str) -> None:
    """Takes a line out of what is asserted; its mentions stay, with the reason."""
    line.doubted += [(said, why) for said in line.said]
    line.said = []
    line.origin = "said" if line.origin == "rule" else line.origin
