"""Concepts: problems and procedures that can be coded in either version.

A concept is a group of ICD-10 codes that the General Equivalence Mappings (GEM) lead back to the same ICD-9
codes. How common it is derives from problems.csv, its chapter and the world's seed.
"""

import random
from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import accumulate
from math import exp
from statistics import NormalDist

from icdbridge.codes import Code, GemEntry, crosswalk, load_system
from icdbridge.packed import packed_records

MOST_VARIANTS = 12  # ICD-10 codes of one concept: some ICD-9 codes stand for thousands
_NORMAL = NormalDist()
_EPISODES = {"A": 1.0, "B": 0.3, "D": 0.15, "S": 0.1}  # weight by the seventh character; others get 0.03
_CHAPTER_WEIGHT = {"S": 0.35, "T": 0.3, "H": 0.4, "V": 0.15, "W": 0.5, "X": 0.3, "Y": 0.4, "O": 0.6, "P": 0.8}
_CHRONIC = frozenset("CEFGMQ") | {"D0", "D1", "D2", "D3", "D4", "I1", "I2", "I3", "I4", "I5", "I7", "I8"}
_CHRONIC |= {"J4", "K2", "K5", "K7", "L4", "N1", "N4", "H4", "B1", "B2", "Z7", "Z8", "Z9"}
_ACUTE = (
    "I21", "I22", "I26", "I46", "E86", "E87", "N17", "F05", "G93", "K56", "E16", "M96", "E89", "I97", "F19",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Variant:
    """One ICD-10 code of a concept and the ICD-9 codes that together stand for it (none if ICD-9 had none).

    ``usual``: the ICD-10 code commonly means this concept, not another that shares it.
    """

    icd10: Code
    icd9: tuple[Code, ...]
    usual: bool = True

    def codes(self, version: str) -> tuple[Code, ...]:
        return (self.icd10,) if version == "icd10" else self.icd9


# How common its codes are by problems.csv (0: not there), and the codes.
Group = tuple[float, tuple[Variant, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Concept:
    """A problem or a procedure. ``stage``: ``adult``, ``birth``, ``newborn``; ``sex``: F, M or empty."""

    procedure: bool
    chapter: str
    stage: str
    sex: str
    chronic: bool
    variants: tuple[Variant, ...]
    _shares: tuple[float, ...]

    def draw(self, rng: random.Random) -> Variant:
        return self.variants[bisect(self._shares, rng.random() * self._shares[-1])]


@cache
def known_problems() -> dict[str, dict[str, str]]:
    """The rows of problems.csv by ICD-10 code: common problems as clinicians write and treat them."""
    return {row["code"]: row for row in packed_records(__package__, "problems.csv")}


@cache
def problem_groups() -> tuple[Group, ...]:
    """All groups of diagnoses."""
    old, new = load_system("icd9cm").titles, load_system("icd10cm").titles
    gem, known = crosswalk("icd10cm", "icd9cm"), known_problems()
    groups: dict[tuple[Code, ...] | str, list[Variant]] = {}
    reached: set[str] = set()
    for code in new:
        if code in known and known[code]["icd9"]:
            icd9: tuple[Code, ...] = (Code("icd9cm", known[code]["icd9"]),)
        else:
            # Codes newer than the GEM (2018) are coded in ICD-9 as the code that they split up.
            entries = next((gem[code[:end]] for end in range(len(code), 2, -1) if code[:end] in gem), ())
            icd9 = _plainest(entries, old)
        if all(target.code in old for target in icd9):
            reached.update(target.code for target in icd9)
            groups.setdefault(icd9 or code[:5], []).append(Variant(Code("icd10cm", code), icd9))
    found = [(_common(group), tuple(group)) for group in groups.values()]
    # ICD-9 codes that no ICD-10 code leads back to (401.1 "Benign ...") share the ICD-10 code of another.
    for code, entries in crosswalk("icd9cm", "icd10cm").items():
        if code in old and code not in reached and entries and entries[0].target.code in new:
            found.append((0.0, (Variant(entries[0].target, (Code("icd9cm", code),), usual=False),)))
    return tuple(found)


def _plainest(entries: tuple[GemEntry, ...], titles: Mapping[str, str]) -> tuple[Code, ...]:
    """The ICD-9 codes that stand for an ICD-10 code; of several choices the unspecified or shortest one."""
    choices: dict[int, list[Code]] = {}
    for entry in entries:
        if entry.scenario == entries[0].scenario:
            choices.setdefault(entry.choice_list, []).append(entry.target)

    def plain(code: Code) -> tuple[bool, int, str]:
        title = titles.get(code.code, "")
        return "nspecified" not in title, len(title) or 999, code.code

    return tuple(min(codes, key=plain) for _, codes in sorted(choices.items()))


@cache
def procedure_groups() -> tuple[Group, ...]:
    """All groups of procedures, one for each ICD-9 code."""
    old, new = load_system("icd9proc").titles, load_system("icd10pcs").titles
    placed = {code: row["icd9"] for code, row in known_problems().items() if code in new and row["icd9"]}
    groups: dict[str, set[str]] = {}
    for code, entries in crosswalk("icd9proc", "icd10pcs").items():
        targets = {
            e.target.code for e in entries if not e.combination and e.target.code in new
        } - placed.keys()
        if code in old and targets:
            groups[code] = targets
    for target, code in placed.items():
        groups.setdefault(code, set()).add(target)
    variants = (
        tuple(Variant(Code("icd10pcs", target), (Code("icd9proc", code),)) for target in sorted(targets))
        for code, targets in groups.items()
    )
    return tuple((_common(group), group) for group in variants)


def _common(group: Iterable[Variant]) -> float:
    known = known_problems()
    return sum(float(known[v.icd10.code]["weight"]) for v in group if v.icd10.code in known)


def ranked(groups: Iterable[Group], seed: int) -> list[tuple[Variant, ...]]:
    """The groups, the commonest first: known problems by their weight, all others by chance and chapter."""
    scores = []
    for common, group in groups:
        first = group[0]
        chance = normal_number(f"{seed} rank {first.icd10} {first.icd9}")
        score = common * exp(0.25 * chance)
        if not common:
            diagnosis = first.icd10.declaration.kind == "diagnosis"
            usual = _CHAPTER_WEIGHT.get(first.icd10.code[0], 1.0) if diagnosis else 1.0
            # A group without an ICD-9 code is a novelty of ICD-10 and mostly rare.
            score = usual * exp(0.8 * chance) * (1 if first.icd9 else 0.5)
        scores.append((-score, first, group))
    return [group for _, _, group in sorted(scores, key=lambda entry: entry[:2])]


def make_concept(group: tuple[Variant, ...], seed: int) -> Concept:
    """The concept of a group, with its most usual codes and how often each of them is meant."""
    known = known_problems()
    weighted = []
    for variant in group:
        code = variant.icd10.code
        chance = normal_number(f"{seed} variant {code} {variant.icd9}")
        episode = _EPISODES.get(code[7], 0.03) if len(code) == 8 and code[0] in "ST" else 1.0
        weighted.append(
            (4.0 + float(known[code]["weight"]) if code in known else exp(chance) * episode, variant)
        )
    weighted = sorted(weighted, reverse=True)[:MOST_VARIANTS]
    variants = tuple(variant for _, variant in weighted)
    first = variants[0].icd10
    procedure = first.declaration.kind == "procedure"
    start = first.code[:3]
    return Concept(
        procedure=procedure,
        chapter=start[:2] if procedure else chapter_of(first.code),
        stage=_stage(first),
        sex=_sex(first),
        chronic=not procedure and start not in _ACUTE and (start[0] in _CHRONIC or start[:2] in _CHRONIC),
        variants=variants,
        _shares=tuple(accumulate(weight for weight, _ in weighted)),
    )


def chapter_of(code: str) -> str:
    """A letter for the chapter of an ICD-10-CM code: D is blood only, A stands for A and B, S for S and T."""
    if code[0] == "D":
        return "D" if code[1] >= "5" else "C"
    return {"B": "A", "T": "S", "W": "V", "X": "V", "Y": "V", "U": "R"}.get(code[0], code[0])


def _stage(code: Code) -> str:
    if code.declaration.kind == "procedure":
        return "birth" if code.code[0] == "1" else "newborn" if code.code.startswith("0VTT") else "adult"
    if code.code[0] == "P" or code.code.startswith("Z38"):
        return "newborn"
    return "birth" if code.code[0] == "O" or code.code[:3] in ("Z33", "Z34", "Z36", "Z37", "Z3A") else "adult"


def _sex(code: Code) -> str:
    start = code.code[:3]
    title = f" {load_system(code.system).titles[code.code].lower()} "
    if (" female " in title) != (" male " in title):
        return "F" if " female " in title else "M"
    if code.declaration.kind == "procedure":
        return {"0U": "F", "10": "F", "0V": "M"}.get(start[:2], "")
    if "C51" <= start <= "C58" or "N70" <= start <= "N98" or _stage(code) == "birth":
        return "F"
    return "M" if "C60" <= start <= "C63" or "N40" <= start <= "N53" else ""


def normal_number(key: str) -> float:
    """A standard normal number that belongs to the key, much faster than seeding a generator with it."""
    digest = blake2b(key.encode(), digest_size=8).digest()
    return _NORMAL.inv_cdf((int.from_bytes(digest, "big") + 0.5) / 2**64)
