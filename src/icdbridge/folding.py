"""One spelling for texts that differ only in how they are typed: accents, ligatures, dashes, hyphens at line ends.

Everything that looks for words folds them here first: notes, names of codes, searches. ASCII stays as it is, but for
words that a hyphen cuts at the end of a line. Each character of the result knows which characters of the original
it stands for, so evidence is a slice of the note as it was written.
"""

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # numpy is imported where offsets move: looking up a code needs none
    import numpy as np

_SOFT = re.compile("\u00ad[ \\t]*\\r?\\n[ \\t]*")  # a soft hyphen that shows
_OTHER = re.compile(rf"(?:{_SOFT.pattern}|[^\x00-\x7f])+")
_DATA = tomllib.loads((files("icdbridge") / "folding.toml").read_text("utf-8"))
_SPELT: dict[str, str] = _DATA["spelt"]
_GREEK = dict(pair.split("=") for pair in _DATA["greek"].split())
_SLASHED = "\u0338"  # it turns = into "not equal": no accent
# A word cut at the end of a line: two small letters on both sides.
_CUT = re.compile(r"(?<=[a-z]{2})-[ \t]*\r?\n[ \t]*(?=[a-z]{2})")
_LINE_END = re.compile(r"-[ \t]*\r?\n")
_LONGEST = 30  # letters of a word that may be one of those below
_BEFORE, _AFTER = re.compile(r"[A-Za-z]+\Z"), re.compile(r"[A-Za-z]+")
# Words before and behind a hyphen that is their own.
_FIRST, _SECOND = frozenset(_DATA["first"].split()), frozenset(_DATA["second"].split())


class Folded(NamedTuple):
    """A folded text. ``offsets`` int32 [len(text), 2]: the original's characters that each one stands for; None where
    they stand in the same places.
    """

    text: str
    offsets: "np.ndarray | None" = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]``, not empty, stands in the original."""
        if self.offsets is None:
            return start, end
        return int(self.offsets[start, 0]), int(self.offsets[end - 1, 1])

    def spans(self, spans: "np.ndarray") -> "np.ndarray":
        """``span`` of each row of an array [T, 2]."""
        if self.offsets is None or not len(spans):
            return spans
        import numpy as np

        return np.stack([self.offsets[spans[:, 0], 0], self.offsets[spans[:, 1] - 1, 1]], axis=1)


def fold(text: str) -> Folded:
    """The text as plainly typed, in the case of the original.

    Accents go, also those that follow their letter; ligatures, full-width letters, Roman numerals and the like are
    spelt out (NFKD), letters such as ß and ı too; all blanks, quotes and dashes become the ASCII one. Soft hyphens,
    zero-width and direction marks go. A Greek letter among others is named (β-thalassemia: beta-thalassemia; µg: ug),
    Greek words stay. Superscript digits follow a ``^``, so that 10⁹ is not 109. A word cut at the end of a line is
    joined where both parts are in small letters, with its hyphen where that is its own (follow-up). Folding twice
    changes nothing; ``lower`` leaves all characters of the result where they are.
    """
    folded = Folded(text) if text.isascii() else _fold_characters(text)
    return _join_lines(folded) if "\n" in folded.text and _LINE_END.search(folded.text) else folded


def _fold_characters(text: str) -> Folded:
    gone = {place for found in _SOFT.finditer(text) for place in range(*found.span())}
    runs: list[tuple[int, list[str]]] = []  # where characters are spelt anew, and how
    parts: list[str] = []
    end = 0
    for found in _OTHER.finditer(text):
        start = found.start()
        spelt = ["" if place in gone else _spell(text, place) for place in range(*found.span())]
        runs.append((start, spelt))
        parts += (text[end:start], *spelt)
        end = found.end()
    folded = "".join((*parts, text[end:]))
    if all(len(one) == 1 for _, spelt in runs for one in spelt):
        return Folded(folded)
    import numpy as np

    sizes = np.ones(len(text), np.int64)
    for start, spelt in runs:
        sizes[start : start + len(spelt)] = [len(one) for one in spelt]
    starts = np.repeat(np.arange(len(text), dtype=np.int32), sizes)
    ends = starts + 1
    written = np.cumsum(sizes)
    for start, spelt in runs:
        for place, one in enumerate(spelt, start):
            if not one and written[place] and unicodedata.combining(text[place]):
                ends[written[place] - 1] = place + 1  # an accent belongs to its letter
    return Folded(folded, np.stack([starts, ends], axis=1))


def _spell(text: str, place: int) -> str:
    char = text[place]
    plain, kind = _plain(char)
    if kind == "greek":
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if _is_greek(before) or _is_greek(after):
            return plain
        unit = _plain(after)[0][:1] if plain == "μ" and after else ""  # of what follows in the same word
        name = "u" if unit.isascii() and unit.isalpha() else _GREEK[plain.lower()]
        return name.capitalize() if plain.isupper() else name
    if kind == "super" and _plain(text[place - 1 : place] or " ")[1] != "super":
        return "^" + plain
    return plain


def _is_greek(char: str) -> bool:
    return bool(char) and _plain(char)[1] == "greek"


@lru_cache(maxsize=20_000)
def _plain(char: str) -> tuple[str, str]:
    """What a character is spelt as, and whether that depends on its neighbours: ``greek``, ``super`` or nothing."""
    if char.isascii():
        return char, ""
    if char in _SPELT:
        return _SPELT[char], ""
    category = unicodedata.category(char)
    if category == "Cs":  # half of a pair, which no file can hold
        return "\ufffd", ""
    kind = unicodedata.decomposition(char).partition(" ")[0]
    spelt = "".join(map(_letter, unicodedata.normalize("NFKD", char)))
    if spelt.lower() in _GREEK:
        return spelt, "greek"
    if (kind == "<super>" and any(map(str.isdigit, spelt))) or char in "⁺⁻":
        return spelt, "super"
    return (" " + spelt if kind == "<fraction>" else spelt), ""


def _letter(char: str) -> str:
    """One character of a decomposition."""
    if char.isascii() or char == _SLASHED:
        return char
    if char in _SPELT:
        return _SPELT[char]
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf"):
        return ""
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


def _join_lines(folded: Folded) -> Folded:
    text = folded.text
    kept: list[tuple[int, int]] = []
    end = 0
    for found in _CUT.finditer(text):
        first = _BEFORE.search(text[max(found.start() - _LONGEST, 0) : found.start()])
        second = _AFTER.match(text, found.end())
        assert first
        assert second
        own = first[0].lower() in _FIRST or second[0] in _SECOND
        kept.append((end, found.start() + own))
        end = found.end()
    if not kept:
        return folded
    kept.append((end, len(text)))
    import numpy as np

    places = np.concatenate([np.arange(start, stop, dtype=np.int32) for start, stop in kept])
    offsets = np.stack([places, places + 1], axis=1) if folded.offsets is None else folded.offsets[places]
    return Folded("".join(text[start:stop] for start, stop in kept), offsets)
