"""In what context a word of a note stands: in a list of diagnoses, negated, past, of the family.

Triggers act forward to the end of their sentence, at most ``REACH`` characters, as in NegEx (Chapman et al. 2001).
"""

import re

import numpy as np

CONTEXTS = ("diagnosis_section", "negated", "historical", "family")
DOUBTFUL = ("negated", "family")  # in which a word is no reason for a code, the strongest first
REACH = 90
_TRIGGERS = {
    "negated": r"no|not|denie[sd]|deny|denying|without|negative for|free of|absence of|rules? out|ruled out|never",
    "historical": r"history of|h/o|hx of|s/p|status post|previous(?:ly)?|prior|past|former(?:ly)?|remote",
    "family": r"family|mother|father|brother|sister|aunt|uncle|grand(?:mother|father|parents?)|siblings?|parents?",
}
_TRIGGER = {
    name: re.compile(rf"(?<![\w/])(?:{pattern})(?!\w)", re.IGNORECASE) for name, pattern in _TRIGGERS.items()
}
# A full stop or the like before white space, a blank line, a new item of a list, a contrast.
_END = re.compile(
    r"[.;:!?](?=\s|$)|\n\s*\n|\n\s*(?:[-*#•]|\d+[.)])|\b(?:but|however|except|although)\b", re.IGNORECASE
)
_HEADER = re.compile(r"^[ \t]*([A-Za-z][A-Za-z /&'()-]{2,50}):", re.MULTILINE)
_SECTIONS = (  # the first that fits a header says what its section is
    (re.compile(r"famil", re.IGNORECASE), "family"),
    (re.compile(r"present", re.IGNORECASE), None),
    (re.compile(r"past|history|pmh|psh", re.IGNORECASE), "historical"),
    (re.compile(r"diagnos|impression|assessment|problem", re.IGNORECASE), "diagnosis_section"),
)


def contexts(text: str, spans: np.ndarray) -> np.ndarray:
    """Which of ``CONTEXTS`` hold for each word: bool [T, 4] from the words' character spans [T, 2] in the text."""
    marked = np.zeros((len(text) + 1, len(CONTEXTS)), dtype=bool)
    ends = np.array([found.start() for found in _END.finditer(text)] + [len(text)])
    for name, trigger in _TRIGGER.items():
        column = CONTEXTS.index(name)
        for found in trigger.finditer(text):
            start = found.end()
            end = min(int(ends[np.searchsorted(ends, start)]), start + REACH)
            marked[start:end, column] = True
    headers = list(_HEADER.finditer(text))
    following = [header.start() for header in headers[1:]] + [len(text)]
    for header, end in zip(headers, following[: len(headers)], strict=True):
        section = next((name for pattern, name in _SECTIONS if pattern.search(header.group(1))), None)
        if section is not None:
            marked[header.end() : end, CONTEXTS.index(section)] = True
    of_words: np.ndarray = marked[spans[:, 0]]
    return of_words
