"""A run that learnt from an earlier release codes by a later one: codes that came since are found by their names,
retired ones are no longer offered, and what was learnt of these counts for those in their place.
"""

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from tests.small import make_corpus, tiny_settings
from typer.testing import CliRunner

from icdbridge import Coder
from icdbridge.cli import app
from icdbridge.codes import load_system, parse_key
from icdbridge.errors import InputError
from icdbridge.knowledge.successors import successors
from icdbridge.runs.run import Run
from icdbridge.training import train

# Training notes name their codes, which is what teaches how far names can be trusted.
NAMED = {
    "E11.9": "type 2 diabetes mellitus",
    "I10": "essential hypertension",
    "I50.9": "heart failure",
    "J18.9": "pneumonia",
    "J45.909": "asthma",
    "K80.20": "calculus of gallbladder",
    "M10.9": "gout",
    "N17.9": "acute kidney failure",
    "G35": "multiple sclerosis",
    "L66.0": "pseudopelade",
    "B88.9": "infestation",
    "D61.9": "aplastic anemia",
}
NEW = [  # the release that brought a code, the code, and a note that names it
    ("FY2025", "L66.10", "patchy alopecia of the scalp, biopsy shows lichen planopilaris, no gout"),
    ("FY2025", "D61.03", "short stature and low counts, breakage test positive: Fanconi anemia"),
    ("FY2026", "B88.01", "itchy eyelids, infestation by Demodex mites was confirmed"),
    ("FY2026", "G35.C0", "walks with a cane, now secondary progressive multiple sclerosis"),
]
BEFORE = {"FY2025": "FY2024", "FY2026": "FY2025"}


@pytest.fixture(scope="module")
def run(tmp_path_factory, shared_cache):
    folder = tmp_path_factory.mktemp("release")
    corpus = make_corpus(folder, "named", notes=100, words=NAMED)
    changes = ("lexical=associations", "matching_steps=500", "warmup_steps=5", "label_space=12")
    return train([corpus], folder / "run", tiny_settings("duallaat-cnn", *changes, epochs=12))


@pytest.mark.parametrize(("release", "code", "note"), NEW)
def test_a_code_that_came_later_is_among_the_first(run, tmp_path, release, code, note):
    assert code not in load_system("icd10cm", BEFORE[release]).titles
    titles = load_system("icd10cm", release).titles
    assert code in titles
    chosen = {
        other: title for other, title in titles.items() if other[:3] in {key[:3] for key in (*NAMED, code)}
    }
    assert len(chosen) > 300
    table = tmp_path / f"{release}.csv"
    with table.open("w", newline="") as handle:
        csv.writer(handle).writerows([("code", "description"), *chosen.items()])
    (tmp_path / "note.txt").write_text(note)
    options = ["--codes", table, "--system", "icd10cm", "--top", "3", "--json"]
    answer = CliRunner().invoke(app, ["code", *map(str, [run.path, tmp_path / "note.txt", *options])])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)["suggestions"]
    assert code in [one["code"] for one in found]
    own = next(one for one in found if one["code"] == code)
    assert (own["train_notes"] > 0) == code.startswith("G35")  # of which training had what was divided
    assert own["evidence"]


def test_the_run_had_none_of_them(run):
    assert not {f"icd10cm:{code}" for _, code, _ in NEW} & set(Run.open(run.path).index.code)


BEFORE_IT_WAS_DIVIDED, AFTER = "2025-09-30", "2025-10-01"  # of G35


@pytest.fixture(scope="module")
def coder(run):
    return Coder.load(run.path)


def found(coder, note, day, top=2_000):
    return {one.code: one for one in coder.code(note, top=top, as_of=day, evidence=False)}


def test_what_is_offered_is_valid_on_the_day(coder):
    note = "multiple sclerosis, pneumonia"
    before, after = (found(coder, note, day) for day in (BEFORE_IT_WAS_DIVIDED, AFTER))
    assert "G35" in before
    assert "G35" not in after
    for day, release in ((before, "FY2025"), (after, "FY2026")):
        assert set(day) <= load_system("icd10cm", release).titles.keys()
        later = load_system("icd10cm", release).titles.keys() - load_system("icd10cm", "FY2024").titles.keys()
        assert later <= set(day)
    assert "G35" in found(coder, note, None)  # without a day it codes by what it learnt


