"""The gold notes keep their schema, name codes that exist and do not contradict themselves."""

import json
from bisect import bisect_left

import pytest
from benchmarks.gold import FOLDER, gold_notes

from icdbridge.codes import load_system

HALVES = ("tune", "report")
HOW_MANY = {"tune": 278, "report": 45}
NOTES = [note for half in HALVES for note in gold_notes(half)]


@pytest.fixture(scope="module")
def titles():
    return sorted(load_system("icd10cm").titles)


@pytest.mark.parametrize("half", HALVES)
def test_every_note_has_its_labels(half):
    texts = {file.stem for file in (FOLDER / half).glob("*.txt")}
    assert texts == {file.stem for file in (FOLDER / half).glob("*.json")}
    assert len(texts) == HOW_MANY[half]


@pytest.mark.parametrize("half", HALVES)
def test_labels_have_their_fields_only(half):
    fields = {"codes": {"code", "accept", "said"}, "may": {"code", "said"}, "must_not": {"code", "why"}}
    for file in (FOLDER / half).glob("*.json"):
        labels = json.loads(file.read_text(encoding="utf-8"))
        assert set(labels) == {"setting", "kind", *fields}, file.name
        for field, keys in fields.items():
            assert all(set(entry) == keys and all(entry.values()) for entry in labels[field]), (
                file.name,
                field,
            )
        for entry in labels["codes"] + labels["may"]:
            assert entry["said"] in file.with_suffix(".txt").read_text(encoding="utf-8"), (file.name, entry)


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.name)
def test_codes_exist_and_do_not_contradict(note, titles):
    assert note.setting in ("inpatient", "outpatient")
    codes = [gold.code for gold in note.codes]
    assert codes
    assert len(set(codes)) == len(codes)
    assert all(gold.code in gold.accept for gold in note.codes)
    given = {*(code for gold in note.codes for code in gold.accept), *note.may}
    assert given <= load_system("icd10cm").titles.keys()
    assert not set(note.may) & {code for gold in note.codes for code in gold.accept}
    for code in note.must_not:
        at = bisect_left(titles, code)
        assert "".join(titles[at : at + 1]).startswith(code), f"no code begins with {code}"
        assert not any(other.startswith(code) for other in given), f"{code} must and must not be given"


def test_notes_are_many_and_of_all_kinds():
    assert len({note.name for note in NOTES}) == len(NOTES)
    assert len({note.text for note in NOTES}) == len(NOTES)
    assert len({note.kind for note in NOTES}) >= 20
    assert {note.setting for note in NOTES} == {"inpatient", "outpatient"}
    lengths = [len(note.text.split()) for note in NOTES]
    assert min(lengths) < 50
    assert max(lengths) > 350
    # said of a note: what it must get, and what it must not
    assert sum(len(note.codes) for note in NOTES) / len(NOTES) > 6
    assert all(len(note.must_not) >= 2 for note in NOTES)
