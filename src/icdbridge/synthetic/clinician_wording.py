"""How clinicians write a problem: shortened, reordered, in shorthand or misspelt, rarely by its code's title."""

import random
import re
from functools import cache, lru_cache

from icdbridge.codes import Code, load_system
from icdbridge.packed import packed_records, packed_rows
from icdbridge.synthetic.concepts import Variant, chapter_of, known_problems
from icdbridge.synthetic.templates import Template, phrases, pick

# Qualifiers of the tables that nobody writes.
_TABLE_TALK = re.compile(
    f",? ?(?:{'|'.join(words for (words,) in packed_rows(__package__, 'table_talk.csv'))})", re.IGNORECASE
)
# Terms that speak of other codes.
_POINTING = re.compile(r"listed|classifiable|conditions? in|[A-Z][0-9][0-9]")
_BRACKETS = re.compile(r"\s*[\(\[][^\)\]]*[\)\]]")
_OF = re.compile(r"^([a-z' -]+?) (?:of|in|to) ((?:[a-z'-]+ ?){1,4})$", re.IGNORECASE)
_SIDES = re.compile(r"\b(?:left|right|bilateral|upper|lower)\b", re.IGNORECASE)
_EPISODE = {
    "D": ("healing {}", "f/u of {}", "{} - healing"),
    "S": ("old {}", "late effects of {}", "{} sequelae"),
}
_FILLING = re.compile(r" (?:of the|of|in|the|by|for|as) ")
_PUNCTUATION = bytes(byte if chr(byte).isascii() and chr(byte).isalnum() else 32 for byte in range(256))
_NEIGHBOURS = {
    "a": "s", "e": "r", "i": "o", "o": "p", "n": "m", "t": "r", "s": "d", "c": "v", "l": "k", "u": "i",
}  # fmt: skip


def words_of(text: str) -> str:
    """The words of a text between blanks, in lower case without punctuation and numbers."""
    words = text.encode("ascii", "replace").lower().translate(_PUNCTUATION).split()
    return f" {b' '.join([word for word in words if not word.isdigit()]).decode()} "


@cache
def title_words(code: Code) -> str:
    """``words_of`` the title of a code in the newest release."""
    return words_of(title_of(code))


def misspell(text: str, rng: random.Random) -> str:
    """The text with one slip in its longest word: letters swapped, lost, doubled, mistyped or cut off."""
    word = max(text.split(), key=len)
    if len(word) < 4:
        return f"{text}s"
    at = 1 + int(rng.random() * (len(word) - 2))
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + _NEIGHBOURS.get(word[at], "e") + word[at + 1 :],
    )
    slip = f"{word[:5]}." if len(word) > 8 and rng.random() < 0.3 else pick(slips, rng)
    if slip == word:
        slip = f"{word}s"
    return text.replace(word, slip, 1)


