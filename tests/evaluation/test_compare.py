"""Comparisons: differences, seeds, the same bins for all, and what cannot be compared."""

import json
import shutil

import numpy as np
import pytest

from icdbridge.errors import InputError
from icdbridge.evaluation.compare import compare_groups, read_groups
from icdbridge.evaluation.evaluate import evaluate
from icdbridge.evaluation.reports.comparison_report import (
    differences_table,
    figures_table,
    tail_table,
    write_comparison,
)

from .conftest import MadeUpRun, made_up_corpus


@pytest.fixture(scope="module", autouse=True)
def no_reports():
    """Of single runs: they have tests of their own, and their plots take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("icdbridge.evaluation.evaluate.write_report", lambda results, path: None)
        yield


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Four evaluated runs: two seeds alone, two mixed (better)."""
    folder, corpus = tmp_path_factory.mktemp("evaluated"), made_up_corpus()
    for name, skill, seed in (("alone1", 1.5, 1), ("alone2", 1.5, 2), ("mixed1", 3.0, 3), ("mixed2", 3.0, 4)):
        path = folder / name
        path.mkdir()
        config = {"settings": {"epochs": 3, "seed": seed}, "corpora": [name[:5]], "created": name}
        evaluate(MadeUpRun(path, skill=skill, seed=seed, config=config), corpus)
    return folder


@pytest.fixture
def runs(tmp_path, evaluated):
    """A copy of the evaluated runs, to be changed at will."""
    shutil.copytree(evaluated, tmp_path, dirs_exist_ok=True)
    return {path.name: str(path) for path in tmp_path.iterdir()}


def test_differences_are_against_the_first(runs):
    results = compare_groups(read_groups([runs["alone1"], runs["mixed1"]], None, "test"))
    first, second = results["groups"]
    assert results["baseline"] == "alone1"
    assert results["synthetic"] is True
    for metric in ("auc_micro", "f1_macro", "map"):
        before, after = (group["scopes"]["full"]["present"][metric] for group in (first, second))
        assert "difference" not in before
        assert after["difference"] == pytest.approx(after["mean"] - before["mean"])
        assert after["relative"] == pytest.approx(after["mean"] / before["mean"] - 1)
    micro = second["scopes"]["full"]["present"]["f1_micro"]
    assert micro["p"] < 0.05
    assert 0 < micro["interval"][0] < micro["difference"] < micro["interval"][1]
    for metric in ("f1_macro", "auc_micro", "auc_macro"):
        tested = second["scopes"]["full"]["present"][metric]
        assert tested["interval"][0] < tested["difference"] < tested["interval"][1]
        assert tested["p"] < 0.05
    json.dumps(results, allow_nan=False)


def test_seeds_give_mean_and_sd(runs):
    groups = [f"alone={runs['alone1']},{runs['alone2']}", f"mixed={runs['mixed1']},{runs['mixed2']}"]
    results = compare_groups(read_groups(groups, "plainly-a-test", "test"))
    assert [group["label"] for group in results["groups"]] == ["alone", "mixed"]
    assert all(group["same_settings"] for group in results["groups"])
    found = results["groups"][0]["scopes"]["rare"]["all"]["f1_micro"]
    assert len(found["values"]) == 2
    assert found["mean"] == pytest.approx(np.mean(found["values"]))
    assert found["sd"] == pytest.approx(np.std(found["values"], ddof=1))
    assert "±" in figures_table(results).markdown()
    mixed_up = compare_groups(read_groups([f"both={runs['alone1']},{runs['mixed1']}"], None, "test"))
    assert not mixed_up["groups"][0]["same_settings"]


def test_the_long_tail_has_the_same_codes_for_all(tmp_path, runs, corpus):
    class SawMore(MadeUpRun):
        train_notes = property(lambda self: {f"icd10cm:A{number:02d}": 1000 for number in range(40)})

    path = tmp_path / "more"
    path.mkdir()
    evaluate(SawMore(path), corpus)
    first, second = compare_groups(read_groups([runs["alone1"], str(path)], None, "test"))["groups"]
    sizes = [[(row["codes"], row["labels"]) for row in group["long_tail"]] for group in (first, second)]
    assert sizes[0] == sizes[1]


def test_tables_and_report(runs, tmp_path):
    results = compare_groups(read_groups([runs["alone1"], runs["mixed1"]], None, "test"))
    lines = differences_table(results).markdown().splitlines()
    assert lines[0] == "**Difference from alone1, percentage points (synthetic)**"
    assert len([line for line in lines if line.startswith("| full | mixed1")]) == 1
    assert "F1 micro, mixed1" in tail_table(results).columns
    write_comparison(results, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 4
    for heading in (
        "Side by side",
        "Gain over alone1",
        "The long tail",
        "Training curves",
        "mixed1 less alone1",
    ):
        assert heading in page


def test_what_was_not_evaluated_is_named(runs, tmp_path, corpus):
    bare = tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(InputError, match="bare was not evaluated on test notes"):
        read_groups([runs["alone1"], str(bare)], None, "test")
    with pytest.raises(
        InputError, match=r"bare was not evaluated on plainly-a-test test \(it was on no corpus\)"
    ):
        read_groups([runs["alone1"], str(bare)], "plainly-a-test", "test")
    with pytest.raises(InputError, match="not a folder"):
        read_groups([runs["alone1"], str(tmp_path / "nowhere")], None, "test")
    with pytest.raises(InputError, match="on val notes"):
        read_groups([runs["alone1"], runs["mixed1"]], None, "val")


def test_mismatched_corpora_are_refused(runs, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    evaluate(MadeUpRun(other), made_up_corpus(name="elsewhere"))
    with pytest.raises(InputError, match="no common corpus"):
        read_groups([runs["alone1"], str(other)], None, "test")
    changed = tmp_path / "changed"
    changed.mkdir()
    counts = {"train": 100, "val": 30, "test": 59, "total": 189}
    evaluate(MadeUpRun(changed), made_up_corpus(counts=counts))
    with pytest.raises(InputError, match="differ in notes, codes or labels"):
        read_groups([runs["alone1"], str(changed)], None, "test")


def test_which_corpus_must_be_said_when_there_are_two(tmp_path, runs, corpus):
    for name in ("alone1", "mixed1"):
        evaluate(MadeUpRun(tmp_path / name), made_up_corpus(name="second"))
    with pytest.raises(InputError, match="on plainly-a-test, second: choose by --corpus"):
        read_groups([runs["alone1"], runs["mixed1"]], None, "test")
    assert read_groups([runs["alone1"], runs["mixed1"]], "second", "test")[0].label == "alone1"


def test_labels_must_differ_and_name_runs(runs):
    with pytest.raises(InputError, match="two runs are called alone1"):
        read_groups([runs["alone1"], runs["alone1"]], None, "test")
    with pytest.raises(InputError, match="names no run"):
        read_groups(["label="], None, "test")


def test_damaged_figures_are_named(runs, tmp_path):
    file = tmp_path / "alone1" / "evaluations" / "plainly-a-test-test" / "metrics.json"
    file.write_text('{"format": 99}')
    with pytest.raises(InputError, match="format 3"):
        read_groups([runs["alone1"], runs["mixed1"]], None, "test")
    file.write_text('{"format": ')
    with pytest.raises(InputError, match="not valid JSON"):
        read_groups([runs["alone1"], runs["mixed1"]], None, "test")
