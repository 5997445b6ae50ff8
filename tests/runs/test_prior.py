"""The prior of a run: what it predicts holds for any codes to choose from, and it lies in the run's folder."""

import json
import os
import shutil
import signal
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.small import CODES, make_corpus, mark_words, tiny_settings, translate_train_notes
from typer.testing import CliRunner

from icdbridge import Coder, InputError
from icdbridge.boosted_trees import BoostedTrees
from icdbridge.cli import app
from icdbridge.codes import whole_systems
from icdbridge.files import MANIFEST, write_manifest
from icdbridge.runs.prior import PRIOR_FEATURES, Prior
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import Scorer
from icdbridge.training import loop, train

NOTE = "The patient with dyspnea was seen for an infiltrate and essential hypertension, lisinopril was given."
OTHER = "Gout was seen today. Asthma was seen."
LEARNING = tiny_settings("duallaat-cnn", "lexical=associations", "prior=true", epochs=2, matching_steps=200)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("prior"), "ten", notes=80)
    return translate_train_notes(mark_words(corpus))


def some(codes, *counts):
    """The codes of the corpus, two others that a note names, and as many more, evenly chosen; in the order of all."""
    chosen = {f"icd10cm:{code}" for code in (*CODES["icd10"], "M10.9", "J45.909")}
    for count in counts:
        chosen.update(list(codes)[:: len(codes) // count])
    return {key: title for key, title in codes.items() if key in chosen}


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    """Its training was interrupted and resumed: what the prior learned is kept. ICD-10-CM has some 3,000 codes for it,
    whose names are read in a twentieth of the time.
    """
    saved, folder = loop.save_checkpoint, tmp_path_factory.mktemp("run")

    def stopping(*arguments):
        saved(*arguments)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("icdbridge.training.") and getattr(module, "whole_systems", None):
                patch.setattr(module, "whole_systems", lambda codes: some(whole_systems(codes), 3_000))
        with patch.context() as stopped, pytest.raises(KeyboardInterrupt):
            stopped.setattr(loop, "save_checkpoint", stopping)
            train([corpus], folder / "run", LEARNING)
        return train([corpus], folder / "run", LEARNING, resume=True)


@pytest.fixture(scope="module")
def wide(run):
    """The codes of two notes, of some 4,000 codes of ICD-10-CM: made once, as reading their names takes its time."""
    every = some(whole_systems(run.index.code), 4_000, 1_000)
    assert len(every) > 4_000
    coder = Coder.load(run.path)
    return coder.code_many([NOTE, OTHER], codes=every, top=len(every), evidence=False)


def _ranked(found):
    """The keys by rank; those of one and the same probability, of which nothing speaks, in their own order."""
    probabilities = [one.probability for one in found.values()]
    assert probabilities == sorted(probabilities, reverse=True)
    return sorted(found, key=lambda key: (-found[key].probability, key))


def test_the_number_of_candidates_changes_neither_ranks_nor_what_is_predicted(run, wide):
    few = some(whole_systems(run.index.code), 1_000)
    every = {f"{one.system}:{one.code}": one for one in wide[0]}
    narrow = {
        f"{one.system}:{one.code}": one
        for one in Coder.load(run.path).code(NOTE, codes=few, top=len(few), evidence=False)
    }
    assert any(one.predicted for one in narrow.values())
    assert _ranked({key: one for key, one in every.items() if key in few}) == _ranked(narrow)
    for key, one in narrow.items():
        assert one.predicted == every[key].predicted
        assert one.probability == pytest.approx(every[key].probability, abs=1e-6)
        assert one.confidence == pytest.approx(every[key].confidence, abs=1e-6)


def test_a_code_that_training_never_saw_is_ranked_by_what_the_note_says_of_it(wide):
    rank = {one.code: one.rank for one in wide[1]}
    assert rank["M10.9"] < 50
    assert rank["J45.909"] < 50


def test_it_is_the_same_when_the_run_is_opened_again(run):
    prior, opened = run.priors["icd10"], Run.open(run.path).priors["icd10"]
    assert (opened.floor, opened.seen_floor) == (prior.floor, prior.seen_floor)
    assert opened.least == prior.least
    features = np.random.default_rng(0).normal(size=(50, len(PRIOR_FEATURES))).astype(np.float32)
    assert np.array_equal(opened.trees.raw(features), prior.trees.raw(features))
    before, after = (one.lexicons["icd10"].statistics[0].translator for one in (run, Run.open(run.path)))
    assert len(before.hashes)
    assert np.array_equal(before.hashes, after.hashes)
    assert (list(before.english), list(before.words)) == (after.english, after.words)
    before, after = (one.lexicons["icd10"].statistics[0].marks for one in (run, Run.open(run.path)))
    assert len(before.words)
    assert np.array_equal(before.words, after.words)
    assert np.array_equal(before.starts, after.starts)


def test_a_run_that_learnt_from_marks_shows_the_words_that_people_mark(run, corpus):
    assert run.lexicons["icd10"].statistics[0].marks is not None
    answer = CliRunner().invoke(app, ["evaluate", str(run.path), str(corpus.path), "--evidence", "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)["ten"]["evidence"]
    spans = found["coded_spans"]
    assert spans["marked"] == found["people"]["all"]["pairs"]
    assert spans["right"] == spans["coded"]  # where the code is right, its words are
    assert spans["f1"] > 0.9
    assert found["people"]["all"]["evidence"]["f1"] > 0.9
    falls = found["without_and_only"]
    assert falls["evidence"]["comprehensiveness"] > falls["random"]["comprehensiveness"]
    report = (run.path / "evaluations" / "ten-test" / "report.html").read_text()
    assert "Codes with their spans" in report


def test_what_the_starter_reads_is_the_evidence_of_a_code_that_nobody_marked(run):
    asthma = {"icd10cm:J45.909": "Unspecified asthma, uncomplicated"}
    (found,) = Coder.load(run.path).code(OTHER, codes=asthma, top=1)
    assert [span.text for span in found.evidence] == ["Asthma"]


def test_codes_off_the_shortlist_keep_their_order_below_it():
    trees = BoostedTrees(*np.zeros((2, 1, 1), np.int16)[[0]].repeat(5, 0).reshape(5, 1, 1), base=2.0)
    prior = Prior(trees, floor=-1.0, seen_floor=-1.0, least=-9.0)
    lexical = np.array([3.0, -2.0, -4.0, 0.0], np.float32)
    found = prior.logits_of(lexical, np.array([0, 3]), np.zeros((2, len(PRIOR_FEATURES))))
    assert found.tolist() == [2, -10, -12, 2]


def test_no_code_on_the_shortlist(run):
    scorer = Scorer(run, {"icd10cm:A00.0": "Cholera due to Vibrio cholerae 01, biovar cholerae"}, "icd10")
    (scores,) = scorer.score([scorer.read("nothing")])
    assert np.isfinite(scores.logits.numpy()).all()


def test_codes_that_training_notes_carried_are_weighed_where_the_note_says_nothing_of_them(run):
    seen = {key: "a code" for key, notes in run.train_notes.items() if notes and key.startswith("icd10cm:")}
    new = {"icd10cm:A00.0": "Cholera due to Vibrio cholerae 01, biovar cholerae"}
    scorer = Scorer(run, seen | new, "icd10")
    (scores,) = scorer.score([scorer.read("nothing")])
    *own, foreign = scores.lexical.tolist()
    assert min(own) > foreign
    assert foreign <= run.priors["icd10"].least


def _damaged(run, folder, change):
    shutil.copytree(run.path, folder, ignore=shutil.ignore_patterns("evaluations"))
    change(folder)
    write_manifest(
        folder, [name for name in json.loads((folder / MANIFEST).read_text()) if (folder / name).exists()]
    )
    return folder


def _renamed(folder):
    stored = json.loads((folder / "priors.json").read_text())
    stored["icd10"]["features"][0] = "another"
    (folder / "priors.json").write_text(json.dumps(stored))


def _circular(folder):
    arrays = load_file(folder / "priors.safetensors")
    arrays["icd10.left"][:] = 0
    arrays["icd10.left"][0, 0] = -3
    save_file(arrays, folder / "priors.safetensors")


def _not_translated(folder):
    arrays = load_file(folder / "associations.safetensors")
    arrays["icd10.own.translations.english"] = np.frombuffer(b"one line", np.uint8)
    save_file(arrays, folder / "associations.safetensors")


def _without_a_mark(folder):
    arrays = load_file(folder / "associations.safetensors")
    arrays["icd10.own.marks.starts"] = arrays["icd10.own.marks.starts"][:-1]
    save_file(arrays, folder / "associations.safetensors")


def _of_no_version(folder):
    stored = json.loads((folder / "priors.json").read_text())
    (folder / "priors.json").write_text(json.dumps({"icd11": stored["icd10"]}))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_renamed, "features"),
        (_circular, "come after"),
        (_of_no_version, "knows no such version"),
        (_not_translated, "no phrases with their translations"),
        (_without_a_mark, "no words of marks"),
    ],
)
def test_a_stranger_s_prior(run, tmp_path, change, fault):
    with pytest.raises(InputError, match=fault):
        Run.open(_damaged(run, tmp_path / "run", change))


def test_codes_of_which_nothing_speaks_share_their_features(run):
    keys = list(some(whole_systems(run.index.code), 3_000))
    matcher = run.matcher("icd10", keys, ["a title"] * len(keys))
    found = matcher.match(Scorer(run, {}, "icd10").words(NOTE)).features
    columns = np.arange(0, len(keys), 2)
    features, which = matcher.distinct_features(found, columns)
    assert len(features) < len(columns) / 2
    assert np.array_equal(features[which], matcher.dense_features([found], columns)[0])
