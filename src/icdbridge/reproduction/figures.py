"""Figure 1 (c) of the paper: what adding other versions gains on rare and on frequent codes."""

from icdbridge.evaluation.reports import plots
from icdbridge.evaluation.results import NAMES
from icdbridge.report_page import Section, write_page
from icdbridge.reproduction import paper
from icdbridge.reproduction.paper import CNN, CNN_ALONE, RNN, RNN_ALONE
from icdbridge.reproduction.study import SEEDS, Study
from icdbridge.text_table import Table, percent

# what the paper shows, in percent: DualLAAT cnn on rare codes (table 2), the recurrent one on frequent codes (table 1)
PANELS = (
    ("rare", "f1_micro", CNN_ALONE, CNN, (8.4, 10.7)),
    ("frequent", "f1_macro", RNN_ALONE, RNN, (27.9, 29.9)),
)


def figure_1(study: Study) -> Table:
    """Writes figure1.html into the study's folder, and returns its figures."""
    systems, rows, bars = study.duals(), [], {}
    for scope, metric, alone, mixed, printed in PANELS:
        before = study.figures(systems[alone], study.target, scope)[metric]
        after = study.gain(systems[alone], systems[mixed], study.target, scope)[metric]
        gain = f"{100 * after['relative']:+.0f} %" if after["relative"] is not None else "-"
        what = f"{scope} codes, {NAMES[metric]}"
        cells = [percent(one["mean"], one["sd"]) for one in (before, after)]
        if paper.dataset(study.corpora[study.target]) == paper.IV_10:
            cells = [f"{cell} [{figure:.1f}]" for cell, figure in zip(cells, printed, strict=True)]
        rows.append([what, alone, *cells, gain])
        bars[what] = {"target alone": [before["mean"]], "+ other versions": [after["mean"]]}
    columns = ["", "model", "target alone", "+ other versions", "relative"]
    table = Table(f"Figure 1 (c): gains on {study.target}{study.tag}", columns, rows, 2, study.note(SEEDS))
    drawn = plots.panels_over("figure1", [study.target], bars, study.tag)
    section = Section("Gains of adding other versions to training", [drawn, table])
    lead = f"Test notes of {study.target}; the same model trained on its notes alone and on those of all corpora."
    path = study.folder / "figure1.html"
    write_page(path, "Figure 1 (c)", lead, [], [section], study.synthetic, "runs/*/evaluations")
    return table
