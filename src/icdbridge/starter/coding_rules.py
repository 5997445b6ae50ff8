"""ICD-10-CM rules between codes: presumed combinations, symptoms of a diagnosis, companion codes.

The rules are the tables ``presumptions.csv``, ``integral.csv`` and ``companions.csv`` of the knowledge base, each row
with its guideline or instruction. A code in them stands for all codes that begin with it.
"""

from collections.abc import Iterable, Mapping, Sequence

from icdbridge.knowledge.companions import asking_for, history_of
from icdbridge.knowledge.presumptions import Presumption, by_category, diagnoses_of, presumptions
from icdbridge.starter.lines import Line, doubt, line_by_rule
from icdbridge.starter.near_words import near_words
from icdbridge.starter.newborn import code_newborn
from icdbridge.starter.note_reading import Note
from icdbridge.starter.overdoses import is_taken_too_much, is_told_better
from icdbridge.starter.said_once import spell_out
from icdbridge.starter.same_category import claims_more
from icdbridge.starter.sequelae import code_sequelae
from icdbridge.starter.specify import specify
from icdbridge.starter.stems import SIDES, roots
from icdbridge.starter.tree import Tree
from icdbridge.starter.vertebrae import code_vertebrae
from icdbridge.starter.wordings import OUTCOME, wordings

# Words beside the evidence that say more of a presumed code: how severe, which side.
_SAYS_MORE = frozenset(roots("mild", "moderate", "severe")) | {*SIDES}
INTEGRAL = "integral"  # why a symptom is no reason for a code of its own
_OF_MEASURES = {
    "Z68": ("E66", "E43", "E44", "E46", "R63.6", "E40", "E41"),
    "R29.7": ("I63",),
    "P07.0": ("P", "Z38"),
    "P07.2": ("P", "Z38"),
    "T31": ("T20", "T21", "T22", "T23", "T24", "T25"),
}
# Numbers of one category that are no other's: the weight at birth and the weeks, both coded (I.C.16.d).
_KINDS = {"R29.7": "R29.7", "P07.0": "P07.0", "P07.1": "P07.0", "P07.2": "P07.2", "P07.3": "P07.2"}
_BORN = "Z38"  # of the child's own record
_UNEXPLAINED = "R99"  # a death, where the note tells a disease
_LOST = tuple(f"O0{number}" for number in range(9))  # pregnancies whose weeks are not coded (I.C.15.a)
_WITH_WEEKS = ("O", "Z34", "Z33", "Z36")


def is_diagnosis(code: str) -> bool:
    """Whether a code of ICD-10-CM is a diagnosis, and no symptom, external cause or factor of health."""
    return code[0] not in "RVWXYZ"


def apply_rules(note: Note, lines: Sequence[Line], tree: Tree) -> list[Line]:
    """Applies the rules to the lines. No line of a mention is lost: one that a rule replaces is doubted, with the
    rule's name.
    """
    kept = list(lines)
    code_sequelae(note, kept, tree)
    code_newborn(note, kept, tree)
    code_vertebrae(note, kept, tree)
    spell_out(note, kept, tree)
    _add_wordings(kept, note, tree, _present(kept, tree))
    _add_measures(kept, note, tree, _present(kept, tree))  # rules ask for some, and others for what rules add
    present = _present(kept, tree)
    codes = by_category(present)
    for rule in presumptions():
        if rule.fits(codes) and not (_joins_valves(rule) and note.says("nonrheumatic valves")):
            _presume(kept, rule, note, present, tree)
            present = _present(kept, tree)
            codes = by_category(present)
    _add_measures(kept, note, tree, present)
    present = _present(kept, tree)
    poisonings = [tree.titles[line.code] for line in present.values() if line.said]
    for code, line in present.items():
        if (
            is_told_better(code, poisonings)
            or is_taken_too_much(code, present)
            or _is_integral(code, present)
            or (code.startswith(_BORN) and not note.of_newborn)
            or (code.startswith(_UNEXPLAINED) and any(is_diagnosis(other) for other in present))
        ):
            doubt(line, INTEGRAL)
    _follow_injuries(_present(kept, tree), tree)
    _leave_active(kept, tree)
    _name_companions(_present(kept, tree))
    return kept


def _joins_valves(rule: Presumption) -> bool:
    """Whether a rule takes diseases of several valves for rheumatic, as the index does where no cause is said."""
    return any(code.startswith("I08") for code in rule.then)


def _follow_injuries(present: Mapping[str, Line], tree: Tree) -> None:
    """Gives external causes the encounter of the injuries, where all are of a later one (I.C.20.a.2)."""
    later = {code[7:] for code in present if code.startswith("S") and len(code) == 8}
    if later in ({"D"}, {"S"}):
        for code, line in present.items():
            if code.startswith(("V", "W", "X", "Y0", "Y1", "Y2", "Y3")) and code.endswith("A"):
                line.code = tree.number.get(code[:7] + min(later), line.code)


