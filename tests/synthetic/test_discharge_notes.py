"""What a synthetic note says and leaves out, and how long it is."""

import gc
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice, pairwise

import numpy as np
import pytest

from icdbridge.codes import load_system, version_of
from icdbridge.synthetic.clinician_wording import Wordings, title_words, words_of
from icdbridge.synthetic.concepts import Variant
from icdbridge.synthetic.deid import Style, mimic3_mark, mimic4_mark
from icdbridge.synthetic.discharge_notes import avoid_titles, wrapped, write_note
from icdbridge.synthetic.dump import Settings, stays
from icdbridge.synthetic.patients import HOSPITALS, ICD10_SINCE, Admission, admissions
from icdbridge.synthetic.world import World, build_world


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(800)


@pytest.fixture(scope="module")
def wordings() -> Wordings:
    return Wordings(0)


def some(world: World, number: int, words: float = 300, name: str = "mimic4") -> Iterator[Admission]:
    return islice(admissions(world, HOSPITALS[name], words, 0.1, seed=5), number)


def known(world: World, code: str) -> Variant:
    return next(v for c in world.concepts for v in c.variants if v.icd10.code == code and v.usual)


def mentions(text: str, variant: Variant, wordings: Wordings) -> bool:
    words = words_of(text)
    return any(
        words_of(form.fill(random.Random(0), mimic4_mark_)) in words for form in wordings.forms(variant)
    )


def mimic4_mark_(name: str, rng: random.Random) -> str:
    return "___"


def adult(world: World) -> Admission:
    return next(stay for stay in some(world, 200) if stay.patient.stage == "adult")


def test_a_silent_problem_is_not_mentioned_and_others_are(world: World, wordings: Wordings) -> None:
    first, second = known(world, "J18.9"), known(world, "K21.9")
    base = replace(
        adult(world), problems=[first, second], procedures=[], silent={second}, others=[], words=150
    )
    told = 0
    for seed in range(60):
        text = write_note(base, wordings, mimic4_mark, random.Random(seed))
        assert not mentions(text, second, wordings)
        text = write_note(replace(base, silent=set()), wordings, mimic4_mark, random.Random(seed))
        told += mentions(text, second, wordings)
    assert told > 50  # the rest is misspelt


def test_what_the_patient_does_not_have_is_said_to_be_so(world: World, wordings: Wordings) -> None:
    first, other = known(world, "J18.9"), known(world, "G47.33")
    base = replace(adult(world), problems=[first], procedures=[], silent=set(), words=60)
    marks = {
        "negated": (
            "no evidence of",
            "no signs of",
            "denies",
            "ruled out",
            "negative",
            "low suspicion",
            "without",
        ),
        "history": ("remote", "ago", "resolved", "previously", "in the past"),
        "family": ("mother", "father", "sister", "brother", "uncle", "siblings", "relative"),
    }
    for kind, signs in marks.items():
        told = 0
        for seed in range(40):
            stay = replace(base, others=[(kind, other)])
            text = write_note(stay, wordings, mimic4_mark, random.Random(seed))
            told += mentions(text, other, wordings)
            assert any(sign in text.lower().replace("\n", " ") for sign in signs)
        assert told > 30


def test_others_are_of_every_kind_and_never_coded(world: World) -> None:
    kinds: dict[str, int] = {}
    for stay in some(world, 500):
        codes = {*stay.diagnosis_codes(), *stay.procedure_codes()}
        for kind, variant in stay.others:
            kinds[kind] = kinds.get(kind, 0) + 1
            assert codes.isdisjoint(variant.codes(stay.version))
    assert set(kinds) == {"negated", "history", "family"}
    assert min(kinds.values()) > 100


def test_one_code_in_ten_is_unmentioned(world: World) -> None:
    silent = total = 0
    for stay in some(world, 800):
        silent += len(stay.silent)
        total += len(stay.problems) + len(stay.procedures) - 1  # the first is always mentioned
    assert 0.08 < silent / total < 0.12


@pytest.mark.parametrize("style", [mimic3_mark, mimic4_mark])
def test_no_title_of_its_codes_is_in_a_note(world: World, wordings: Wordings, style: Style) -> None:
    for stay in some(world, 300):
        words = words_of(write_note(stay, wordings, style, random.Random(stay.number)))
        for code in (*stay.diagnosis_codes(), *stay.procedure_codes()):
            assert title_words(code) not in words


def test_a_title_spelt_out_by_chance_is_misspelt(world: World) -> None:
    code = known(world, "N39.0").icd10
    title = load_system("icd10cm").titles[code.code]
    text = f"A - {title.replace(',', ' 3 ').upper()}; again {title}."
    assert title_words(code) in words_of(text)
    changed = avoid_titles(text, [code], random.Random(0))
    assert title_words(code) not in words_of(changed)
    assert abs(len(changed) - len(text)) <= 4