def test_training_notes_of_a_retired_code_count_for_those_in_its_place(coder):
    before = found(coder, "multiple sclerosis", BEFORE_IT_WAS_DIVIDED)["G35"]
    after = found(coder, "multiple sclerosis", AFTER)
    heirs = [one.code.code for one in successors(parse_key("icd10cm:G35"))]
    assert len(heirs) > 3
    assert {after[heir].train_notes for heir in heirs} == {before.train_notes} != {0}
    best = next(iter(after.values()))
    assert best.code == heirs[0] == "G35.D"  # the note says no more
    assert best.probability == pytest.approx(before.probability, abs=0.2)


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("relapsing-remitting multiple sclerosis, no gout", "G35.A"),
        ("short stature, breakage test positive: Fanconi anemia", "D61.03"),
        ("progesterone receptor negative", "Z17.22"),  # of a category that training does not know
    ],
)
def test_a_later_code_that_a_note_names_comes_first(coder, note, code):
    first = coder.code(note, top=3, as_of=AFTER)[0]
    assert first.code == code
    assert first.evidence
    with_evidence = coder.explain(note, coder.code(note, top=3, as_of=AFTER, evidence=False), as_of=AFTER)
    assert with_evidence[0].evidence == first.evidence


def test_codes_of_a_callers_own_are_only_fewer(coder):
    codes = {"icd10cm:G35": "Multiple sclerosis", "icd10cm:I10": "Essential hypertension"}
    assert {one.code for one in coder.code("gout", codes=codes, as_of=AFTER)} == {"I10"}
    with pytest.raises(InputError, match="none of the codes to choose from is valid on 2025-10-01"):
        coder.code("gout", codes={"icd10cm:G35": "Multiple sclerosis"}, as_of=AFTER)


@pytest.mark.parametrize("day", ["yesterday", "2025-13-01", 2025])
def test_what_is_no_day_is_refused(coder, day):
    with pytest.raises(InputError, match="a day is written as 2025-11-02"):
        coder.code("gout", as_of=day)


def test_rows_are_coded_as_of_their_dates(run, tmp_path):
    table, out = tmp_path / "notes.csv", tmp_path / "codes.jsonl"
    rows = ["a,2024-03-01", "b,2026-03-01 08:30", "c,March", "d,"]
    table.write_text("note_id,date,text\n" + "".join(f"{row},multiple sclerosis\n" for row in rows))
    answer = CliRunner().invoke(app, ["code", str(run.path), str(table), "--out", str(out), "--top", "1"])
    assert answer.exit_code == 0, answer.output
    assert "row 4: column date: no date such as 2025-11-02" in " ".join(answer.output.split())
    first = {
        row["note_id"]: row["suggestions"][0]["code"] for row in map(json.loads, out.read_text().splitlines())
    }
    assert first == {"a": "G35", "b": "G35.D", "c": "G35", "d": "G35"}
    options = ["--out", str(out), "--force", "--top", "1", "--as-of", "2026-03-01"]
    assert CliRunner().invoke(app, ["code", str(run.path), str(table), *options]).exit_code == 0
    assert {row["suggestions"][0]["code"] for row in map(json.loads, out.read_text().splitlines())} == {
        "G35.D"
    }


def test_update_codes_tells_what_changed_and_keeps_the_day(run, tmp_path):
    updated, table = tmp_path / "run", tmp_path / "conversions.csv"
    shutil.copytree(run.path, updated)
    table.write_text("code,previous\nI10,M10.9\n")
    options = ["--as-of", AFTER, "--conversions", str(table)]
    answer = CliRunner().invoke(app, ["update-codes", str(updated), *options])
    assert answer.exit_code == 0, answer.output
    assert "now G35.D, G35.A" in answer.output
    coder = Coder.load(updated)
    assert coder.code("multiple sclerosis", top=1, evidence=False)[0].code == "G35.D"
    assert coder.code("multiple sclerosis", top=1, evidence=False, as_of="2024-03-01")[0].code == "G35"
    assert coder.fingerprint() != Coder.load(run.path).fingerprint()
    (updated / "update.json").write_text('{"as_of": "soon", "successors": {}}')
    with pytest.raises(InputError, match=r"update\.json.*make it again by icdbridge update-codes"):
        Coder.load(updated)


