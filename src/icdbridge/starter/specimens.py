"""Pathology reports: where a specimen is from, which belongs to its diagnosis.

It stands right before ("Skin, left cheek, shave: squamous cell carcinoma"), or in a list of specimens whose letters the
diagnoses repeat ("A. Colon, ascending, polyp." and below "A. Tubular adenoma.").
"""

import re
from collections.abc import Iterator, Sequence

from icdbridge.starter.cues import part
from icdbridge.starter.stems import Word
from icdbridge.starter.word_meanings import Meanings

_ORGAN, _TAKEN = part("organ"), f"(?:{part('taken of an organ')})"
_HEADING = re.compile(
    rf"(?:(?<=[\n.;:)])|\A)[ \t]*(?:[A-Z1-9][.)][ \t]*)?((?:(?:left|right) )?(?:{_ORGAN})\b[^.:;\n]{{0,70}}?\b{_TAKEN}"
    r"[^.:;\n]{0,25}:)",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"(?:(?<=[\n.;:])|\A)[ \t]*(?:specimen )?([A-H])[.):][ \t]+([^\n.;]{3,90})")
_OF_ORGAN = re.compile(rf"\b(?:{_ORGAN})\b", re.IGNORECASE)
# What is taken; its nature is told below.
_POLYPS = frozenset({"polyp", "polyps", "mass", "lesion", "nodule", "tumor"})
_PATHOLOGY = re.compile(r"\bpatholog|\bspecimens?\b|\bmicroscopic|\bbiops", re.IGNORECASE)


def headings(text: str) -> Iterator[tuple[int, int]]:
    """Where specimens stand right before their diagnoses, in characters."""
    for found in _HEADING.finditer(text):
        yield found.span(1)


def with_specimens(
    text: str, words: Sequence[Word], read: Meanings
) -> tuple[Meanings, dict[int, tuple[int, int]]]:
    """The meanings of words, those of a diagnosis with those of its lettered specimen besides, which itself says no
    disease; and the words of such diagnoses as ``Note.items`` has them.
    """
    own, senses = list(read.own), dict(read.senses)
    items: dict[int, tuple[int, int]] = {}
    for site, diagnoses in _lettered(text):
        sites = _within(words, *site)
        stems = frozenset[str]().union(*(own[place] for place in sites if words[place].text not in _POLYPS))
        for place in sites:
            own[place], senses[place] = frozenset(), []
        own[sites[0]] = stems
        for place in (place for span in diagnoses for place in _within(words, *span) if own[place]):
            own[place] |= stems
            items[place] = sites[0], 1
    return read._replace(own=own, senses=senses), items


def _within(words: Sequence[Word], start: int, end: int) -> list[int]:
    return [place for place, word in enumerate(words) if start <= word.start < end]


def _lettered(text: str) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
    """Where a specimen of a letter stands, and where its diagnoses do, which name no organ."""
    by_letter: dict[str, list[re.Match[str]]] = {}
    for found in _LETTERED.finditer(text) if _PATHOLOGY.search(text) else ():
        by_letter.setdefault(found[1], []).append(found)
    for several in by_letter.values():
        site, *later = several
        diagnoses = [one.span(2) for one in later if not _OF_ORGAN.search(one[2])]
        if diagnoses and _OF_ORGAN.search(site[2]) and ":" not in site[2]:
            yield site.span(2), diagnoses
