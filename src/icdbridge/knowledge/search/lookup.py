"""A query that is a code: with or without its dot, its beginning, a key, a code with its title, another system's."""

import re
from typing import NamedTuple

from icdbridge.codes.systems import declaration, known_systems
from icdbridge.knowledge.abbreviations import abbreviations
from icdbridge.knowledge.search.search_index import Entry, Index

_KEY = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*:\s*(\S+)\s*(.*)", re.DOTALL)
_CODE = re.compile(r"\s*([A-Za-z0-9]+(?:\.[A-Za-z0-9]*)?)[\s:,;-]*(.*)", re.DOTALL)
# What a code is called before it is given: "ICD-10: N18.6", "icd 10 cm code n18.6".
_NAMED = re.compile(
    r"\s*(?:icd[\s-]?(?:9|10)(?:[\s-]?(?:cm|pcs))?(?:\s+(?:dx\s+)?codes?)?|dx\s+code|code(?=:))\s*(?::\s*|\s)(?=\S)",
    re.IGNORECASE,
)
_SHORTEST = 3  # characters of a beginning
_MOST = 60  # codes that a beginning may stand for, of each system
_OPEN = re.compile(r"\bunspecified\b|\bwithout complications?\b|\bnot specified\b", re.IGNORECASE)
_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z]{2,5}")  # of ICD-10-CM
_SPOKEN = re.compile(r"[A-Za-z]+")


class CodeFound(NamedTuple):
    """A code that a query gives. ``why`` says what it leads from; ``exact``: the query is this code."""

    source: Index
    entry: Entry
    why: str
    exact: bool


def by_code(query: str, indexes: list[Index]) -> tuple[list[CodeFound], str]:
    """The codes that a query gives or leads to, the best first, none where it is words; the words behind a code."""
    system, rest = "", ""
    if (key := _KEY.fullmatch(query)) and any(index.system == key[1].lower() for index in indexes):
        system, text, rest = key[1].lower(), key[2], key[3]
    elif key and key[1].lower() in known_systems():
        text, rest = key[2], key[3]
    else:
        text = query = _NAMED.sub("", query, count=1) if _NAMED.match(query) else query
    if joined := [one for index in indexes for one in _joined(index, f"{text} {rest}".strip())]:
        return joined, ""
    found = _CODE.fullmatch(text if not rest else f"{text} {rest}")
    if not found:
        return [], query
    plain, rest = found[1].replace(".", "").upper(), found[2]
    if _SPOKEN.fullmatch(plain) or len(plain) < (2 if not rest and "." in found[1] else _SHORTEST):
        return [], query
    chosen = [index for index in indexes if system in ("", index.system)]
    several: list[CodeFound] = []
    for index in chosen:
        several += _in_system(index, plain, found[1], rest)
    several.sort(key=lambda one: not one.exact)
    if not rest and found[1].lower() in abbreviations() and not any(one.exact for one in several):
        return [], query  # "dm2" is a diabetes before it is the beginning of DM20DZZ
    for index in chosen:
        # who types a code of ICD-10 does not look for one of ICD-9
        if not several or not declaration(index.system).legacy:
            several += _leading(index, plain)
    older = [
        one for one in several if one.source.version == "icd9" and one.entry.code.replace(".", "") != plain
    ]
    if not rest and _ICD10.fullmatch(plain) and len(older) == len(several):
        several = [
            one for index in chosen if index.version != "icd9" for one in _nearest(index, plain)
        ] + several
    return several, rest if several else query


def _joined(index: Index, text: str) -> list[CodeFound]:
    """The codes that a text joins (a cluster of ICD-11), where it joins several that all exist."""
    plain = [part.strip().replace(".", "").upper() for part in declaration(index.system).parts(text)]
    found = [one for part in plain for one in index.beginning(part, 1) if one.code.replace(".", "") == part]
    why = f"part of {text.upper()}"
    return [CodeFound(index, one, why, True) for one in found] if 1 < len(found) == len(plain) else []


def _in_system(index: Index, plain: str, written: str, rest: str) -> list[CodeFound]:
    entries = index.beginning(plain, 2000)
    if "." in written:  # where the dot stands tells 25.0 from 250
        start = written.upper().removesuffix(".")
        entries = [one for one in entries if one.code.startswith(start)]
    if not entries:
        return []
    same = [one for one in entries if one.code.replace(".", "") == plain]
    if rest and not same:
        return []
    if same and same[0].billable:
        return [CodeFound(index, same[0], "", True)] + [
            CodeFound(index, one, "", False) for one in entries if one not in same
        ]
    meant = same[0].meant if same else -1

    def order(one: Entry) -> tuple[object, ...]:
        return (
            -(one.prior + (0.6 if one.id == meant and _OPEN.search(one.title) else 0.0)),
            len(one.code),
            one.code,
        )

    below = sorted((one for one in entries if one.billable), key=order)
    if same:  # the category itself behind the code that is assumed for it
        below.insert(min(len(below), 1), same[0])
    return [CodeFound(index, one, "", bool(same)) for one in below[:_MOST]]


def _nearest(index: Index, plain: str) -> list[CodeFound]:
    """The codes that begin as a code that nobody knows does, as far as any does; those that end as it does first."""
    for length in range(len(plain) - 1, _SHORTEST - 1, -1):
        if entries := [one for one in index.beginning(plain[:length]) if one.billable]:
            entries.sort(key=lambda one: not one.code.replace(".", "").endswith(plain[-1]))
            why = f"{plain} is no code of {index.release}: these begin with {plain[:length]}"
            return [CodeFound(index, one, why, False) for one in entries[:_MOST]]
    return []


def _leading(index: Index, plain: str) -> list[CodeFound]:
    """The codes that another system's code, or a retired one, leads to."""
    found = []
    for lead in index.leading(plain):
        entry = index.entry(lead.code)
        if lead.system == index.system:
            why = f"{plain} is no code any more ({lead.title}): this is nearest"
        else:
            how = "equivalent" if lead.exact else "approximate equivalent"
            why = f"{how} of {declaration(lead.system).label} {plain} ({lead.title})"
        found.append(CodeFound(index, entry, why, True))
    found.sort(key=lambda one: (-one.entry.prior, not _OPEN.search(one.entry.title)))
    return found
