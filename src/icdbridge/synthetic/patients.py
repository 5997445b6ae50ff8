"""Patients, their stays and problem lists: what is coded, and what the note will and will not say."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from math import exp, log, sqrt

from icdbridge.codes import Code
from icdbridge.synthetic.concepts import Concept, Variant
from icdbridge.synthetic.world import Urn, World

WORDS_SPREAD = 0.5  # standard deviation of the logarithm of a note's words
SHORTEST, LONGEST = 60, 12_000  # words of a note
ICD10_SINCE = date(2015, 10, 1)
_WITHOUT_CODES, _WITHOUT_NOTE = 0.008, 0.04


@dataclass(frozen=True, slots=True)
class Hospital:
    """A dump's hospital. ``again``: chance of a further stay; ``births``, ``newborns``: shares of patients."""

    name: str
    first: date
    last: date
    again: float
    births: float
    newborns: float


HOSPITALS = {
    "mimic3": Hospital("mimic3", date(2001, 6, 1), date(2012, 10, 1), 0.22, 0.01, 0.10),
    "mimic4": Hospital("mimic4", date(2008, 1, 1), date(2019, 12, 31), 0.45, 0.04, 0.02),
}


@dataclass(slots=True)
class Patient:
    """``first`` is the first admission; true dates plus ``shift`` are those that the dump shows."""

    number: int
    stage: str
    sex: str
    birth: date
    first: date
    shift: timedelta


@dataclass(slots=True)
class Admission:
    """One stay. All dates are true ones; the version of the codes depends on the discharge.

    ``problems`` and ``procedures`` are coded, the most important first; the note mentions those not in ``silent``.
    ``others`` are problems that it mentions as ``negated``, ``history`` or ``family``; none of their codes is coded.
    """

    number: int
    patient: Patient
    admitted: date
    discharged: date
    version: str
    words: int
    problems: list[Variant]
    procedures: list[Variant]
    silent: set[Variant]
    others: list[tuple[str, Variant]]
    coded: bool  # false: the hospital has no codes for this stay
    noted: bool  # false: it has no discharge summary

    def diagnosis_codes(self) -> list[Code]:
        return _codes(self.problems, self.version) if self.coded else []

    def procedure_codes(self) -> list[Code]:
        return _codes(self.procedures, self.version) if self.coded else []

    @property
    def age(self) -> int:
        return (self.admitted - self.patient.birth).days // 365


def _codes(variants: list[Variant], version: str) -> list[Code]:
    return list(dict.fromkeys(code for variant in variants for code in variant.codes(version)))


def admissions(
    world: World, hospital: Hospital, words: float, unmentioned: float, seed: int
) -> Iterator[Admission]:
    """Yields admissions without end, patient by patient, each patient's in order of time; nothing is kept.

    ``words`` is the mean of the words a note is to have, ``unmentioned`` the share of coded problems that it
    is silent about.
    """
    drawn, number = _Admissions(world, hospital, words, unmentioned), 0
    for patient in count():
        rng = random.Random(f"{seed} {hospital.name} patient {patient}")
        for stay in drawn.of(_patient(hospital, patient, rng), rng):
            stay.number = number
            yield stay
            number += 1


def _patient(hospital: Hospital, number: int, rng: random.Random) -> Patient:
    chance = rng.random()
    stage = "newborn" if chance < hospital.newborns else "adult"
    if hospital.newborns <= chance < hospital.newborns + hospital.births:
        stage = "birth"
    sex = "F" if stage == "birth" or rng.random() < 0.47 else "M"
    first = hospital.first + timedelta(days=int(rng.random() * (hospital.last - hospital.first).days))
    years = (
        0.0 if stage == "newborn" else rng.uniform(18, 42) if stage == "birth" else rng.triangular(18, 97, 71)
    )
    shift = timedelta(days=7 * rng.randint(5300, 9000))
    return Patient(number, stage, sex, first - timedelta(days=int(years * 365.25)), first, shift)


