"""The candidate search of a run: from training notes to proposals, stored in the run folder."""

import copy
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from tests.small import WORDS, make_corpus, tiny_settings

from icdbridge import Coder
from icdbridge.codes import Code
from icdbridge.coding.trained import TrainedCoder
from icdbridge.errors import InputError
from icdbridge.evaluation.evaluate import evaluate
from icdbridge.lexical.note import NoteWords
from icdbridge.runs.candidate_search import CandidateCounts, Proposer
from icdbridge.runs.run import Run
from icdbridge.runs.scorer import Scorer
from icdbridge.training import distill_candidates, train
from icdbridge.training.distill_candidates import Examples, index_run, train_linear

OWN = {
    "mine:A": "Aortic aneurysm of the abdomen",
    "mine:B": "Bite of a sheep",
    "mine:C": "Contact with a kettle",
}

# a code system, as far as a test needs it: codes of which no name is in a note
ALL = {f"icd10cm:Z{number:02}": f"Encounter for reason {number}" for number in range(10, 60)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two versions with its corpora; not indexed."""
    folder = tmp_path_factory.mktemp("indexed")
    corpora = [make_corpus(folder, "ten", "icd10", 80), make_corpus(folder, "nine", "icd9", 60, seed=1)]
    train(corpora, folder / "run", tiny_settings(epochs=4, learning_rate=0.01))
    return folder / "run", corpora


@pytest.fixture(scope="module")
def indexed(trained):
    run = Run.open(trained[0])
    terms = {Code("icd10cm", "I10"): ["Raised pressure"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distill_candidates, "whole_systems", lambda keys: ALL)
        found = index_run(run, trained[1], terms, target=0.9, dimensions=8)
    return Run.open(trained[0]), trained[1], found


@pytest.fixture
def searched(indexed):
    """The run, whose candidate search holds all that it predicts among codes that it did not learn."""
    run = Run.open(indexed[0].path)
    held = CandidateCounts(5, 400, 1.0, 0.9, 9)
    run.candidates.counts = {
        version: replace(counts, among_all=held) for version, counts in run.candidates.counts.items()
    }
    return run


def test_a_run_without_index_says_how_to_make_one(trained, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(trained[0], folder, ignore=shutil.ignore_patterns("candidates"))
    with pytest.raises(InputError, match="icdbridge index"):
        Coder.load(folder).code("dyspnea", "icd10", candidates=True)
    assert Coder.load(folder).code("dyspnea", "icd10")


def test_what_is_stored_is_what_was_made(indexed):
    run, _, made = indexed
    assert run.candidates.counts == made.counts
    assert list(run.candidates.names) == run.index.code
    assert any(name == ("Raised pressure", "index") for name in run.candidates.names["icd10cm:I10"])
    np.testing.assert_allclose(run.candidates.linear.codes, made.linear.codes, rtol=1e-3, atol=1e-4)
    assert not list(run.path.rglob("*.pkl"))


def test_the_counts_reach_the_target_on_val(indexed):
    for counts in indexed[2].counts.values():
        assert counts.recall >= counts.target == 0.9
        assert counts.notes > 0
        assert counts.recall - 0.2 < counts.bound < counts.recall


def test_the_linear_half_learns_which_words_the_model_reads_as_which_code():
    """30 words, each the sign of one code of 30; a note has five of them, the model gave its codes their shares."""
    rng = np.random.default_rng(0)
    notes = [np.sort(rng.choice(30, 5, replace=False)) for _ in range(300)]
    taught = Examples(notes, np.array(notes), np.full((300, 5), 0.2, np.float32), slice(10, 40))
    linear = train_linear([taught], 30, 40, dimensions=32, epochs=12, seed=0)
    for note in (np.array([1, 2, 3]), np.array([29, 0])):
        scores = linear.codes[10:] @ linear.bag(note) + linear.bias[10:]
        assert sorted(np.argsort(-scores)[: len(note)]) == sorted(note)
    assert not linear.codes[:10].any()  # codes of the other version


def test_codes_never_seen_are_proposed_by_their_names(searched):
    run = searched
    proposer = Proposer(run.candidates, list(OWN), list(OWN.values()))
    text = "bitten? No: a bite of a sheep."
    ids = run.tokenizer.encode(text, 100).ids
    assert proposer.propose(NoteWords(text), ids, CandidateCounts(5, 2, 1.0, 1.0, 1)).tolist() == [1]
    found = TrainedCoder(run).code(text, codes=OWN, candidates=True)
    exact = {item.code: item.probability for item in TrainedCoder(run).code(text, codes=OWN)}
    assert [item.code for item in found] == ["B"]
    assert found[0].probability == pytest.approx(exact["B"], abs=1e-6)
    assert found[0].train_notes == 0
    assert TrainedCoder(run).code("patient well", codes=OWN, candidates=True) == []


def test_of_codes_that_were_given_each_is_encoded_once(searched, monkeypatch):
    run, encode, asked = searched, Run.queries, []
    monkeypatch.setattr(Run, "queries", lambda run, *codes: asked.append(codes[0]) or encode(run, *codes))
    coder = TrainedCoder(run)
    first, both = "bite of a sheep", "bite of a sheep, contact with a kettle"
    found = [coder.code(text, codes=OWN, candidates=True) for text in (first, both, first)]
    assert asked == [["mine:B"], ["mine:C"]]
    assert found[0] == found[2]
    exact = {one.code: one.probability for one in coder.code(both, codes=OWN)}
    assert {one.code: one.probability for one in found[1]} == pytest.approx(
        {c: exact[c] for c in "BC"}, abs=1e-6
    )


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_candidates_get_their_exact_scores(indexed, precision):
    run = Run.open(indexed[0].path, precision=precision)
    run.candidates.counts = {"icd10": CandidateCounts(2, 1, 1.0, 1.0, 1)}
    scorer = Scorer(run, run.index.of_version("icd10"), "icd10")
    for text in ["patient dyspnea", "metformin and creatinine today", "well"]:
        note = scorer.read(text)
        (exact,), (found,) = (list(scorer.score([note], candidates=searched)) for searched in (False, True))
        assert 0 < len(found.columns) <= 3
        assert exact.columns.tolist() == list(range(5))
        np.testing.assert_allclose(found.logits, exact.logits[found.columns], atol=1e-5)


def test_codes_that_were_not_learned_go_by_what_was_measured_among_all(indexed):
    candidates = copy.copy(indexed[0].candidates)
    candidates.counts = {
        "icd10": CandidateCounts(75, 50, 1.0, 0.9, 9, among_all=CandidateCounts(75, 400, 0.95, 0.9, 9)),
        "icd9": CandidateCounts(9, 60, 1.0, 0.9, 9, among_all=CandidateCounts(100, 400, 0.91, 0.9, 9)),
    }
    learned = list(indexed[0].index.of_version("icd10"))
    assert candidates.counts_for(learned, "icd10").lexical == 50
    assert candidates.counts_for(learned[:2], None).lexical == 50
    found = candidates.counts_for(OWN, None)
    assert (found.linear, found.lexical, found.recall) == (100, 400, 0.91)
    assert candidates.counts_for([*learned, "icd10cm:Z99.9"], "icd10") == found


def test_all_codes_are_scored_where_the_search_would_lose_some_or_nothing_was_measured(indexed):
    run = Run.open(indexed[0].path)
    kept = run.candidates.counts
    lossy = replace(kept["icd10"], among_all=CandidateCounts(5, 400, 0.5, 0.9, 9))
    text, nine = "patient well, dyspnea", run.index.of_version("icd9")
    for counts in ({**kept, "icd10": lossy}, {"icd10": replace(kept["icd10"], among_all=None)}):
        run.candidates.counts = counts
        coder = TrainedCoder(run)
        assert coder.code(text, codes=OWN, candidates=True) == coder.code(text, codes=OWN)
        assert coder.scored_codes(None, OWN, candidates=True) == len(OWN)
        assert coder.unsearched("icd10", None) is None
    assert "was not measured" in coder.unsearched(None, OWN)
    assert "was not measured" in coder.unsearched("icd9", None)
    assert coder.code(text, "icd9", candidates=True) == coder.code(text, "icd9")
    both = {**nine, **run.index.of_version("icd10")}
    assert coder.code(text, codes=both, candidates=True) == coder.code(text, codes=both)
    run.candidates.counts = {"icd10": lossy}
    assert "find 50.0% of what the run predicts among such codes, not 90.0%" in coder.unsearched(None, OWN)


def test_a_list_that_names_find_nothing_in_does_not_reach_the_recall(indexed):
    """The run reads no names, so it predicts codes of which the note has no word."""
    run, _, made = indexed
    found = made.counts["icd10"].among_all
    assert found.lexical >= 50  # all there are
    scorer = Scorer(run, {**run.index.of_version("icd10"), **ALL}, "icd10")
    assert found.reached == (scorer.counts is not None)
    lost = []
    for text in indexed[1][0].column("text", "val"):
        (exact,) = scorer.score([scorer.read(text)])
        predicted = np.flatnonzero(expit(exact.logits.numpy()) > scorer.thresholds)
        lost += [column >= 5 for column in predicted]
    assert found.recall == pytest.approx(1 - np.mean(lost))


def test_a_successor_is_proposed_by_the_words_of_what_it_replaced(indexed):
    run = indexed[0]
    learned = list(run.index.of_version("icd10"))
    stands_for = {"icd10cm:X00": learned[2]}
    codes = [*learned[:2], "icd10cm:X00", *learned[3:]]
    texts = ["nothing"] * len(codes)
    ids = run.tokenizer.encode("patient dyspnea metformin", 100).ids
    expected = Proposer(run.candidates, learned, texts).linear_order(ids, 5)
    assert (
        Proposer(run.candidates, codes, texts, stands_for).linear_order(ids, 5).tolist() == expected.tolist()
    )


def test_the_coder_gives_the_same_suggestions_where_all_are_candidates(indexed):
    run = indexed[0]
    everything = {version: CandidateCounts(99, 99, 1.0, 1.0, 1) for version in run.versions}
    run.candidates.counts = everything
    coder = TrainedCoder(run)
    text = f"patient was seen, {WORDS[0]} and {WORDS[3]}"
    exact, found = (coder.code(text, "icd10", candidates=searched) for searched in (False, True))
    assert [(item.code, item.evidence) for item in found] == [(item.code, item.evidence) for item in exact]


def test_an_evaluation_compares_both_ways(indexed, tmp_path):
    run, corpora, _ = indexed
    results = evaluate(Run.open(run.path), corpora[0], "test", tmp_path / "out", candidates=True)
    found = results["candidates"]
    assert 0.5 < found["kept"] <= 1
    opened = Run.open(run.path)
    scored = opened.score_corpus(corpora[0], "test", tmp_path)
    predicted = expit(scored.logits) > opened.thresholds("icd10", scored.codes)
    right = np.count_nonzero(predicted & scored.labels.toarray())
    expected = 2 * right / (np.count_nonzero(predicted) + scored.labels.nnz)
    assert found["f1_micro"]["exact"] == pytest.approx(expected)
    assert found["candidates"] <= found["codes"] == 5
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["candidates"] == found
    assert "Candidate search" in (tmp_path / "out" / "report.html").read_text()


def test_bad_input_is_refused(trained, indexed):
    run, corpora = Run.open(trained[0]), trained[1]
    with pytest.raises(InputError, match=r"recall of 1\.5"):
        index_run(run, corpora, target=1.5)
    with pytest.raises(InputError, match="not in mine"):
        other = copy.copy(corpora[0])
        other.version = "mine"
        index_run(run, [other])


def test_a_damaged_index_is_named(indexed, tmp_path):
    shutil.copytree(indexed[0].path, tmp_path / "run")
    (tmp_path / "run" / "candidates" / "names.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"names\.parquet is damaged"):
        Run.open(tmp_path / "run").candidates  # noqa: B018