def _leave_active(lines: Sequence[Line], tree: Tree) -> None:
    """Doubts the history of a cancer that the note says elsewhere to be there (I.C.2.m)."""
    present = _present(lines, tree)
    for code in present:
        past = history_of(code) if code.startswith("C") and present[code].origin == "said" else None
        if past in present:
            doubt(present[past], f"{code} is there (I.C.2.m)")


def _present(lines: Sequence[Line], tree: Tree) -> dict[str, Line]:
    """The asserted lines by their codes."""
    return {tree.codes[line.code]: line for line in lines if line.asserted}


def _presume(
    lines: list[Line], rule: Presumption, note: Note, present: Mapping[str, Line], tree: Tree
) -> None:
    found = [line for group in rule.all_of for code, line in present.items() if group.begins(code)]
    evidence = [said for line in found for said in line.said]
    stage = dict.fromkeys(note.pregnancy, 1.0)  # the trimester, or childbirth
    more = {stem: 1.0 for said in evidence for stem in near_words(note, said.places) if stem in _SAYS_MORE}
    then = [
        _said_further(present, code, tree)
        or specify(
            tree,
            tree.number[code],
            stage if code.startswith("O") else more,
            "D" if code.endswith("D") else "A",
        ).code
        for code in rule.then
        if code in tree.number
    ]
    for code in then:
        line = line_by_rule(lines, code, rule.reason, evidence)
        line.reason = line.reason or rule.reason
    for written, line in present.items():
        if line.code not in then and rule.replaces.begins(written):
            doubt(line, rule.reason)
            if then and line.span and not line.doubted:  # a phrase said it, and the new code says it too
                lines.remove(line)


def _said_further(present: Mapping[str, Line], code: str, tree: Tree) -> int:
    """The code of a line of the same category that says the same and more, such as how severe; 0 without one."""
    title = tree.titles[tree.number[code]]
    lines = (line.code for written, line in present.items() if written[:3] == code[:3])
    return next((one for one in lines if claims_more(tree.titles[one], title)), 0)


def _add_measures(lines: list[Line], note: Note, tree: Tree, present: Mapping[str, Line]) -> None:
    for code, line in present.items():  # a measure is coded by its number, and with what it belongs to
        if code.startswith(("Z68", "R29.7", "Z3A")) and line in lines:
            number = next((one.code for one in note.measured if one.code[:3] == code[:3]), code)
            line.code = tree.number.get(number, line.code)
            doubt(line, INTEGRAL)
            for other in [one for one in lines if one.code == line.code and one is not line]:
                line.take_over(other)
                lines.remove(other)
    done = set()
    for found in note.measured:
        kind = _KINDS.get(found.code[:5], found.code[:3])
        needed = _OF_MEASURES.get(kind, _WITH_WEEKS)
        beside = next((code for code in present if code.startswith(needed)), None)
        if kind == "Z68" and any(code.startswith("O") for code in present):
            continue  # none in pregnancy (I.B.14)
        if kind == "Z3A" and any(code.startswith(_LOST) for code in present):
            continue
        if kind not in done and beside is not None and found.code in tree.number:
            done.add(kind)
            own = next((one for one in lines if tree.codes[one.code] == found.code), None)
            if own is None:
                own = Line(tree.number[found.code])
                lines.append(own)
            own.origin, own.span, own.doubted = "rule", (found.start, found.end), []
            own.reason = f"{note.text[found.start : found.end]} with {beside}"


def _add_wordings(lines: list[Line], note: Note, tree: Tree, present: Mapping[str, Line]) -> None:
    """Adds codes of ICD-10-CM that a note says by a phrase and not by a name; other systems have none of them."""
    obstetric = any(code.startswith("O") for code in present)
    done = set(present)
    for found in wordings(note.text, note.sentences, newborn=note.of_newborn):
        known = found.code in tree.number and found.code not in done
        known = known and not _said_further(present, found.code, tree)
        if known and (obstetric or found.code != OUTCOME):
            done.add(found.code)
            lines.append(Line(tree.number[found.code], "rule", span=(found.start, found.end)))


def _is_integral(code: str, present: Iterable[str]) -> bool:
    diagnoses = diagnoses_of(code)
    return bool(diagnoses) and any(other.startswith(diagnoses) for other in present if other != code)


def _name_companions(present: Mapping[str, Line]) -> None:
    """Sets the reason of a code that another code requires to that instruction."""
    for written, line in present.items():
        if not line.reason:
            asking = (
                (code, one.reason)
                for one in asking_for(written)
                for code in present
                if code != written and one.is_of(code)
            )
            code, reason = next(asking, ("", ""))
            line.reason = f"goes with {code} ({reason})" if code else ""
