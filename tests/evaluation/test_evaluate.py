"""The evaluation folder and its report."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import expit
from sklearn.metrics import f1_score

from icdbridge.errors import InputError
from icdbridge.evaluation.compare import compare_groups, read_groups
from icdbridge.evaluation.evaluate import evaluate, evaluation_folder
from icdbridge.evaluation.reports.comparison_report import decisions_table
from icdbridge.evaluation.results import SCOPES, VIEWS
from icdbridge.lexical.evidence import BANDS
from icdbridge.runs.confidence import FREQUENCIES, Band, Scale, VersionCalibration
from icdbridge.text_table import percent

from .conftest import MadeUpRun, made_up_corpus


def test_the_folder_holds_figures_tables_and_report(run, corpus):
    results = evaluate(run, corpus)
    folder = evaluation_folder(run.path, corpus.name, "test")
    assert sorted(file.name for file in folder.iterdir()) == [
        "cells.parquet",
        "codes.parquet",
        "manifest.json",
        "metrics.json",
        "notes.parquet",
        "report.html",
    ]
    assert [file.name for file in folder.parent.iterdir()] == [folder.name]  # no scores left behind
    text = (folder / "metrics.json").read_text()
    assert "NaN" not in text
    assert json.loads(text) == results
    assert (results["run"], results["corpus"], results["split"]) == ("alone", "plainly-a-test", "test")
    assert results["synthetic"] is True
    codes, notes = pq.read_table(folder / "codes.parquet"), pq.read_table(folder / "notes.parquet")
    assert codes.num_rows == 40
    assert notes.num_rows == sum(results["scopes"][scope]["notes"] for scope in SCOPES)
    assert codes["auc"].null_count == 40 - results["scopes"]["full"]["auc_macro_codes"]


def test_evaluating_again_replaces_the_folder(run, corpus):
    first = evaluate(run, corpus)
    run.skill = 4.0
    second = evaluate(run, corpus)
    folder = evaluation_folder(run.path, corpus.name, "test")
    assert json.loads((folder / "metrics.json").read_text()) == second != first


def test_report_has_tables_and_plots_and_fetches_nothing(run, corpus):
    results = evaluate(run, corpus)
    page = (evaluation_folder(run.path, corpus.name, "test") / "report.html").read_text()
    for heading in (
        "Metrics",
        "The long tail",
        "Precision and recall",
        "Training curves",
        "AUC micro",
        "MAP",
    ):
        assert heading in page
    assert page.count("<svg") == 4
    for scope in SCOPES:
        for view in VIEWS:
            assert f"<td>{100 * results['scopes'][scope][view]['f1_micro']:.1f}</td>" in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)  # links go to ids of this page only
    assert "url(http" not in page
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower().split()
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_synthetic_stands_beside_every_title_or_nowhere(run):
    def page(synthetic):
        corpus = made_up_corpus(synthetic=synthetic)
        evaluate(run, corpus)
        return (evaluation_folder(run.path, corpus.name, "test") / "report.html").read_text()

    marked = page(True)
    for title in re.findall(r"<h[12]>.*?</h[12]>|<caption>.*?</caption>", marked):
        assert "synthetic" in title
    assert marked.count("(synthetic)</text>") == 8  # the titles inside the plots
    assert "synthetic" not in page(False)


def test_names_are_escaped_in_the_report(tmp_path, corpus):
    path = tmp_path / "a<b>&c"
    path.mkdir()
    evaluate(MadeUpRun(path), corpus)
    page = (evaluation_folder(path, corpus.name, "test") / "report.html").read_text()
    assert "a<b>" not in page
    assert "a&lt;b&gt;&amp;c" in page


def test_a_run_without_a_log_and_a_corpus_without_val(tmp_path):
    class Silent(MadeUpRun):
        log = property(lambda self: [])

    path = tmp_path / "silent"
    path.mkdir()
    corpus = made_up_corpus(counts={"train": 100, "val": 0, "test": 60, "total": 160})
    results = evaluate(Silent(path), corpus)
    assert results["scopes"]["full"]["threshold"] == 0.5
    assert "no training log" in (evaluation_folder(path, corpus.name, "test") / "report.html").read_text()


def test_a_split_without_notes_is_refused(run):
    corpus = made_up_corpus(counts={"train": 100, "val": 30, "test": 0, "total": 130})
    with pytest.raises(InputError, match="plainly-a-test has no test notes"):
        evaluate(run, corpus)
    assert not (run.path / "evaluations").exists()


def test_nothing_is_left_when_scoring_fails(run, corpus, monkeypatch):
    def broken(*_):
        raise RuntimeError("stopped")

    monkeypatch.setattr(MadeUpRun, "score_corpus", broken)
    with pytest.raises(RuntimeError):
        evaluate(run, corpus)
    assert list((run.path / "evaluations").iterdir()) == []


def test_scores_of_val_are_gone_before_the_split_is_scored(run, corpus, monkeypatch):
    seen = []
    score = MadeUpRun.score_corpus

    def watched(self, corpus, split, folder):
        seen.append((split, sorted(path.name for path in folder.parent.iterdir())))
        (folder / "scores").write_text("large")
        return score(self, corpus, split, folder)

    monkeypatch.setattr(MadeUpRun, "score_corpus", watched)
    evaluate(run, corpus)
    assert seen == [("val", ["val"]), ("test", ["test"])]


def test_decisions_by_frequency_stand_beside_the_one_threshold(run, corpus):
    scales = {name: Scale(1.0, 0.0, 100, 50) for name in FREQUENCIES}
    bands = tuple(Band(name, above, 0, 0) for name, above in BANDS.items())
    thresholds = {"common": 0.3, "uncommon": 0.1, "unseen": 0.9}
    run.calibration = {"icd10": VersionCalibration(("a",), scales, bands, thresholds)}
    results = evaluate(run, corpus)
    scored = run.score_corpus(corpus, "test", evaluation_folder(run.path, corpus.name, "test"))
    seen = np.array([run.train_notes.get(code, 0) for code in scored.codes])
    group_of = {"common": seen >= 10, "uncommon": (seen > 0) & (seen < 10), "unseen": seen == 0}
    labels, probabilities = scored.labels.toarray(), expit(scored.logits.astype(float))
    one = results["scopes"]["full"]["threshold"]
    for way, of_code in (("one", np.full(40, one)), ("by_frequency", run.thresholds("icd10", scored.codes))):
        predicted = probabilities > of_code
        for name, own in {"all": np.ones(40, bool), **group_of}.items():
            found, p, y = results["decisions"][name][way], predicted[:, own], labels[:, own]
            assert found["predicted"] == p.sum()
            assert found["f1_micro"] == pytest.approx(f1_score(y, p, average="micro"))
            assert found["recall"] == pytest.approx((p & y).sum() / y.sum())
            present = y.any(axis=0)
            assert found["f1_macro"] == pytest.approx(
                f1_score(y[:, present], p[:, present], average="macro", zero_division=0)
            )
    assert results["scopes"]["full"]["all"]["f1_micro"] == results["decisions"]["all"]["one"]["f1_micro"]
    low, high = results["decisions"]["uncommon"]["difference"]["f1_micro"]["interval"]
    assert low <= results["decisions"]["uncommon"]["difference"]["f1_micro"]["value"] <= high
    page = (evaluation_folder(run.path, corpus.name, "test") / "report.html").read_text()
    assert "thresholds by training frequency" in page
    table = decisions_table(compare_groups(read_groups([str(run.path)], None, "test")))
    assert table.rows[0][2:] == [
        percent(results["decisions"]["all"][way]["f1_micro"]) for way in ("one", "by_frequency")
    ]


def test_a_run_that_decides_by_one_threshold_has_no_other_table(run, corpus):
    assert "decisions" not in evaluate(run, corpus)
    assert decisions_table(compare_groups(read_groups([str(run.path)], None, "test"))) is None
