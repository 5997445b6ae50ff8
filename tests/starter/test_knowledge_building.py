"""What the starter reads of a code system is built once, whoever asks for it, and read back as it was."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from icdbridge.codes import load_system
from icdbridge.starter.dictionary import WHEN, Dictionary
from icdbridge.starter.knowledge_building import prepared
from icdbridge.starter.stems import name_stems
from icdbridge.starter.tree import Tree


def build(cache: Path, barrier, answers) -> None:
    barrier.wait()
    tree, dictionary = prepared("icd9proc", cache)
    answers.put((len(tree.codes), len(dictionary.starts)))


def test_two_processes_build_it_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    both = [context.Process(target=build, args=(tmp_path, barrier, answers)) for _ in range(2)]
    for one in both:
        one.start()
    found = [answers.get(timeout=300) for _ in both]
    for one in both:
        one.join()
    tree, dictionary = prepared("icd9proc", tmp_path)
    assert found == [(len(tree.codes), len(dictionary.starts))] * 2
    assert len([folder for folder in tmp_path.iterdir() if not folder.name.startswith(".")]) == 1


def test_what_is_damaged_is_built_anew(tmp_path):
    first = prepared("icd9proc", tmp_path)
    file = next(tmp_path.glob("starter-*/postings.npy"))
    file.write_bytes(file.read_bytes()[:100])
    again = prepared("icd9proc", tmp_path)
    np.testing.assert_array_equal(first.dictionary.postings, again.dictionary.postings)


def test_saved_and_opened(starter, tmp_path):
    for one, kind in zip(starter.prepared, (Tree, Dictionary), strict=True):
        one.save(tmp_path)
        same = kind.open(tmp_path)
        for name, value in vars(one).items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, getattr(same, name))
                assert value.dtype == getattr(same, name).dtype
            elif name in kind.__dataclass_fields__:
                assert value == getattr(same, name), name


def test_all_codes_are_there_with_defaults_below_them(starter):
    tree, system = starter.prepared.tree, load_system("icd10cm")
    assert set(tree.codes) == {*system.titles, *system.headings}
    assert {code for code, billable in zip(tree.codes, tree.billable, strict=True) if billable} == set(
        system.titles
    )
    assert tree.billable[tree.default].all()
    for code, default in zip(tree.codes, tree.default.tolist(), strict=True):
        assert tree.codes[default].startswith(code)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("hypertension", "I10"), ("stage 3 chronic kidney disease", "N18.3"), ("gout", "M10.9"),
        ("type 2 diabetes", "E11.9"),
    ],
)  # fmt: skip
def test_phrases(name, code, starter):
    tree, dictionary = starter.prepared
    numbers = {dictionary.stems[one] for one in name_stems(name)}
    size = len(numbers)
    phrases = [
        phrase
        for phrase in np.flatnonzero(dictionary.sizes == size).tolist()
        if numbers
        == set(dictionary.words[dictionary.starts[phrase] : dictionary.starts[phrase + 1]].tolist())
    ]
    assert len(phrases) == 1
    targets, sources = dictionary.meant(phrases[0])
    assert len(targets) == len(sources)
    assert any(
        tree.codes[target].startswith(code) or code.startswith(tree.codes[target]) for target in targets
    )


def test_status_and_drugs_count_where_they_stand(starter):
    tree, dictionary = starter.prepared
    phrase = next(
        phrase
        for phrase in np.flatnonzero(dictionary.sizes == 1).tolist()
        if dictionary.phrase(phrase) == ["=warfarin"]
    )
    found = {when: tree.codes[code] for when, code in dictionary.status(phrase).items()}
    assert set(found) <= set(WHEN)
    assert found["medications"] == "Z79.01"
    assert found["adverse"].startswith("T45.515")
    assert found["underdosing"].startswith("T45.516")
