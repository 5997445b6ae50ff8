"""A query about a drug: that it is taken, what it did, too much or too little of it.

Tables of codes name few drugs, and none by its brand. Here a drug or a class of drugs (``data/drugs.csv``, and those
that ``data/status.csv`` has as taken) leads to its code of use and to its codes of harm: an adverse effect, poisoning
by intent, underdosing. The other words say which of them is asked for (``data/search_drug_cues.csv``).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import rapidfuzz.distance.OSA as osa
from rapidfuzz.process import extract

from icdbridge.knowledge.packed_tables import read_csv
from icdbridge.knowledge.search.merging import Line
from icdbridge.knowledge.search.search_index import Index
from icdbridge.knowledge.search.spelling import Speller
from icdbridge.knowledge.search.wordforms import EMPTY, LISTS, phrases, roots, words
from icdbridge.knowledge.words import american

_LONGEST = 4  # words of a drug or a cue
_SHORTEST = 6  # letters of a drug that is mended, or completed
_SYSTEM = "icd10cm"
_CONNECTING = LISTS["connecting"]
_JOINING = frozenset(
    roots([*_CONNECTING, "drugs", "chemical", "unspecified"])
)  # of wordings that say no more
_LOOKED_AT = 5  # lines of what drugs do
_USE = ("", "taken")  # kinds that ask for the code of long-term use
_REST = "*"  # of drugs.csv: what status.csv has of this code besides
# The sixth character of a code of harm, by what a query says; the likelier first.
_HARMS = {
    "adverse": "516", "caused": "5", "toxic": "51", "poisoning": "125", "accidental": "12", "self-harm": "21",
    "assault": "31", "undetermined": "41", "underdosing": "65", "taken": "56", "": "516",
}  # fmt: skip
_ENCOUNTERS = {"initial": "A", "subsequent": "D", "sequela": "S"}
_INTENTS = ("self-harm", "assault", "undetermined", "accidental")
_KINDS = (
    *_INTENTS,
    "underdosing",
    "poisoning",
    "toxic",
    "adverse",
    "taken",
    "caused",
)  # the first that is said counts


class Drug(NamedTuple):
    """``taken``: the code of long-term use, "" where there is none; ``harm``: how its codes of harm begin."""

    name: str
    taken: str
    harm: str


class _Asked(NamedTuple):
    """The codes that a query about a drug asks for, best first, each with its words. ``kind``: what it says of it;
    ``mended``: the name that a misspelt one was taken for; ``rest``: the words of the query beside the drug.
    """

    name: str
    codes: tuple[str, ...]
    kind: str
    mended: str
    rest: tuple[str, ...]


def with_drug(
    lines: list[Line],
    query: str,
    indexes: Sequence[Index],
    speller: Speller,
    ask: Callable[[str], list[Line]],
) -> list[Line]:
    """The lines that answer a query, with the codes that it asks for of a drug.

    These come first; behind the best line where that is a diagnosis ("statin myopathy") or has just these words.
    ``ask``: the lines of another query.
    """
    index = next((index for index in indexes if index.system == _SYSTEM), None)
    asked = _asked(query, speller) if index else None
    if not index or not asked:
        return lines
    why, corrected = (f"spelt {asked.mended}", (asked.mended,)) if asked.mended else ("", ())
    own = [
        Line(index, entry, "spelling" if why else "term", asked.name, why, asked.mended, corrected)
        for code in asked.codes
        for entry in index.beginning(code.replace(".", ""), 1)
    ]
    if asked.kind == "caused":
        lines = [*_caused(lines, asked, ask), *lines]
    others = {one.entry.code for one in own}
    same = [line for line in lines[:1] if words(line.term) == words(query) and line.entry.code not in others]
    behind = 1 if asked.kind == "caused" or (asked.kind in _USE and same) else 0
    return [*lines[:behind], *own, *lines[behind:]]


def _caused(lines: Sequence[Line], asked: _Asked, ask: Callable[[str], list[Line]]) -> list[Line]:
    """What the drug did, where the best of ``lines`` does not say both: as the effect of drugs, else by itself."""
    effect = set(roots([word for word in asked.rest if word not in _CONNECTING and word not in EMPTY]))
    if lines and lines[0].entry.code not in asked.codes and effect <= _roots(lines[0]):
        begins = words(asked.name)[0]
        if any(word.startswith(begins) for word in words(lines[0].term)):  # chemo, chemotherapy
            return []
    drug = set(roots(["drug"]))
    wordings = ((line, _roots(line)) for line in ask(f"drug induced {' '.join(asked.rest)}")[:_LOOKED_AT])
    of_drugs = [
        line for line, said in wordings if effect | drug <= said and not said - effect - drug - _JOINING
    ]
    return of_drugs[:1] or ask(" ".join(word for word in asked.rest if word not in _CONNECTING))[:1]


def _roots(line: Line) -> set[str]:
    return set(roots(words(line.term)))


def _asked(query: str, speller: Speller) -> _Asked | None:
    """What a query asks of a drug; None where it is not about one, or about a diagnosis beside it."""
    said = [american(word) for word in words(query)]
    found = _drug(said, speller)
    if not found:
        return None
    drug, places, mended = found
    meant, other = _cues([*said[: places.start], "", *said[places.stop :]])
    kind = next((kind for kind in _KINDS if kind in meant), "")
    if other and kind != "caused":
        return None
    if kind in _USE and not drug.taken:
        return None
    codes = [drug.taken] if kind in _USE else []
    last = next((_ENCOUNTERS[one] for one in _ENCOUNTERS if one in meant), "A")
    codes += [f"{drug.harm + sixth:X<6}{last}" for sixth in _HARMS[kind]]
    return _Asked(drug.name, tuple(codes), kind, mended, (*said[: places.start], *said[places.stop :]))


def _drug(said: Sequence[str], speller: Speller) -> tuple[Drug, range, str] | None:
    """The longest drug that the words name, where, and its name where it was misspelt or unfinished."""
    for length in range(min(_LONGEST, len(said)), 0, -1):
        for start in range(len(said) - length + 1):
            places = range(start, start + length)
            if drug := _drugs().get(" ".join(said[start : start + length])):
                return drug, places, ""
    for place, word in enumerate(said):
        if len(word) >= _SHORTEST and word not in speller.words and (name := _mended(word)):
            return _drugs()[name], range(place, place + 1), name
    return None


@cache
def _mended(word: str) -> str:
    """The drug that an unknown word is the beginning of, or misspelt."""
    begun = [name for name in _drugs() if name.startswith(word)]
    if begun:
        return min(begun, key=len)
    near = extract(word, list(_drugs()), scorer=osa.distance, score_cutoff=1 + (len(word) > 8), limit=1)
    return near[0][0] if near else ""


def _cues(said: Sequence[str]) -> tuple[set[str], bool]:
    """What the words around a drug say of it, and whether some say anything else."""
    meant, other = set(), False
    for written, _, cue in phrases(said, _LONGEST, _said().get):
        if cue:
            meant.add(cue)
        else:
            other |= written[0] not in ("", *EMPTY)
    return meant, other


@cache
def _said() -> dict[str, str]:
    return {" ".join(words(row["said"])): row["meant"] for row in read_csv("search_drug_cues")}


@cache
def _drugs() -> dict[str, Drug]:
    """Drug, as the words of a query -> what codes there are."""
    own = (
        Drug(name, row["taken"], _plain(row["harm"]))
        for row in read_csv("drugs")
        for name in row["names"].split(";")
        if name != _REST
    )
    return {" ".join(words(drug.name)): drug for drug in (*_others(), *own)}


def _others() -> Iterator[Drug]:
    harms = {
        row["taken"]: _plain(row["harm"]) for row in read_csv("drugs") if _REST in row["names"].split(";")
    }
    for row in read_csv("status"):
        if row["when"] == "medications" and row["code"] in harms:
            yield Drug(row["term"], row["code"], harms[row["code"]])


def _plain(beginning: str) -> str:
    return beginning.rstrip("-").replace(".", "")
