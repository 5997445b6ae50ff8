"""The codes of one system as a tree on disk: titles, what is below what, and the words by which siblings differ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from icdbridge.codes import CodeSystem
from icdbridge.starter.stems import roots, title_stems

# What a title says is absent: of "without foreign body of right hand with damage to nail" the foreign body alone.
WITHOUT = re.compile(
    r"\b(?:without|not|no)\b"
    r"(?: (?:foreign body|\w+ fracture|\w+ extension|complications?)(?= of )|(?:(?! with(?:out)? )[^,;])*)",
    re.IGNORECASE,
)
_OPEN_END = re.compile(r"\b(?:unspecified|nos|not specified|without mention of)\b", re.IGNORECASE)
_OTHER = re.compile(r"\b(?:other|elsewhere)\b", re.IGNORECASE)


# Titles of categories enumerate these, of codes they name one.
_STAGES = roots("pregnancy", "childbirth", "puerperium")


@dataclass(frozen=True)
class Tree:
    """Codes and categories in the order of their names, so that what is below one follows it.

    All arrays are parallel to ``codes``: ``parent`` (-1: none), ``default`` the billable code that is meant where
    nothing more is said (itself, if billable), ``billable``. ``words`` (``word_starts`` [C + 1], numbers in
    ``tree_stems``) are the stems by which a title differs from its siblings', negative (-1 - number) where the title
    says that they are absent.
    """

    codes: Sequence[str]
    titles: Sequence[str]
    tree_stems: Sequence[str]
    parent: np.ndarray
    default: np.ndarray
    billable: np.ndarray
    word_starts: np.ndarray
    words: np.ndarray

    @cached_property
    def number(self) -> dict[str, int]:
        return {code: number for number, code in enumerate(self.codes)}

    @cached_property
    def by_title(self) -> dict[str, int]:
        """Billable codes by their titles in lower case."""
        return {title.lower(): code for code, title in enumerate(self.titles) if self.billable[code]}

    @cached_property
    def _children(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.parent, kind="stable")
        return order, np.searchsorted(self.parent[order], np.arange(len(self.codes) + 1))

    def children(self, code: int) -> list[int]:
        """The codes directly below one, ascending."""
        order, starts = self._children
        return order[starts[code] : starts[code + 1]].tolist()

    def differing(self, code: int) -> tuple[list[str], list[str]]:
        """The stems that a title has and its siblings lack, and those that it says are absent."""
        numbers = self.words[self.word_starts[code] : self.word_starts[code + 1]].tolist()
        return [self.tree_stems[one] for one in numbers if one >= 0], [
            self.tree_stems[-1 - one] for one in numbers if one < 0
        ]

    def of_encounter(self, code: int) -> bool:
        """Whether a code differs from its siblings by the encounter alone, which its 7th character says."""
        return len(self.codes[code]) == 8 and self.codes[code][-1].isalpha()

    def above(self, code: int) -> list[int]:
        """The codes above one, the nearest first."""
        found = []
        while (code := int(self.parent[code])) >= 0:
            found.append(code)
        return found

    def category(self, code: int) -> int:
        """The category of a code: of three characters in ICD-10, of three or four (E codes) in ICD-9."""
        return (self.above(code) or [code])[-1]

    def save(self, folder: Path) -> None:
        for name in _TEXTS:
            (folder / f"{name}.txt").write_text("\n".join(getattr(self, name)), "utf-8")
        for name in _ARRAYS:
            np.save(folder / f"tree_{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> "Tree":
        texts = {name: (folder / f"{name}.txt").read_text("utf-8").split("\n") for name in _TEXTS}
        arrays = {name: np.load(folder / f"tree_{name}.npy") for name in _ARRAYS}
        return cls(**cast(dict[str, Any], texts | arrays))


_TEXTS = ("codes", "titles", "tree_stems")
_ARRAYS = ("parent", "default", "billable", "word_starts", "words")


def build_tree(system: CodeSystem, defaults: dict[str, str]) -> Tree:
    """``defaults``: the billable code of a category where nothing more is said."""
    codes = sorted({*system.titles, *system.headings})
    number = {code: place for place, code in enumerate(codes)}
    titles = [system.title(code) or "" for code in codes]
    parent = np.array([number.get(system.parent(code) or "", -1) for code in codes], np.int32)
    default = np.array([number[defaults.get(code, code)] for code in codes], np.int32)
    billable = np.array([code in system.titles for code in codes])
    families: dict[int, list[int]] = {}
    for code, above in enumerate(parent.tolist()):
        families.setdefault(above, []).append(code)
    stems: dict[str, int] = {}
    differing: list[list[int]] = [[] for _ in codes]
    for above, kids in families.items():
        if above < 0:
            continue
        denied = [WITHOUT.findall(titles[kid]) for kid in kids]
        said = [
            title_stems(WITHOUT.sub(" ", titles[kid]) if parts else titles[kid])
            for kid, parts in zip(kids, denied, strict=True)
        ]
        absent = [[s for part in parts for s in title_stems(part)] for parts in denied]
        shared = set(title_stems(titles[above]))
        if len(kids) > 1:
            shared = (shared - _STAGES) | set.intersection(*map(set, said))
        for kid, own, missing in zip(kids, said, absent, strict=True):
            differing[kid] = [stems.setdefault(s, len(stems)) for s in own if s not in shared]
            differing[kid] += [-1 - stems.setdefault(s, len(stems)) for s in missing if s not in own]
    starts = np.concatenate([[0], np.cumsum([len(words) for words in differing])])
    words = np.array([one for words in differing for one in words], np.int32)
    return Tree(codes, titles, list(stems), parent, default, billable, starts, words)


def is_open(title: str) -> bool:
    """Whether a title leaves something unsaid ("unspecified")."""
    return unsaid(title) > 0


def unsaid(title: str) -> int:
    """How many things a title leaves unsaid."""
    return len(_OPEN_END.findall(title))


def is_other(title: str) -> bool:
    return bool(_OTHER.search(title))
