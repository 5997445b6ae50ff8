"""The text normaliser of Edin et al. (2023), which the paper uses for notes and code descriptions alike."""

from itertools import filterfalse

from tokenizers import Regex, normalizers

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
_SPACED = bytes(
    byte if chr(byte) in "0123456789abcdefghijklmnopqrstuvwxyz" else ord(" ") for byte in range(256)
)
_LETTERS = _SPACED.translate(bytes(ord("a") if chr(byte).isalpha() else byte for byte in range(256)))


def normalize(text: str) -> str:
    """Lower case, only letters and digits, words of digits dropped: ``12 abc 34 5 def 6`` → ``12 abc def 6``."""
    return " ".join(split_words(text))


def split_words(text: str) -> list[str]:
    """The words of a text after ``NORMALIZER``, which also knows their places and takes ten times as long."""
    spaced = _spaced(text).decode("ascii")
    words = spaced.split()
    # Only a word between two blanks is dropped: the text may begin or end with a number.
    start = 0 if spaced.startswith(" ") else 1
    end = len(words) if spaced.endswith(" ") else max(start, len(words) - 1)
    return [*words[:start], *filterfalse(str.isdigit, words[start:end]), *words[end:]]


def count_words(text: str) -> int:
    """How many ``split_words`` gives, without making them."""
    spaced = _spaced(text)
    with_a_letter = (b" " + spaced.translate(_LETTERS, b"0123456789")).count(b" a")
    first, last = spaced.partition(b" ")[0], spaced.rpartition(b" ")[2]
    return with_a_letter + first.isdigit() + (last.isdigit() and b" " in spaced)


def _spaced(text: str) -> bytes:
    return text.lower().encode("utf-8", "replace").translate(_SPACED)
