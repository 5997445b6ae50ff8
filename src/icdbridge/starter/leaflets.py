"""What is told of a disease in general, to people and not of the patient: leaflets, education, definitions."""

import re
from collections.abc import Iterator, Sequence

from icdbridge.starter.cues import cue, part

_KIND = f"(?:{part('kind of disease')})s?"
# "Asthma is a disease in which", but no "the rash is", "her gout is".
_DEFINES = re.compile(
    r"\W*(?:(?:what is|about|education|information)\b[^.:?]{0,40}[.:?]\s*)?"
    r"(?!(?:the|this|these|that|it|his|her|their|my|our|patient|pt|he|she|there|which)\b)"
    rf"[^.:;]{{2,70}}?\b(?:is|are) (?:a|an|the|one of the|caused when|when|any)?\s?(?:[\w-]+,? ){{0,4}}?{_KIND}"
    r" (?:that|in which|where|which|when|caused by|characterized by|affecting|of the|produced|marked by|involving)\b",
    re.IGNORECASE,
)
_LEAST = 2  # sentences in general of a text that is a leaflet
_EDUCATION = re.compile(
    r"^[ \t]*(?:patient )?(?:education|handout|leaflet|educational material|education provided)(?: sheet)?[ \t]*:[^\n]*"
    r"(?:\n(?![ \t]*\n|[ \t]*[A-Z][\w /&]{2,40}:)[^\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)


def general(text: str, sentences: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where a text speaks in general, in characters: everywhere, if it is about no patient."""
    found = [
        (start, end)
        for start, end in sentences
        if _DEFINES.match(text, start, end) or cue("people in general").within(text, start, end)
    ]
    if len(found) >= _LEAST and not cue("one patient").within(text):
        yield 0, len(text)
        return
    yield from found
    for told in _EDUCATION.finditer(text):
        yield told.span()
