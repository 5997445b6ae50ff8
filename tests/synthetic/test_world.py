"""The world behind the synthetic notes: concepts across versions, frequencies, wordings, the tables."""

import random
import re
from collections import Counter

import pytest

from icdbridge.codes import Code, load_system
from icdbridge.errors import InputError
from icdbridge.packed import packed_records
from icdbridge.synthetic.clinician_wording import Wordings, misspell, title_words, words_of
from icdbridge.synthetic.concepts import Concept, Variant, known_problems
from icdbridge.synthetic.templates import Template, phrases
from icdbridge.synthetic.world import World, build_world


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(1500)


def literal(form: Template) -> str:
    return form.fill(random.Random(0), lambda name, rng: "___")


def variants(world: World) -> dict[str, Variant]:
    return {v.icd10.code: v for c in world.concepts for v in c.variants if v.usual}


def test_the_same_problem_has_codes_of_both_versions_as_the_gem_say(world: World) -> None:
    found = variants(world)
    # From the published GEM files: a combination of two codes, a plain pair, a split by side.
    assert found["I50.22"].icd9 == (Code("icd9cm", "428.22"), Code("icd9cm", "428.0"))
    assert found["A41.9"].icd9 == (Code("icd9cm", "038.9"), Code("icd9cm", "995.91"))
    assert found["I10"].icd9 == (Code("icd9cm", "401.9"),)
    assert found["L03.115"].icd9 == found["L03.116"].icd9 == (Code("icd9cm", "682.6"),)
    assert found["0BH17EZ"].icd9 == (Code("icd9proc", "96.04"),)


def test_every_code_of_the_world_is_in_its_table(world: World) -> None:
    for concept in world.concepts:
        for variant in concept.variants:
            for code in (variant.icd10, *variant.icd9):
                assert code.code in load_system(code.system).titles


def test_icd10_splits_concepts_finer(world: World) -> None:
    codes = {version: {c for k in world.concepts for v in k.variants for c in v.codes(version)} for version in
             ("icd9", "icd10")}  # fmt: skip
    assert len(codes["icd10"]) > 1.5 * len(codes["icd9"])


def test_a_fifth_are_procedures(world: World) -> None:
    assert len(world.concepts) == 1500
    assert sum(concept.procedure for concept in world.concepts) == 300


def test_the_world_follows_its_seed_alone(world: World) -> None:
    assert [c.variants for c in build_world(1500).concepts] == [c.variants for c in world.concepts]
    assert [c.variants for c in build_world(1500, seed=1).concepts] != [c.variants for c in world.concepts]


@pytest.mark.parametrize("concepts", [0, 19, 10**6])
def test_a_world_too_small_or_too_large(concepts: int) -> None:
    with pytest.raises(InputError, match=f"world of {concepts} concepts: give a number from 20 to "):
        build_world(concepts)


def counts(world: World, hospital: str, version: str) -> Counter[Concept]:
    rng = random.Random(1)
    urn = world.urns(hospital, version)["adult", ""]
    return Counter(urn.draw(rng) for _ in range(30_000))


def test_few_problems_are_common_and_many_are_rare(world: World) -> None:
    drawn = [number for _, number in counts(world, "mimic4", "icd10").most_common()]
    assert sum(drawn[:50]) > 0.5 * sum(drawn)
    assert sum(number < 10 for number in drawn) > 0.4 * len(drawn)


def test_some_concepts_are_rarer_in_icd10_than_in_icd9(world: World) -> None:
    old, new = counts(world, "mimic4", "icd9"), counts(world, "mimic4", "icd10")
    rarer = [concept for concept, number in old.items() if number >= 50 and new[concept] < number / 5]
    assert len(rarer) >= 20
    assert any(new[concept] > 0 for concept in rarer)


def test_no_wording_contains_a_title_of_its_codes(world: World) -> None:
    wordings = Wordings(0)
    for concept in world.concepts[::3]:
        for variant in concept.variants:
            forms = [words_of(literal(form)) for form in wordings.forms(variant)]
            assert forms
            for code in (variant.icd10, *variant.icd9):
                assert not any(title_words(code) in form for form in forms), code


def test_a_problem_is_worded_in_several_ways(world: World) -> None:
    wordings = Wordings(0)
    number = [len(wordings.forms(v)) for c in world.concepts[::5] for v in c.variants]
    assert sum(n >= 3 for n in number) > 0.9 * len(number)
    assert "HTN" in [literal(form) for form in wordings.forms(variants(world)["I10"])]


def test_most_wordings_keep_the_side_that_decides(world: World) -> None:
    wordings, kept, all_forms = Wordings(0), 0, 0
    marks = {"left": r"\b(left|l|lt|left-sided)\b", "right": r"\b(right|r|rt|right-sided)\b"}
    for variant in variants(world).values():
        sides = set(words_of(title_words(variant.icd10)).split()) & marks.keys()
        if len(sides) == 1:
            forms = wordings.forms(variant)
            kept += sum(bool(re.search(marks[next(iter(sides))], literal(form).lower())) for form in forms)
            all_forms += len(forms)
    assert all_forms > 300
    assert 0.75 < kept / all_forms < 1  # some notes leave it out


def test_wordings_are_the_same_in_every_dump(world: World) -> None:
    some = [c.variants[0] for c in world.concepts[::100]]
    first, second = Wordings(0), Wordings(0)
    for variant in reversed(some):
        second.forms(variant)
    assert all([literal(f) for f in first.forms(v)] == [literal(f) for f in second.forms(v)] for v in some)


@pytest.mark.parametrize("text", ["HTN", "acute renal failure", "a", "chole-cystitis 2/2 stones"])
def test_a_slip_of_the_pen_changes_the_text(text: str) -> None:
    rng = random.Random(3)
    assert all(misspell(text, rng) != text for _ in range(50))


def test_known_problems_have_codes_that_exist() -> None:
    for code, row in known_problems().items():
        system = "icd10cm" if code in load_system("icd10cm").titles else "icd10pcs"
        assert code in load_system(system).titles
        if row["icd9"]:
            assert row["icd9"] in load_system("icd9cm" if system == "icd10cm" else "icd9proc").titles
        assert float(row["weight"]) > 0
        assert row["wordings"]


def test_shorthand_is_long_and_free_of_repeats() -> None:
    rows = packed_records("icdbridge.synthetic", "shorthand.csv")
    assert len(rows) > 200
    assert len({row["phrase"] for row in rows}) == len(rows)
    assert all(row["phrase"] not in row["shorthands"].split("|") for row in rows)


def test_templates_fill_every_gap() -> None:
    template = Template("T {97-99}.{0-9}, {a|b} by {@doctor} at {0.5-1.5}")
    filled = {template.fill(random.Random(seed), lambda name, rng: name.upper()) for seed in range(50)}
    assert len(filled) > 20
    assert all(re.fullmatch(r"T 9[789]\.\d, [ab] by DOCTOR at [01]\.\d", text) for text in filled)
    for templates in phrases().values():
        for each in templates:
            assert not set("{}") & set(each.fill(random.Random(0), lambda name, rng: "x"))
