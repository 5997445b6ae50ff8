"""Rows of the published tables, written as a coder or clinician says them.

The index files a term under its noun, from the general to the special ("Failure, heart, congestive"). Read backwards
it is what people say ("congestive heart failure"); parts that begin with a linking word stay behind ("Diabetes, with,
retinopathy, proliferative": "diabetes with proliferative retinopathy").
"""

import re
from collections.abc import Iterator, Sequence
from math import ceil

from icdbridge.knowledge.packed_tables import read_toml
from icdbridge.knowledge.words import stem

_RESIDUAL = re.compile(r"\b(?:NEC|NOS)\b")
_WORDING = read_toml("wording")
_LINKING = frozenset(_WORDING["linking"].split())
_IRREGULAR = frozenset(tuple(pair.split("=")) for pair in _WORDING["same"].split())
_LEADING: dict[str, str] = _WORDING["leading"]
# By column of these tables.
_NEOPLASMS, _DRUGS, _TOXIC = _WORDING["neoplasms"], _WORDING["drugs"], _WORDING["toxic"]
_ALIKE = 0.6  # share of the shorter word by which two forms of one word begin alike
_MIN_ALIKE = 3  # letters
_OTHER = re.compile(
    r"(?:specified|other)\b.*|unspecified .*|\w* ?specified (?:site|type|organ)s?", re.IGNORECASE
)
_ASSUMED = {"fracture": "traumatic"}  # "Fracture, traumatic" is every fracture that is not said to be another
_SAME_LINK = {"down": "from"}  # who falls down stairs falls from them


def spoken(path: Sequence[str]) -> list[str]:
    """The wordings of an index row, its levels from the outermost in; more than one where a level has alternatives.

    None for a residual row ("specified NEC"), which is meant only where the index has nothing better.
    """
    levels = [text for level in path for text in _parts(level)]
    levels = _without_assumed(levels)
    if levels and levels[0][1:].islower() and "'" not in levels[0]:
        levels[0] = levels[0].lower()
    if not levels or _OTHER.fullmatch(levels[-1]):
        return []
    levels = [
        _SAME_LINK.get(level, level) for level in levels if level.lower() not in ("unspecified", "specified")
    ]
    found = [_in_order(choice) for choice in _choices(_grouped(levels))]
    return list(dict.fromkeys(text for text in found if text))


_MODIFIER = re.compile(r"\(([A-Za-z][A-Za-z' -]{2,})\)")
# Where a row has more words in brackets, they name whatever may be, and none of them what it is called.
_FEW = 4


def with_modifiers(texts: list[str], modifiers: str) -> list[str]:
    """The first wording of an index row with each word that it may have in front: "diabetes (mellitus)"."""
    found = [text for text in _MODIFIER.findall(modifiers) if not _RESIDUAL.search(text)]
    if not texts or len(found) > _FEW:
        return []
    return [f"{text} {texts[0]}" for text in found if text.split()[0].lower() not in _LINKING]


def _parts(level: str) -> list[str]:
    """The comma-separated parts of a level without "NEC" and "NOS"."""
    if "N" in level:
        level = _RESIDUAL.sub("", level)
    return [plain for part in level.split(",") if (plain := " ".join(part.split()))]


def _without_assumed(levels: list[str]) -> list[str]:
    assumed = _ASSUMED.get(levels[0].lower()) if levels else None
    return [levels[0], *levels[2:]] if assumed and levels[1:2] == [assumed] else levels


def _grouped(levels: list[str]) -> list[list[str]]:
    """Neighbouring levels that are forms of one word, or alternative linking phrases, as one group."""
    groups: list[list[str]] = []
    for level in levels:
        if groups and _same_word(groups[-1][-1], level):
            groups[-1].append(level)
        else:
            groups.append([level])
    return groups


def _same_word(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    if " " in one or " " in other:
        return _links_only(one) and _links_only(other)
    if one in _LINKING or other in _LINKING:
        return one in _LINKING and other in _LINKING
    if (one, other) in _IRREGULAR or (other, one) in _IRREGULAR:
        return True
    alike = max(_MIN_ALIKE, ceil(_ALIKE * min(len(one), len(other))))
    return len(one) >= alike <= len(other) and one[:alike] == other[:alike]


def _links_only(text: str) -> bool:
    return all(word in _LINKING for word in text.split())


def _choices(groups: list[list[str]]) -> Iterator[list[str]]:
    """One level of each group: the first ones, then with one group's other form where its stem differs."""
    first = [group[0] for group in groups]
    yield first
    if len(groups) == sum(map(len, groups)):
        return
    for place, group in enumerate(groups):
        stems = {stem(group[0].lower())}
        for other in group[1:]:
            if (root := stem(other.lower())) not in stems and not _links_only(other.lower()):
                stems.add(root)
                yield [*first[:place], other, *first[place + 1 :]]


def _in_order(levels: Sequence[str]) -> str:
    """Special before general; a part that begins with a linking word, and all within it, after what it belongs to."""
    for leading in (levels[0].lower(), ", ".join(levels[:2]).lower()):
        parts = 1 + leading.count(", ")
        if leading in _LEADING and len(levels) > parts:
            return f"{_LEADING[leading]} {_in_order(levels[parts:])}"
    said: list[str] = []
    phrase = ""
    linked = False  # the phrase is a linking word that still lacks its object
    for level in levels:
        lower = level.lower()
        if lower.partition(" ")[0] in _LINKING or lower.startswith("secondary to"):
            if phrase and not linked:
                said.append(phrase)
                phrase = ""
            phrase, linked = f"{phrase} {level}" if phrase else level, _links_only(lower)
        elif linked:
            said.append(phrase)
            phrase, linked = level, False
        else:
            phrase = f"{level} {phrase}" if phrase else level
    return " ".join((*said, phrase))


_SITE = re.compile(r"(?: (?:of|to))? ?\{\} ?$|^\{\} ")
_HISTOLOGY = re.compile(r".*\b(?:carcinoma|melanoma|sarcoma)\b.*")


def neoplasms(path: Sequence[str]) -> list[list[str]]:
    """The wordings of a row of the neoplasm table, for each of its six columns."""
    if len(path) > 1 and _HISTOLOGY.fullmatch(path[-1]):
        sites = spoken(path[1:-1])
        return [[f"{path[-1]} of {site}" for site in sites], *([] for _ in _NEOPLASMS[1:])]
    if len(path) == 1:
        return [[_SITE.sub("", template) for template in templates] for templates in _NEOPLASMS]
    sites = spoken(path[1:])
    return [[template.format(site) for site in sites for template in templates] for templates in _NEOPLASMS]


def substances(path: Sequence[str], medicinal: bool) -> list[list[str]]:
    """The wordings of a row of the table of drugs and chemicals, for each of its six columns."""
    names = spoken(path)
    columns = [_DRUGS[0] if medicinal else [*_DRUGS[0], *_TOXIC], *_DRUGS[1:]]
    return [[template.format(name) for name in names for template in templates] for templates in columns]
