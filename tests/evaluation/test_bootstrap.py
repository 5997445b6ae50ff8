"""Intervals and the paired test, against physically resampling the notes and scoring the metrics anew."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import logit
from sklearn import metrics as sk

from icdbridge.evaluation.bootstrap import draws, intervals, paired, resampled
from icdbridge.evaluation.contributions import Contributions, predicted_cells
from icdbridge.evaluation.results import AUCS, METRICS, VIEWS, scope_figures, scope_table
from icdbridge.runs.scored import Scored

from .conftest import SUMMED, made_up

MACRO = ("f1_macro", *AUCS)  # those that are not sums over notes

THRESHOLD = 0.3


def contributions(scored):
    found = scope_figures(scope_table(scored, "full"), len(scored.note_ids), THRESHOLD)
    return Contributions(found.per_note, found.cells, len(scored.codes))


def notes_of(**settings):
    return contributions(made_up(**settings))


def ones(notes):
    return np.ones((1, notes), np.float32)


def picked(scored, times):
    """The split in which each note is there as often as it was drawn."""
    rows = np.repeat(np.arange(len(times)), times.astype(int))
    ids = [f"{row}-{number}" for number, row in enumerate(rows)]
    return Scored(
        ids, scored.codes, scored.n_frequent, scored.logits[rows], sparse.csr_array(scored.labels[rows])
    )


def test_a_resample_is_the_metric_of_the_notes_drawn():
    scored = made_up()
    drawn = draws(60, 3)
    assert drawn.sum(axis=1).tolist() == [60, 60, 60]
    found = resampled(contributions(scored), drawn)
    for row in range(3):
        figures = scope_figures(scope_table(picked(scored, drawn[row]), "full"), 60, THRESHOLD).figures
        for view in ("all", "half"):
            for name in (*SUMMED, "f1_macro"):
                assert found[view][name][row] == pytest.approx(figures[view][name], rel=1e-5), (view, name)
        assert found["present"]["f1_macro"][row] == pytest.approx(figures["present"]["f1_macro"], rel=1e-5)


@pytest.mark.parametrize("ties", [False, True])
def test_not_resampled_each_metric_is_its_figure(ties):
    scored = made_up(notes=80)
    if ties:
        scored.logits[:] = np.round(scored.logits)
    table = scope_table(scored, "full")
    figures = scope_figures(table, 80, THRESHOLD).figures
    found = resampled(contributions(scored), ones(80))
    for view in VIEWS:
        for name in (*SUMMED, "f1_macro"):
            assert found[view][name][0] == pytest.approx(figures[view][name], rel=1e-6)
        for name in ("auc_micro", "auc_macro"):
            assert found[view][name][0] == pytest.approx(figures[name], rel=1e-6)


def areas(scored):
    labels = scored.labels.toarray()
    both = labels.any(axis=0) & ~labels.all(axis=0)
    micro = sk.roc_auc_score(labels.ravel(), scored.logits.ravel())
    return micro, sk.roc_auc_score(labels[:, both], scored.logits[:, both], average="macro")


def test_the_projection_of_auc_spreads_as_auc_itself():
    # brute force: AUC of each resample of the notes, all pairs counted anew
    scored = made_up(notes=150, codes=12, n_frequent=12, skill=1.2)
    scored.logits[:] += np.random.default_rng(3).normal(size=(150, 1))  # cells of a note are not independent
    drawn = draws(150, 100)
    areas_of = np.array([areas(picked(scored, row)) for row in drawn]).T
    found_of = resampled(contributions(scored), drawn)["all"]
    for name, exact in zip(("auc_micro", "auc_macro"), areas_of, strict=True):
        found = found_of[name]
        # of a code of m labels the projection spreads wider by sqrt(m / (m - 1)): here by at most 5%
        assert found.std() == pytest.approx(exact.std(), rel=0.06 if name == "auc_micro" else 0.12)
        assert np.corrcoef(found, exact)[0, 1] > 0.95
        assert np.abs(found - exact).mean() < 0.25 * exact.std()  # a small part of the width of the interval


def test_same_draws_each_time():
    notes = notes_of()
    assert intervals(notes, resamples=50) == intervals(notes, resamples=50)


def test_the_interval_of_a_mean_is_about_that_of_the_normal_distribution():
    notes = notes_of(notes=2000)
    low, high = intervals(notes, 500)["all"]["map"]
    values = notes.notes["all_map"]
    expected = 2 * 1.96 * values.std() / np.sqrt(len(values))
    assert high - low == pytest.approx(expected, rel=0.15)


def test_intervals_hold_what_such_splits_have_on_average():
    # 80 splits drawn from one source; about 95% of their intervals should hold the mean figure of all splits
    found = {name: [] for name in MACRO}
    for seed in range(80):
        scored = made_up(seed=seed, labels_seed=1_000 + seed, notes=120, skill=1.5)
        given = contributions(scored)
        figures, ends = resampled(given, ones(120))["present"], intervals(given, 120)["present"]
        for name in MACRO:
            found[name].append((figures[name][0], *ends[name]))
    for name in MACRO:
        figures, low, high = np.array(found[name]).T
        held = np.mean((low <= figures.mean()) & (figures.mean() <= high))
        assert 0.86 <= held <= 1.0, name
        # about the figure, though rare codes pull resamples down
        assert np.all((low < figures) & (figures < high)), name


def test_paired_against_itself_shows_nothing_and_against_a_better_run_shows_it():
    worse, better = notes_of(skill=1.0), notes_of(skill=4.0)
    same = paired([worse], [worse], 200)
    assert all(found == {"interval": [0, 0], "p": 1.0} for view in VIEWS for found in same[view].values())
    tested = paired([worse], [better], 200)
    for view in VIEWS:
        assert set(tested[view]) == set(METRICS)
    for name in ("f1_micro", *MACRO):
        assert tested["present"][name]["p"] < 0.02
        assert tested["present"][name]["interval"][0] > 0
    back = paired([better], [worse], 200)
    for name in ("map", *MACRO):
        expected = [-end for end in tested["present"][name]["interval"][::-1]]
        assert back["present"][name]["interval"] == pytest.approx(expected)


def test_two_runs_that_are_equally_good_are_rarely_told_apart():
    # under the null about 5% of p-values lie below 0.05
    small = dict.fromkeys(MACRO, 0)
    for seed in range(40):
        one, two = (notes_of(seed=2 * seed + side, labels_seed=seed, notes=80) for side in (0, 1))
        tested = paired([one], [two], 100)["present"]
        for name in MACRO:
            small[name] += tested[name]["p"] < 0.05
    assert all(count <= 7 for count in small.values()), small


def test_seeds_are_averaged():
    one, two, other = notes_of(seed=1), notes_of(seed=2), notes_of(seed=3, skill=2.5)
    for name in ("map", "f1_macro"):
        both = paired([other], [one, two], 100)["all"][name]["interval"]
        single = [paired([other], [side], 100)["all"][name]["interval"] for side in (one, two)]
        assert min(s[0] for s in single) <= both[0] <= both[1] <= max(s[1] for s in single)


def test_a_run_that_predicts_nearly_everything_has_no_interval_for_macro_f1():
    logits = np.ones((20, 300), np.float32)
    labels = sparse.csr_array(np.eye(20, 300, dtype=bool))
    given = contributions(
        Scored([str(n) for n in range(20)], [str(c) for c in range(300)], 300, logits, labels)
    )
    assert given.cells["predicted"] is not None  # 20 codes occur: not many are predicted of those
    counts, which = predicted_cells(logits, np.arange(300), logit(0.5))
    assert counts.tolist() == [300] * 20
    assert which is None
    given.cells["predicted"] = None
    found = intervals(given, 20)
    assert "f1_macro" not in found["all"]
    assert {"f1_macro", "auc_micro"} <= set(found["half"])
    assert "f1_macro" not in paired([given], [given], 20)["present"]


def test_every_cell_a_label_has_no_auc():
    labels = sparse.csr_array(np.ones((4, 3), bool))
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    found = intervals(contributions(Scored(list("abcd"), list("xyz"), 3, logits, labels)), 20)
    assert "auc_micro" not in found["all"]
    assert "auc_macro" not in found["all"]
    assert "f1_micro" in found["all"]
