"""From the knowledge base to what the starter reads: the tree of codes and the dictionary of phrases, made once,
cached."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from icdbridge.caches import cached_folder
from icdbridge.codes import load_system
from icdbridge.codes.validity import later_codes
from icdbridge.garbage import no_collection
from icdbridge.knowledge import terms
from icdbridge.knowledge.abbreviations import abbreviations
from icdbridge.knowledge.families import default_child
from icdbridge.knowledge.fingerprint import fingerprint
from icdbridge.knowledge.frequency import hospital_frequency
from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.terms import DRUG
from icdbridge.progress import console
from icdbridge.starter.dictionary import (
    ADVERSE,
    POISONING,
    SOURCES,
    UNDERDOSING,
    WHEN,
    Dictionary,
    Name,
    build_dictionary,
)
from icdbridge.starter.stems import name_stems
from icdbridge.starter.tree import Tree, build_tree

FORMAT = 36  # of the folder; a higher number makes it anew
_RESIDUAL = re.compile(r"\b(?:other|elsewhere|specified|certain)\b", re.IGNORECASE)
# How far a source is believed where several codes have the same phrase; the lowest first.
_DRUG_WORDINGS = (
    (re.compile(r"adverse effect of (?:salts )?(.+)", re.IGNORECASE), ADVERSE),
    (re.compile(r"(?:salts )?(.+) underdosing", re.IGNORECASE), UNDERDOSING),
    (re.compile(r"(?!self-harm|assault)(?:salts )?(.+) poisoning", re.IGNORECASE), POISONING),
)
_BELIEVED = {
    "default": 0, "clinical": 0, "inclusion": 1, "index": 2, "neoplasm": 2, "title": 3, "lay": 4, "mesh": 4,
    "short": 4, "external": 5, "drug": 6, "equivalent": 7,
}  # fmt: skip
_LATER_TITLE = 1  # of a code that came later: the index still gives what stood for it before
_WRITTEN = ("default", "clinical", *WHEN)  # by us, as notes say it
# "1 class obesity" of the index, turned round: "1" of a number before it is no class
_TURNED = re.compile(r"\A([1-5]|i{1,3}|iv|v) (class|grade|stage|type)\b", re.IGNORECASE)
_SCALE = re.compile(r"=?(?:stage|type|grade|class)[0-5][ab]?|lettera")
# Encounters are coded by what is said of the visit, not by words of examinations; our own names know how that is said.
_ENCOUNTERS = (
    "Z00", "Z01", "Z02", "Z03", "Z04", "Z08", "Z09", "Z11", "Z12", "Z13", "Z36", "Z46", "Z48", "Z49", "Z53",
)  # fmt: skip
_ONLY_IF_SAID = ("E13",)  # "other specified diabetes": where no type is said it is type 2 (I.C.4.a.2)
_FREQUENT = {"frequent": 0, "seen": 1}


class Prepared(NamedTuple):
    """What the starter reads of one code system."""

    tree: Tree
    dictionary: Dictionary


def prepared(system: str, cache: Path) -> Prepared:
    """The tree and dictionary of a system, from the cache or, the first time, built (some 10 s of one core)."""
    folder = cached_folder(
        cache / f"starter-{system}-{FORMAT}-{fingerprint()}", "codes.txt", lambda made: _fill(system, made)
    )
    return Prepared(Tree.open(folder), Dictionary.open(folder))


def _fill(system: str, folder: Path) -> None:
    console.print(f"first use: building the index of what {system} codes are called, some 10 seconds")
    with no_collection():
        table = load_system(system)
        tree = build_tree(table, {code: default_child(code, system) for code in table.headings})
        tree.save(folder)
        build_dictionary(list(_names(system, tree))).save(folder)


def _names(system: str, tree: Tree) -> Iterator[Name]:
    """All names of a system; status and history codes with where they count."""
    frequency = hospital_frequency(system)
    blocked, later = _blocked(), later_codes(system)
    often = [_FREQUENT.get(frequency.get(tree.codes[code], ""), 2) for code in tree.default.tolist()]
    residual_title = [bool(_RESIDUAL.search(title)) for title in tree.titles]
    for text, code, source in _every(system):
        number = tree.number.get(code)
        if number is None or (source == "title" and _goes_on(tree, number)):  # the words of the note decide
            continue
        stems = tuple(name_stems(_TURNED.sub(r"\2 \1", text)))
        if not stems or _misleads(stems, code, source):
            continue
        if source != POISONING and (stems in blocked.get("", ()) or stems in blocked.get(code, ())):
            continue
        residual = source not in _WRITTEN and bool(_RESIDUAL.search(text))
        if residual and (len(stems) == 1 or code.startswith(_ONLY_IF_SAID)):
            continue
        rank = (
            residual,
            _LATER_TITLE if source == "title" and code in later else _BELIEVED.get(source, 4),
            residual_title[number],
            often[number],
            len(code),
        )
        yield Name(stems, number, SOURCES.index(source), rank)


def _goes_on(tree: Tree, number: int) -> bool:
    """Whether the 7th character only adds the encounter, fetus or stage to the title of the code above."""
    above = int(tree.parent[number])
    goes_on = tree.titles[number].startswith(tree.titles[above] if above >= 0 else "")
    return tree.of_encounter(number) or (len(tree.codes[number]) == 8 and goes_on)


def _misleads(stems: tuple[str, ...], code: str, source: str) -> bool:
    """Whether a name would be found where nobody means it: an abbreviation, whose senses are told apart elsewhere; one
    short word, or one external cause, of a published table; a stage without what is staged; a kind of encounter.
    """
    if all(_SCALE.fullmatch(stem) or len(stem.lstrip("=")) == 1 for stem in stems):  # the "B" of "B-ALL"
        return True
    if len(stems) == 1 and stems[0].lstrip("=") in abbreviations() and source not in WHEN:
        return True
    if source in _WRITTEN:
        return False
    single = len(stems) == 1
    return code.startswith(_ENCOUNTERS) or (single and (len(stems[0].lstrip("=")) < 4 or code[0] in "WXY"))


def _every(system: str) -> Iterator[tuple[str, str, str]]:
    for term in terms(system):
        yield term
        for template, when in _DRUG_WORDINGS if term.source == DRUG else ():
            if found := template.fullmatch(term.text):
                yield found[1], term.code, when
    # brands, of which the table of drugs has none
    for row in read_csv("drugs") if system == "icd10cm" else ():
        for name in row["names"].split(";"):
            for sixth, when in (("5", ADVERSE), ("6", UNDERDOSING), ("1", POISONING)):
                yield name, row["harm"].replace("-", sixth), when
    for row in read_csv("status"):
        if row.get("system", "") in ("", system):
            yield row["term"], row["code"], "default" if row["when"] == "any" else row["when"]


@cache
def _blocked() -> dict[str, set[tuple[str, ...]]]:
    """Stems of names that mislead, by code ("" for any code)."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for row in read_csv("blocked"):
        found.setdefault(row["code"], set()).add(tuple(name_stems(row["term"])))
    return found
