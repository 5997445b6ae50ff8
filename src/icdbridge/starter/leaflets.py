"""What is told of a disease in general, to people and not of the patient: leaflets, education, definitions."""

import re
from collections.abc import Iterator, Sequence

_KIND = (
    r"condition|disease|disorder|infection|illness|inflammation|syndrome|type|form|kind|virus|term|cancer|substance"
    r"|medicine|medical condition"
)
# "Asthma is a disease in which", but no "the rash is", "her gout is".
_DEFINES = re.compile(
    r"\W*(?:(?:what is|about|education|information)\b[^.:?]{0,40}[.:?]\s*)?"
    r"(?!(?:the|this|these|that|it|his|her|their|my|our|patient|pt|he|she|there|which)\b)"
    rf"[^.:;]{{2,70}}?\b(?:is|are) (?:a|an|the|one of the|caused when|when|any)?\s?(?:[\w-]+,? ){{0,4}}?(?:{_KIND})s?"
    r" (?:that|in which|where|which|when|caused by|characterized by|affecting|of the|produced|marked by|involving)\b",
    re.IGNORECASE,
)
_OF_ALL = re.compile(
    r"\b(?:people|persons|individuals|anyone|someone|a person|(?:most|many|some) (?:people|patients|cases)) "
    r"(?:with|who|has|have|at risk|over|under|aged|are|get|develop)\b"
    r"|\b(?:usually|often|commonly|typically|generally) (?:caused|spread|diagnosed|treated|transmitted) (?:by|with)\b"
    r"|\b(?:symptoms|signs|causes|risk factors|complications)(?: of [\w' -]{1,40}?)?"
    r" (?:may|can|usually|often|commonly) (?:include|be|develop|vary)\b"
    r"|\b(?:is|are|occurs?|happens?) when (?:the|your|a|an|there)\b"
    r"|\bcauses? of [\w' -]{1,40} (?:is|are) (?:obscure|unknown|not known|unclear)\b"
    r"|\b(?:commonly|most often) (?:involved|affects?|occurs?|seen in)\b"
    r"|\b(?:ask|call|tell|see) your (?:doctor|healthcare|provider)\b",
    re.IGNORECASE,
)
# Of a patient: who it is, why they came, what was found.
_OF_PATIENT = re.compile(
    r"\b\d{1,3}[- ]?(?:years?|yrs?|y/?o|months?|mo|days?|weeks?)\b(?! or| of| to|,)[- ]?(?:old|male|female|m\b|f\b)?"
    r"|\b(?:Mr|Mrs|Ms|pt|denies|complains|chief complaint|HPI|assessment|impression|plan|exam|vitals|BP"
    r"|history of present)\b",
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
        if _DEFINES.match(text, start, end) or _OF_ALL.search(text, start, end)
    ]
    if len(found) >= _LEAST and not _OF_PATIENT.search(text):
        yield 0, len(text)
        return
    yield from found
    for part in _EDUCATION.finditer(text):
        yield part.span()
