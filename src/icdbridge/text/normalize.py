"""Splits a text into words: by the normaliser of Edin et al. (2023), which the paper uses, or by our own reading.

The benchmark's knows only the letters a to z, so that ``Ménière`` is three words, and drops numbers between two
words, so that type 1 and type 2 diabetes are one. Ours folds the text first (``icdbridge.folding``) and keeps numbers.
"""

from itertools import filterfalse
from typing import Literal

import numpy as np
from tokenizers import Regex, normalizers

from icdbridge.folding import fold

Reading = Literal["benchmark", "folded"]

# The order matters: a number between two others is dropped, the first and the last word of a text are kept.
NORMALIZER = normalizers.Sequence(
    [
        normalizers.Lowercase(),
        normalizers.Replace(Regex("[^A-Za-z0-9]+"), " "),
        normalizers.Replace(Regex(r"(\s\d+)+\s"), " "),
        normalizers.Replace(Regex(r"\s+"), " "),
        normalizers.Strip(),
    ]
)
FOLDED_NORMALIZER = normalizers.Sequence(  # of a folded text
    [normalizers.Lowercase(), normalizers.Replace(Regex("[^a-z0-9]+"), " "), normalizers.Strip()]
)
_SPACED = bytes(
    byte if chr(byte) in "0123456789abcdefghijklmnopqrstuvwxyz" else ord(" ") for byte in range(256)
)
_LETTERS = _SPACED.translate(bytes(ord("a") if chr(byte).isalpha() else byte for byte in range(256)))


def normalize(text: str, reading: Reading = "folded") -> str:
    """Lower case, only letters and digits: ``12 abc 34 5 déf 6`` → ``12 abc 34 5 def 6``; in the benchmark's reading
    without numbers between words and letters beyond ASCII: ``12 abc d f 6``.
    """
    return " ".join(split_words(text, reading))


def split_words(text: str, reading: Reading = "folded") -> list[str]:
    """The words of a text without their places, ten times as fast as the normalisers above."""
    if reading == "folded":
        return _spaced(fold(text).text).decode("ascii").split()
    spaced = _spaced(text).decode("ascii")
    words = spaced.split()
    # Only a word between two blanks is dropped: the text may begin or end with a number.
    start = 0 if spaced.startswith(" ") else 1
    end = len(words) if spaced.endswith(" ") else max(start, len(words) - 1)
    return [*words[:start], *filterfalse(str.isdigit, words[start:end]), *words[end:]]


def placed_words(folded: str) -> tuple[list[str], np.ndarray]:
    """The words of a folded text in our own reading, and their places in it, int32 [T, 2]."""
    low = folded.lower().encode("utf-8", "replace")
    spaced = low.translate(_SPACED)
    inside = np.frombuffer(b" %b " % spaced, np.uint8) != ord(" ")
    places = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2).astype(np.int32)
    if not folded.isascii():  # bytes that begin a character, up to each place
        begun = np.cumsum((np.frombuffer(b" %b" % low, np.uint8) & 0xC0) != 0x80, dtype=np.int32)
        places = begun[places] - 1
    return spaced.decode("ascii").split(), places


def count_words(text: str) -> int:
    """How many words a text has in the benchmark's reading, without making them."""
    spaced = _spaced(text)
    with_a_letter = (b" " + spaced.translate(_LETTERS, b"0123456789")).count(b" a")
    first, last = spaced.partition(b" ")[0], spaced.rpartition(b" ")[2]
    return with_a_letter + first.isdigit() + (last.isdigit() and b" " in spaced)


def _spaced(text: str) -> bytes:
    return text.lower().encode("utf-8", "replace").translate(_SPACED)
