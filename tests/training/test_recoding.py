"""Labels of another version, and which codes of this one they mean."""

import json

import numpy as np
import pytest
from scipy.sparse import csr_array
from tests.small import tiny_settings

from icdbridge.codes import Code, code_names, crosswalk, equivalents, parse_key
from icdbridge.corpora.readers.table import Columns, prepare_table
from icdbridge.lexical.lexicon import Lexicon
from icdbridge.lexical.matcher import CodeStatistics
from icdbridge.training.learnt_corpora import LearntCorpora
from icdbridge.training.recoding import meanings, recode
from icdbridge.training.training_texts import FOLDS, TrainingTexts

KNEE = {
    "M25.561": "Pain in right knee",
    "M25.562": "Pain in left knee",
    "M25.569": "Pain in unspecified knee",
}
SETTINGS = tiny_settings("duallaat-cnn", lexical="equivalents")


def read(folder, version, rows):
    """The training notes (patient, text, code) of a version, and its keys."""
    given = [
        {"note_id": f"n{i}", "patient_id": patient, "text": text, "codes": [code], "split": "train"}
        for i, (patient, text, code) in enumerate(rows)
    ]
    table = folder / f"{version}.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in given))
    columns = Columns(patient="patient_id", split="split")
    corpus = prepare_table(table, folder / version, version=version, columns=columns)
    carried = [code for batch in corpus.notes("train", ("codes",)) for code in batch["codes"].to_pylist()]
    labels = csr_array(np.array([[key in own for key in corpus.codes] for own in carried]))
    return TrainingTexts.read([(corpus, "train")], corpus.codes, labels, SETTINGS), corpus


def recoded(folder, rows10, rows9):
    """What the ICD-9 notes mean in ICD-10, and the ICD-10 codes (without system) in their order."""
    own, corpus = read(folder, "icd10", rows10)
    others, nine = read(folder, "icd9", rows9)
    nothing = CodeStatistics(np.zeros(0, np.float32))
    lexicon = Lexicon(corpus.codes, code_names(corpus.codes, corpus.descriptions), {}, (nothing, nothing))
    found = recode(own, lexicon, others, nine.codes, 100, folder / "recoded")
    return found, [parse_key(key).code for key in corpus.codes]


@pytest.mark.parametrize(
    ("text", "code"),
    [("Pain of the left knee.", "M25.562"), ("Her right knee hurts, pain at night.", "M25.561")],
)
def test_the_words_of_a_note_say_which_code_its_label_means(tmp_path, text, code):
    rows10 = [(f"p{i}", "seen today", code) for i, code in enumerate(KNEE)]
    found, codes = recoded(tmp_path, rows10, [("q", text, "719.46")])
    labels = found.labels(FOLDS).toarray()[0]
    assert codes[labels.argmax()] == code
    assert labels.max() > 0.6
    assert 0.95 < labels.sum() <= 1.0 + 1e-6


def test_where_words_say_nothing_the_usual_code_is_meant_and_a_fold_left_out_does_not_count(tmp_path):
    usual = [("p", "seen today", "M25.561")] * 9
    rows10 = [*usual, ("r", "seen today", "M25.562"), ("s", "seen today", "M25.569")]
    found, codes = recoded(tmp_path, rows10, [("q", "seen today", "719.46")])
    by_all = dict(zip(codes, found.labels(FOLDS).toarray()[0], strict=True))
    assert by_all["M25.561"] > 0.7
    lowest = min(found.labels(fold).toarray()[0, codes.index("M25.561")] for fold in range(FOLDS))
    assert lowest < 0.5


def test_a_code_that_training_lacks_keeps_its_share(tmp_path):
    found, codes = recoded(tmp_path, [("p", "seen", "M25.561")], [("q", "pain of the left knee", "719.46")])
    assert codes == ["M25.561"]
    assert found.labels(FOLDS).sum() < 0.3


def test_labels_without_a_meaning_are_left_out(tmp_path):
    found, _ = recoded(tmp_path, [("p", "seen", "I10")], [("q", "seen", "799.9"), ("r", "high", "401.9")])
    assert meanings([Code("mine", "1")]) == {Code("mine", "1"): []}
    assert found.labels(FOLDS).toarray()[:, 0].tolist() == [0, 1]


def test_codes_that_stand_for_one_together_mean_it_together_alone():
    source, entries = next(
        (source, entries)
        for source, entries in crosswalk("icd10cm", "icd9cm").items()
        if len(entries) == 2
        and all(entry.combination for entry in entries)
        and Code("icd10cm", source) not in equivalents("icd9cm").get(entries[0].target.code, {})
    )
    parts, target = [entry.target for entry in entries], Code("icd10cm", source)
    assert target in meanings(parts)[parts[0]]
    assert target not in meanings(parts[:1])[parts[0]]


def test_a_code_that_was_divided_since_gem_means_what_took_its_place():
    pancreatitis = Code("icd9cm", "577.0")
    assert {Code("icd10cm", "K85.90"), Code("icd10cm", "K85.10")} <= set(
        meanings([pancreatitis])[pancreatitis]
    )
    hypertension = Code("icd9cm", "401.9")
    assert meanings([hypertension])[hypertension] == [Code("icd10cm", "I10")]


def test_codes_that_other_versions_notes_alone_carry_are_learned_too(tmp_path):
    ten = read(tmp_path, "icd10", [("p", "seen", "I10")])[1]
    nine = read(tmp_path, "icd9", [("q", "seen", "577.0"), ("r", "seen", "821.01")])[1]
    learnt = LearntCorpora([ten, nine], [], ten)
    pool = learnt.pools(SETTINGS)["icd10"]
    assert list(pool) == sorted(pool)
    assert pool["icd10cm:I10"] == ten.descriptions[0]
    assert pool["icd10cm:K85.90"] == "Acute pancreatitis without necrosis or infection, unspecified"
    assert "icd10cm:K85.9" not in pool  # of an older release
    fracture = Code("icd9cm", "821.01")
    assert {Code("icd10cm", f"S72.32{side}A") for side in "45"} <= set(meanings([fracture])[fracture])
    assert "icd10cm:S72.355A" in pool
    assert "icd10cm:S72.324A" not in pool  # hospitals do not use it
    assert list(learnt.pools(tiny_settings("duallaat-cnn", lexical="associations"))["icd10"]) == ten.codes
    train_only = LearntCorpora([ten], [nine], ten)
    assert train_only.pools(SETTINGS) == learnt.pools(SETTINGS)


def test_it_goes_both_ways_and_knows_procedures_and_what_is_exact_comes_first():
    hypertension, procedure = Code("icd10cm", "I10"), Code("icd9proc", "47.01")
    assert Code("icd9cm", "401.9") in meanings([hypertension])[hypertension]
    assert {code.system for code in meanings([procedure])[procedure]} == {"icd10pcs"}
    several = next(
        (code, targets)
        for code, targets in equivalents("icd10cm").items()
        if len(targets) > 1 and any(targets.values()) and not next(iter(targets.values()))
    )
    first = meanings([Code("icd10cm", several[0])])[Code("icd10cm", several[0])][0]
    assert several[1][first]
