"""What a code means, in words, also for codes that are retired, cut off or in no table."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from icdbridge.codes.code import Code, shorter
from icdbridge.codes.packages import SYSTEMS, load_system, releases
from icdbridge.codes.system import CodeSystem

_WORD = re.compile(r"\w+")
# Words that say nothing alone: kept only in front of a word that is kept. "Approach" ends most PCS titles.
# fmt: off
_LINKING = {
    "a", "an", "and", "approach", "as", "at", "by", "due", "during", "elsewhere", "for", "from",
    "in", "into", "not", "of", "on", "or", "other", "than", "the", "to", "unspecified", "using",
    "via", "with", "without",
}
# fmt: on


class Description(NamedTuple):
    """``source``: ``corpus``, ``release``, ``category``, ``ancestor`` or ``none`` (the text is the code)."""

    text: str
    source: str


def describe(code: Code, own: Mapping[str, str] | None = None) -> Description:
    """Describes a code from the first source that knows it.

    1. ``corpus``: ``own``, the descriptions (by key) that the corpus brings.
    2. ``release``: its title in any installed release, newest first, so that retired codes are found; then
       its heading, if it is a category.
    3. ``category``: a prefix of codes that no table lists (ICD-9 ``599.7``, a cut-off ICD-10-PCS ``BW20``):
       the words that the titles of all its codes share; if they share none, the title of its unspecified
       code or, lacking one, of its last "other" code or else of its first code.
    4. ``ancestor``: the description of the nearest shorter prefix that has one.
    5. ``none``: the code itself.
    """
    if own and (text := own.get(str(code), "").strip()):
        return Description(text, "corpus")
    return _from_releases(code)


@cache
def _from_releases(code: Code) -> Description:
    if code.system not in SYSTEMS:
        return Description(code.code, "none")
    editions = [load_system(code.system, release) for release in reversed(releases(code.system))]
    for table in (*(edition.titles for edition in editions), *(edition.headings for edition in editions)):
        if text := table.get(code.code):
            return Description(text, "release")
    for edition in editions:
        if text := _category(edition, code.code):
            return Description(text, "category")
    above = shorter(code)
    found = _from_releases(above) if above else None
    if found is None or found.source == "none":
        return Description(code.code, "none")
    return Description(found.text, "ancestor")


def _category(edition: CodeSystem, prefix: str) -> str | None:
    titles = [edition.titles[code] for code in edition.below(prefix) if code in edition.titles]
    if not titles:
        return None
    unspecified = (title for title in titles if "unspecified" in _words(title))
    other = (title for title in reversed(titles) if "other" in _words(title))
    return shared_words(titles) or next(unspecified, None) or next(other, titles[0])


def shared_words(titles: Sequence[str]) -> str:
    """The words that all titles have, in the order of the first; linking words only before another of them.

    "Gross hematuria" and "Hematuria, unspecified" give "Hematuria". Empty if only linking words are shared.
    """
    shared = Counter(_words(titles[0]))
    for title in titles[1:]:
        shared &= Counter(_words(title))
    tokens: list[tuple[str, bool]] = []  # each with whether all titles have it (as often)
    for token in titles[0].split():
        words = Counter(_words(token))
        tokens.append((token, words <= shared))
        shared -= words
    kept: list[str] = []
    right_kept = False
    for token, is_shared in reversed(tokens):
        keep = is_shared and (right_kept or not _LINKING.issuperset(_words(token)))
        if keep:
            kept.append(token if right_kept else token.rstrip(",;"))
        right_kept = keep
    text = " ".join(reversed(kept))
    if text.count("(") != text.count(")"):
        text = text.replace("(", "").replace(")", "")
    return text[:1].upper() + text[1:]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