@pytest.mark.parametrize(("words", "number"), [(150, 400), (600, 150), (3000, 60)])
def test_notes_are_as_long_as_asked_for_and_spread(
    world: World, wordings: Wordings, words: float, number: int
) -> None:
    lengths = [
        len(write_note(stay, wordings, mimic4_mark, random.Random(stay.number)).split())
        for stay in some(world, number, words)
    ]
    assert 0.8 * words < np.mean(lengths) < 1.25 * words
    assert 0.3 < np.std(lengths) / np.mean(lengths) < 0.7
    assert np.median(lengths) < np.mean(lengths)  # skewed, as in MIMIC


def test_longer_notes_have_more_problems(world: World) -> None:
    few, many = (np.mean([len(s.problems) for s in some(world, 300, words)]) for words in (150, 1500))
    assert many > few + 3


def test_marks_are_those_of_each_hospital(world: World, wordings: Wordings) -> None:
    stay = next(stay for stay in some(world, 50) if stay.words > 250)
    third = write_note(stay, wordings, mimic3_mark, random.Random(0))
    fourth = write_note(stay, wordings, mimic4_mark, random.Random(0))
    shown = stay.admitted + stay.patient.shift
    assert f"Admission Date:  [**{shown.year}-{shown.month}-{shown.day}**]" in third
    assert "___" not in third
    assert "Admission Date:  ___" in fourth
    assert "[**" not in fourth


def test_lines_are_broken_as_in_mimic() -> None:
    text = " ".join(str(number) for number in range(200)) + " " + "x" * 100
    lines = wrapped(text).split("\n")
    assert " ".join(lines) == text
    assert max(map(len, lines[:-1])) <= 78


def test_the_version_depends_on_the_true_date(world: World) -> None:
    versions = {stay.version for stay in some(world, 300)}
    assert versions == {"icd9", "icd10"}
    for stay in some(world, 300):
        assert (stay.version == "icd10") == (stay.discharged >= ICD10_SINCE)
        assert {version_of(code.system) for code in stay.diagnosis_codes()} <= {stay.version}
    assert {stay.version for stay in some(world, 300, name="mimic3")} == {"icd9"}
    assert date(2100, 1, 1) < stay.admitted + stay.patient.shift < date(2200, 1, 1)


def test_patients_return_with_their_chronic_problems(world: World) -> None:
    stays_of: dict[int, list[Admission]] = {}
    for stay in some(world, 1500):
        stays_of.setdefault(stay.patient.number, []).append(stay)
    pairs = [(a, b) for group in stays_of.values() for a, b in pairwise(group)]
    assert len(pairs) > 300
    assert all(b.admitted - a.admitted >= timedelta(days=10) for a, b in pairs)
    again = np.mean([bool(set(a.problems) & set(b.problems)) for a, b in pairs])
    strangers = [bool(set(a.problems) & set(b.problems)) for (a, _), (_, b) in pairwise(pairs)]
    assert again > 0.8
    assert again > np.mean(strangers) + 0.15
    # Across the switch the same problem is coded in either version.
    switched = [(a, b) for a, b in pairs if a.version != b.version and set(a.problems) & set(b.problems)]
    assert switched


def test_problems_suit_the_patient(world: World) -> None:
    sexes = {v: c.sex for c in world.concepts for v in c.variants}
    stages = {v: c.stage for c in world.concepts for v in c.variants}
    for stay in some(world, 1500):
        for variant in stay.problems:
            assert sexes[variant] in ("", stay.patient.sex)
            assert stages[variant] in ("adult", stay.patient.stage)


def test_problems_of_one_chapter_go_together(world: World) -> None:
    chapters = {v: c.chapter for c in world.concepts for v in c.variants}
    lists = [[chapters[v] for v in stay.problems] for stay in some(world, 600) if len(stay.problems) > 1]
    within = np.mean([a == b for each in lists for a, b in pairwise(each)])
    rng = random.Random(0)
    every = [chapter for each in lists for chapter in each]
    apart = np.mean([rng.choice(every) == rng.choice(every) for _ in range(5000)])
    assert within > 1.3 * apart


def test_stays_are_made_one_after_another_and_not_kept() -> None:
    alive = []
    gc.freeze()  # what other tests left need not be walked
    try:
        for number, _ in enumerate(stays("mimic4", Settings(200, concepts=100))):
            if number % 50 == 49:
                gc.collect()
                alive.append(sum(type(thing) is Admission for thing in gc.get_objects()))
    finally:
        gc.unfreeze()
    assert 1 <= max(alive) <= 3
