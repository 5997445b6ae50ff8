"""What ICD-10-CM presumes of codes that stand together: combinations, symptoms of a diagnosis, companion codes.

The rules are the tables ``presumptions.csv``, ``integral.csv`` and ``companions.csv`` of the knowledge base, each row
with the
guideline or instruction that it follows. A code in them counts for itself and all that begin so.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from icdbridge.knowledge.tables import read_csv
from icdbridge.starter.lines import Line, asserted, doubt
from icdbridge.starter.measures import measures
from icdbridge.starter.reading import Note
from icdbridge.starter.said import Said
from icdbridge.starter.sequelae import code_sequelae
from icdbridge.starter.tree import Tree

INTEGRAL = "integral"  # why a symptom is no reason for a code of its own
_OF_MEASURES = {"Z68": ("E66", "E43", "E44", "E46", "R63.6", "E40", "E41", "O99.21"), "R29.7": ("I63",)}
_WITH_WEEKS = ("O", "Z34", "Z33", "Z36")


class Presumption(NamedTuple):
    """Where lines of each of ``all_of`` (alternatives) stand together and none of ``unless``, ``then`` is coded in
    place of
    those that begin as ``replaces``.
    """

    all_of: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    then: tuple[str, ...]
    replaces: tuple[str, ...]
    reason: str


class Companion(NamedTuple):
    """Codes that begin as ``first`` ask for one that begins as ``then``."""

    first: tuple[str, ...]
    then: tuple[str, ...]
    reason: str


def apply_rules(note: Note, lines: Sequence[Line], tree: Tree) -> list[Line]:
    """The lines with what follows from them; none is lost: one that a rule replaces is doubted, by the rule's name."""
    kept = list(lines)
    code_sequelae(note, kept, tree)
    for rule in _presumptions():
        _presume(kept, rule, tree)
    _add_measures(kept, note, tree)
    for line in asserted(kept):
        if _is_integral(tree.codes[line.code], [tree.codes[one.code] for one in asserted(kept)]):
            doubt(line, INTEGRAL)
    _name_companions(kept, tree)
    return kept


def _presume(lines: list[Line], rule: Presumption, tree: Tree) -> None:
    present = asserted(lines)
    found = [[line for line in present if tree.codes[line.code].startswith(one)] for one in rule.all_of]
    if not all(found) or any(
        tree.codes[line.code].startswith(rule.unless) for line in present if rule.unless
    ):
        return
    evidence = [said for several in found for line in several for said in line.said]
    then = [int(tree.default[tree.number[code]]) for code in rule.then if code in tree.number]
    for code in then:
        _add(lines, code, rule.reason, evidence)
    for line in present:
        if rule.replaces and line.code not in then and tree.codes[line.code].startswith(rule.replaces):
            doubt(line, rule.reason)


def _add(lines: list[Line], code: int, reason: str, evidence: Iterable[Said]) -> None:
    line = next((one for one in lines if one.code == code), None)
    if line is None:
        line = Line(code, "rule")
        lines.append(line)
    line.reason = line.reason or reason
    line.said += [said for said in evidence if said not in line.said]


def _add_measures(lines: list[Line], note: Note, tree: Tree) -> None:
    codes = [tree.codes[line.code] for line in asserted(lines)]
    for line in lines:  # a measure is coded by its number, and with what it belongs to
        if tree.codes[line.code].startswith(("Z68", "R29.7", "Z3A")):
            doubt(line, INTEGRAL)
    done = set()
    for found in measures(note.text):
        kind = found.code[:5] if found.code.startswith("R29.7") else found.code[:3]
        needed = _OF_MEASURES.get(kind, _WITH_WEEKS)
        if kind not in done and found.code in tree.number and any(code.startswith(needed) for code in codes):
            done.add(kind)
            line = Line(tree.number[found.code], "rule", measure=(found.start, found.end))
            beside = next(code for code in codes if code.startswith(needed))
            line.reason = f"{note.text[found.start : found.end]} with {beside}"
            lines.append(line)


def _is_integral(code: str, codes: Sequence[str]) -> bool:
    diagnoses = {one for symptoms, several in _integral() if code.startswith(symptoms) for one in several}
    return any(other.startswith(tuple(diagnoses)) for other in codes if diagnoses and other != code)


def _name_companions(lines: Sequence[Line], tree: Tree) -> None:
    """Says of a code that another asks for by which instruction it does."""
    present = asserted(lines)
    codes = [tree.codes[line.code] for line in present]
    for line in present:
        if not line.reason:
            reasons = (
                f"goes with {code} ({one.reason})"
                for one in _companions()
                if codes[present.index(line)].startswith(one.then)
                for code in codes
                if code.startswith(one.first)
            )
            line.reason = next(reasons, "")


def _codes(text: str) -> tuple[str, ...]:
    """Codes and beginnings of codes from a cell of a table ("E08.-;E11.-")."""
    return tuple(one.strip().rstrip("-").rstrip(".") for one in text.split(";") if one.strip())


@cache
def _presumptions() -> list[Presumption]:
    return [
        Presumption(
            tuple(_codes(part) for part in row["if_all"].split(" + ")),
            _codes(row["unless"]),
            _codes(row["then"]),
            _codes(row["replaces"]),
            f"{row['rule']} ({row['source']})",
        )
        for row in read_csv("presumptions")
    ]


@cache
def _integral() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(_codes(row["symptom"]), _codes(row["diagnosis"])) for row in read_csv("integral")]


@cache
def _companions() -> list[Companion]:
    rows = read_csv("companions")
    return [Companion(_codes(row["if"]), _codes(row["then"]), row["source"]) for row in rows]