class Wordings:
    """The wordings of each variant, made when first asked for; they derive from the world's seed alone.

    ``forms``: ways to write it, the most usual first; none contains the words of a title of its codes. ``clues``: its
    medications and its findings (laboratory, examination, images); the latter may be none.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._synonyms = load_system("icd10cm").synonyms
        self.forms, self.clues = cache(self._forms), cache(self._clues)

    def _forms(self, variant: Variant) -> list[Template]:
        rng = random.Random(f"{self._seed} wording {variant.icd10} {variant.icd9}")
        codes = (variant.icd10, *variant.icd9)
        own = [title_of(code) for code in codes]
        taken = [title_words(code) for code in codes]
        row = known_problems().get(variant.icd10.code)
        made = row["wordings"].split("|") if row and variant.usual else []
        new, old = own[0], own[1:]
        sides = " ".join(dict.fromkeys(side.lower() for side in _SIDES.findall(new)))
        sources = [new, new, new]
        # An old title or an inclusion term lacks the words that decide in the concept, so these are added.
        sources += [_with_sides(title, sides) for title in old for _ in range(2)]
        terms = self._synonyms.get(variant.icd10.code) or self._synonyms.get(variant.icd10.code[:5], ())
        sources += [_with_sides(term, sides) for term in terms[:4] if not _POINTING.search(term)]
        for number, source in enumerate(sources):
            form = reword(
                source, rng, episode=variant.icd10.code[7:8], drop_sides=number == 2 and rng.random() < 0.4
            )
            if len(form) > 2:
                made.append(form)
        rest = made[1:]
        rng.shuffle(rest)
        made = made[:1] + rest
        safe = []
        for form in dict.fromkeys(made):
            while any(title in words_of(form) for title in taken):
                form = misspell(form, rng)
            safe.append(Template(form))
        return safe

    def _clues(self, variant: Variant) -> tuple[list[Template], list[Template]]:
        row = known_problems().get(variant.icd10.code)
        medications = row["medications"].split("|") if row and row["medications"] else []
        findings = row["findings"].split("|") if row and row["findings"] else []
        if row or variant.icd10.declaration.kind == "procedure":
            return [Template(text) for text in medications], [Template(text) for text in findings]
        # Problems without a row of their own have two drugs and a finding of those of their chapter.
        rng = random.Random(f"{self._seed} clues {variant.icd10.code[:3]}")
        chapter = chapter_of(variant.icd10.code)
        pools = [phrases().get(f"{kind} {chapter}") or phrases()[f"{kind} R"] for kind in ("drug", "finding")]
        return [pick(pools[0], rng) for _ in range(2)], [pick(pools[1], rng)]


def title_of(code: Code) -> str:
    """The title of a code in the newest release."""
    return load_system(code.system).titles[code.code]


def reword(title: str, rng: random.Random, *, episode: str = "", drop_sides: bool = False) -> str:
    """A title as somebody in a hurry would write it. Lower case but for shorthand."""
    text = _plain(title)
    if drop_sides:
        text = _SIDES.sub("", text)
    text = " ".join(text.split()).lower() or title.lower()
    head, comma, tail = text.partition(", ")
    if comma and "," not in tail and not tail.startswith(("with", "by", "due")):
        text = f"{tail} {head}" if len(tail.split()) < 4 and rng.random() < 0.7 else f"{head} {tail}"
    if (turned := _OF.match(text)) and rng.random() < 0.5:
        text = f"{turned[2]} {turned[1]}"
    text = _shorten(text, rng)
    if rng.random() < 0.5:
        text = _FILLING.sub(" ", text)
    if episode in _EPISODE:
        text = pick(_EPISODE[episode], rng).format(text)
    text = " ".join(text.replace(" ,", ",").split()).strip(" ,-")
    return misspell(text, rng) if words_of(text) == words_of(title) else text


@lru_cache(maxsize=256)  # each title is reworded several times in a row
def _plain(title: str) -> str:
    return _TABLE_TALK.sub("", _BRACKETS.sub("", title)).strip(" ,")


def _with_sides(text: str, sides: str) -> str:
    return f"{sides} {text}" if sides and not _SIDES.search(text) else text


@cache
def _shorthand() -> dict[str, list[tuple[list[str], list[str]]]]:
    """By first word: the phrases, the longest first, with their shorthands."""
    table: dict[str, list[tuple[list[str], list[str]]]] = {}
    for row in packed_records(__package__, "shorthand.csv"):
        phrase = row["phrase"].split()
        table.setdefault(phrase[0], []).append((phrase, row["shorthands"].split("|")))
    for phrases_ in table.values():
        phrases_.sort(key=lambda entry: -len(entry[0]))
    return table


def _shorten(text: str, rng: random.Random) -> str:
    table, words, at = _shorthand(), text.split(), 0
    plain = [word.rstrip(",;") for word in words]
    shortened = []
    while at < len(words):
        taken = 1
        written = words[at]
        for phrase, shorthands in table.get(plain[at], ()):
            if plain[at : at + len(phrase)] == phrase:
                if rng.random() < 0.6:
                    taken = len(phrase)
                    last = words[at + taken - 1]
                    written = pick(shorthands, rng) + last[len(phrase[-1]) :]
                break
        shortened.append(written)
        at += taken
    return " ".join(shortened)