@dataclass(frozen=True)
class _Admissions:
    """How the stays of a hospital are drawn; ``words`` and ``unmentioned`` as in ``admissions``."""

    world: World
    hospital: Hospital
    words: float
    unmentioned: float

    def of(self, patient: Patient, rng: random.Random) -> Iterator[Admission]:
        """All stays of a patient."""
        admitted = patient.first
        chronic: dict[Concept, Variant] = {}
        while admitted < self.hospital.last:
            yield self._stay(patient, admitted, chronic, rng)
            if patient.stage != "adult" or rng.random() > self.hospital.again:
                return
            admitted += timedelta(days=10 + int(rng.expovariate(1 / 400)))

    def _stay(
        self, patient: Patient, admitted: date, chronic: dict[Concept, Variant], rng: random.Random
    ) -> Admission:
        discharged = admitted + timedelta(days=1 + int(rng.lognormvariate(1.5, 0.8)))
        version = "icd10" if discharged >= ICD10_SINCE else "icd9"
        # exp(mu + sigma² / 2) is the mean of a log-normal number.
        length = rng.lognormvariate(log(self.words) - WORDS_SPREAD**2 / 2, WORDS_SPREAD)
        length = min(max(length, SHORTEST), LONGEST)
        # Longer notes belong to sicker patients: about 6 problems at 200 words, 13 at 1,500 as in MIMIC.
        wanted = 0.95 * length**0.36 * exp(rng.gauss(0, 0.35))
        most = min(max(round(wanted), 1), 38)
        problems = self._problems(version, patient, chronic, most, rng)
        procedures = self._procedures(version, patient, sqrt(length) / 20, rng)
        stated = problems + procedures
        silent = {variant for variant in stated[1:] if rng.random() < self.unmentioned}
        stay = Admission(
            number=0,
            patient=patient,
            admitted=admitted,
            discharged=discharged,
            version=version,
            words=int(length),
            problems=problems,
            procedures=procedures,
            silent=silent,
            others=[],
            coded=rng.random() >= _WITHOUT_CODES,
            noted=rng.random() >= _WITHOUT_NOTE,
        )
        stay.others = self._others(stay, rng)
        return stay

    def _problems(
        self, version: str, patient: Patient, chronic: dict[Concept, Variant], most: int, rng: random.Random
    ) -> list[Variant]:
        """New problems first, then those of earlier stays. ``chronic`` gains the chronic ones."""
        urns = self.world.urns(self.hospital.name, version)
        every = urns.get((patient.stage, "")) or urns["adult", ""]
        returning = {c: v for c, v in chronic.items() if v.codes(version) and rng.random() < 0.75}
        new: dict[Concept, Variant] = {}
        first = every.draw(rng)
        focus = urns.get((patient.stage, first.chapter), every)  # the chapter that this stay is about
        concept = first
        for attempt in range(4 * most):
            if len(new) + len(returning) >= most and new:
                break
            if attempt:
                concept = self._next_concept(every, focus, list(new) or [first], rng)
            suits = concept.sex in ("", patient.sex) and concept.stage in (patient.stage, "adult")
            if suits and concept not in new and concept not in chronic:
                variant = concept.draw(rng)
                if variant.codes(version):
                    new[concept] = variant
        chronic.update((c, v) for c, v in new.items() if c.chronic)
        return list(dict.fromkeys([*new.values(), *returning.values()]))[:most]

    def _next_concept(self, every: Urn, focus: Urn, new: list[Concept], rng: random.Random) -> Concept:
        chance = rng.random()
        if chance < 0.2 and (companions := self.world.companions.get(new[int(rng.random() * len(new))])):
            return companions[int(rng.random() * len(companions))]
        return (focus if chance < 0.45 else every).draw(rng)

    def _procedures(self, version: str, patient: Patient, mean: float, rng: random.Random) -> list[Variant]:
        urns = self.world.urns(self.hospital.name, version)
        urn = urns.get((f"{patient.stage} procedure", "")) or urns.get(("adult procedure", ""))
        wanted = int(rng.expovariate(1 / (mean + 0.5)))
        drawn: dict[Concept, Variant] = {}
        for _ in range(3 * wanted if urn else 0):
            concept = urn.draw(rng)  # type: ignore[union-attr]
            if len(drawn) < min(wanted, 12) and (not concept.sex or concept.sex == patient.sex):
                drawn.setdefault(concept, concept.draw(rng))
        return list(drawn.values())

    def _others(self, stay: Admission, rng: random.Random) -> list[tuple[str, Variant]]:
        """Problems that the patient does not have (any more): about one for two coded ones."""
        urns = self.world.urns(self.hospital.name, stay.version)
        urn = urns["adult", ""]
        taken = {code for variant in stay.problems for code in (variant.icd10, *variant.icd9)}
        found = []
        for _ in range(1 + int(rng.random() * 0.9 * len(stay.problems))):
            variant = urn.draw(rng).draw(rng)
            if taken.isdisjoint((variant.icd10, *variant.icd9)):
                chance = rng.random()
                found.append(
                    ("negated" if chance < 0.5 else "history" if chance < 0.75 else "family", variant)
                )
        return found