def test_the_starter_codes_as_of_a_day_too(shared_cache):
    note = "Relapsing-remitting multiple sclerosis."
    coder = Coder.load()
    assert coder.code(note, as_of=AFTER)[0].code == "G35.A"
    assert [one.code for one in coder.code(note, as_of=BEFORE_IT_WAS_DIVIDED)].count("G35") == 1


@pytest.mark.parametrize(
    ("said", "shown"),
    [("tobacco use", True), ("", False), ("no tobacco use", False), ("tobacco use in her father", False)],
)
def test_a_run_shows_a_companion_from_further_down_that_the_note_asserts(coder, monkeypatch, said, shown):
    titles = {"J18.9": "Pneumonia", "M10.9": "Gout", "I50.9": "Heart failure", "Z72.0": "Tobacco use"}
    codes = {f"icd10cm:{code}": title for code, title in titles.items()}
    logits = torch.tensor([3.0, 2.0, 1.0, -1.0])
    monkeypatch.setattr("icdbridge.coding.trained.with_later", lambda *given: logits)
    monkeypatch.setattr(Run, "thresholds", lambda *given: np.array([0.5, 1, 1, 1]))  # pneumonia is predicted
    found = coder.code(f"pneumonia, gout, heart failure. {said}", codes=codes, top=3)
    assert [one.code for one in found] == ["J18.9", "M10.9", "Z72.0" if shown else "I50.9"]
    assert [one.predicted for one in found] == [True, False, False]
    if shown:
        assert found[2].reason == "goes with J18.9 (use additional code: note at chapter 10)"
        assert found[2].evidence


def test_of_two_codes_that_exclude_each_other_a_run_predicts_one_whatever_the_threshold(coder, monkeypatch):
    titles = {"E11.9": "Type 2 diabetes mellitus", "E10.9": "Type 1 diabetes mellitus", "I10": "Hypertension"}
    codes = {f"icd10cm:{code}": title for code, title in titles.items()}
    monkeypatch.setattr(Run, "thresholds", lambda run, version, keys: np.zeros(3))
    first, *others = coder.code("type 2 diabetes mellitus, hypertension, type 1 diabetes", codes=codes)
    assert first.predicted
    apart = [one for one in (first, *others) if not one.predicted]
    assert [one.code[:3] for one in apart] in (["E10"], ["E11"])
    assert apart[0].reason.startswith("not beside E1")


@pytest.mark.parametrize("model", ["caml", "laat"])
def test_a_model_of_fixed_labels_codes_by_the_release_of_a_day(model, tmp_path, shared_cache):
    words = {code: NAMED[code] for code in ("G35", "I10", "M10.9")}
    corpus = make_corpus(tmp_path, "few", notes=60, words=words)
    settings = tiny_settings(model, "learning_rate=0.02", "warmup_steps=0", "dropout=0", epochs=8)
    coder = Coder.load(train([corpus], tmp_path / "run", settings).path)
    before, after = (found(coder, "multiple sclerosis today", day) for day in (BEFORE_IT_WAS_DIVIDED, AFTER))
    assert set(before) == set(words)
    heirs = {one.code.code for one in successors(parse_key("icd10cm:G35"))}
    assert (
        set(after) == {"I10", "M10.9"} | heirs
    )  # what came since, and no code before it: it has no output for it
    assert next(iter(before)) == "G35"
    assert next(iter(after)) in heirs
    assert {after[heir].train_notes for heir in heirs} == {before["G35"].train_notes}
    first = coder.code("relapsing-remitting multiple sclerosis", top=1, as_of=AFTER)[0]
    assert (first.code, bool(first.evidence)) == ("G35.A", True)
    with pytest.raises(InputError, match="no output for 1 of 2 codes, such as icd10cm:B20"):
        coder.code(
            "gout", codes={"icd10cm:G35.A": "Relapsing-remitting multiple sclerosis", "icd10cm:B20": "HIV"}
        )
