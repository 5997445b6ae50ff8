"""Plots of the reports."""

import pytest

from icdbridge.evaluation.reports.plots import panels_over


@pytest.mark.parametrize("lines", [False, True])
def test_several_runs_are_told_apart(lines):
    series = {"alone-run": [0.1, None], "mixed-run": [0.2, 0.3]}
    drawn = panels_over("tail", ["0", "1-4"], {"F1": series, "Recall": series}, lines=lines)
    assert all(drawn.count(f"{name}</text>") == 1 for name in series)
    alone = panels_over("tail", ["0", "1-4"], {"F1": {"alone-run": [0.1, None]}}, lines=lines)
    assert "alone-run" not in alone
