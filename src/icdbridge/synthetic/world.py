"""What all synthetic notes are drawn from: which problems and procedures occur, how often, and together.

Everything here derives from the world's own seed.
"""

import random
from bisect import bisect
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate
from math import exp

from icdbridge.errors import InputError
from icdbridge.synthetic.concepts import (
    Concept,
    make_concept,
    normal_number,
    problem_groups,
    procedure_groups,
    ranked,
)

PROCEDURE_SHARE = 0.2  # of all concepts
# Frequency of the concept of rank r: (r + FLAT) ** -STEEP (Zipf-Mandelbrot).
FLAT, STEEP = 20.0, 1.5
_COMMON = 1_500  # ranks among problems, and among procedures, that all hospitals code alike


class Urn:
    """Concepts drawn with given weights, with replacement."""

    def __init__(self, concepts: Sequence[Concept], weights: Iterable[float]) -> None:
        kept = [(concept, weight) for concept, weight in zip(concepts, weights, strict=True) if weight > 0]
        self._concepts = [concept for concept, _ in kept]
        self._cumulative = list(accumulate(weight for _, weight in kept))

    def __bool__(self) -> bool:
        return bool(self._concepts)

    def draw(self, rng: random.Random) -> Concept:
        return self._concepts[bisect(self._cumulative, rng.random() * self._cumulative[-1])]


Urns = dict[tuple[str, str], Urn]


class World:
    """The concepts, which of them come together, and urns to draw them from."""

    def __init__(self, concepts: list[Concept], seed: int) -> None:
        self.concepts = concepts
        self.seed = seed
        self.urns = cache(self._urns)
        self.companions = self._companions()

    def _urns(self, hospital: str, version: str) -> Urns:
        """What occurs in a hospital while a version is in use, by (group, part).

        The group is a stage (``adult``, ``birth``, ``newborn``) or, for procedures, ``adult procedure`` and so on;
        the part is a chapter, or empty for all chapters.
        """
        return _fill_urns(self.concepts, _weights(self.concepts, hospital, version, self.seed))

    def _companions(self) -> dict[Concept, tuple[Concept, ...]]:
        """Problems that come with a problem: most of its own chapter."""
        rng = random.Random(f"{self.seed} companions")
        urns = self.urns("mimic4", "icd9")
        found = {}
        for concept in self.concepts:
            group = f"{concept.stage} procedure" if concept.procedure else concept.stage
            own, every = urns.get((group, concept.chapter)), urns.get((group, ""))
            if own and every:
                found[concept] = tuple((own if rng.random() < 0.7 else every).draw(rng) for _ in range(4))
        return found


def build_world(concepts: int = 11_500, seed: int = 0) -> World:
    """The world of the given number of concepts; one in five is a procedure.

    Raises ``InputError`` when there are not so many, or fewer than 20 are asked for.
    """
    n_procedures = round(concepts * PROCEDURE_SHARE)
    problems, procedures = problem_groups(), procedure_groups()
    most = int(min(len(problems) / (1 - PROCEDURE_SHARE), len(procedures) / PROCEDURE_SHARE))
    if not 20 <= concepts <= most:
        raise InputError(f"cannot make a world of {concepts} concepts: give a number from 20 to {most}")
    commonest = ranked(problems, seed)[: concepts - n_procedures] + ranked(procedures, seed)[:n_procedures]
    return World([make_concept(variants, seed) for variants in commonest], seed)


def _weights(concepts: list[Concept], hospital: str, version: str, seed: int) -> list[float]:
    """How often each concept occurs: its rank, with drift between hospitals and, some strongly, versions."""
    weights = []
    ranks = {True: 0, False: 0}
    for concept in concepts:
        ranks[concept.procedure] += 1
        variant = concept.variants[0]
        name = f"{variant.icd10} {variant.icd9}"
        then = normal_number(f"{seed} {version} {name}")
        drift = 0.35 * (normal_number(f"{seed} {hospital} {name}") + then)
        if version == "icd10" and then < -0.8:  # the rarest fifth
            drift -= 2.5
        # Real ICD-9 coding has few codes of middling frequency: half of those in use are in fewer than 10 notes.
        if version == "icd9" and ranks[concept.procedure] > _COMMON and then < 0.3:
            drift -= 2.5
        frequency = (ranks[concept.procedure] + FLAT) ** -STEEP * exp(drift)
        weights.append(frequency if variant.codes(version) else 0.0)
    return weights


def _fill_urns(concepts: list[Concept], weights: list[float]) -> Urns:
    members: dict[tuple[str, str], list[tuple[Concept, float]]] = {}
    for concept, weight in zip(concepts, weights, strict=True):
        group = f"{concept.stage} procedure" if concept.procedure else concept.stage
        for part in ("", concept.chapter):
            members.setdefault((group, part), []).append((concept, weight))
    return {
        key: urn
        for key, pairs in members.items()
        if (urn := Urn([concept for concept, _ in pairs], [weight for _, weight in pairs]))
    }
