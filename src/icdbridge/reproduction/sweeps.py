"""Sweeps: one setting varied, its effect on the target's frequent and rare codes, one plot each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from icdbridge.corpora import Corpus
from icdbridge.corpora.shares import take_share
from icdbridge.errors import InputError
from icdbridge.evaluation.reports import plots
from icdbridge.evaluation.results import NAMES
from icdbridge.report_page import Section, write_page
from icdbridge.reproduction.study import Study, System
from icdbridge.text_table import Table, percent

LINES = (("frequent", "f1_micro"), ("frequent", "f1_macro"), ("rare", "f1_micro"), ("rare", "map"))

# name -> what it varies, in words; the values by default
SWEEPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "label-space": ("codes a batch is scored against, |L|", ("512", "1024", "2048", "4096", "8192")),
    "icd9-share": ("share of the other versions' training notes added, %", ("0", "10", "25", "50", "100")),
    "heads": ("attention heads", ("1", "2", "4", "8")),
    "negatives": ("where negatives come from", ("train", "corpora", "system")),
}


def sweep(study: Study, name: str, model: str, values: Sequence[str] = ()) -> tuple[Table, Markup]:
    """The table of a sweep and its plot (SVG), from runs of ``model`` on all corpora."""
    if name not in SWEEPS:
        raise InputError(f"unknown sweep {name!r}: known are {', '.join(SWEEPS)}")
    what, default = SWEEPS[name]
    values = list(values or default)
    point: Callable[[str], tuple[Study, System]]
    if name == "icd9-share":
        if not all(value.isdigit() and int(value) <= 100 for value in values):
            raise InputError(f"shares are whole percentages from 0 to 100, not {', '.join(values)}")

        def point(value: str) -> tuple[Study, System]:
            return _with_share(study, model, int(value))
    else:
        setting = name.replace("-", "_")

        def point(value: str) -> tuple[Study, System]:
            return study, study.mixed(value, model, f"{setting}={value}")

    found = []
    for value in values:
        one, system = point(value)
        found.append({scope: one.figures(system, one.target, scope) for scope in ("frequent", "rare")})
    rows = [
        [value, *(percent(at[scope][metric]["mean"], at[scope][metric]["sd"]) for scope, metric in LINES)]
        for value, at in zip(values, found, strict=True)
    ]
    columns = [what, *(f"{scope} {NAMES[metric]}" for scope, metric in LINES)]
    note = f"{model}, seeds: {study.seeds}, preset {study.preset}; mean ± standard deviation over seeds, in percent."
    table = Table(f"{name} on {study.target}{study.tag}", columns, rows, 1, note)
    panels = {
        f"{scope} codes": {
            NAMES[metric]: [at[scope][metric]["mean"] for at in found]
            for where, metric in LINES
            if where == scope
        }
        for scope in ("frequent", "rare")
    }
    return table, plots.panels_over(f"sweep-{name}", values, panels, study.tag, across=what, lines=True)


def _with_share(study: Study, model: str, share: int) -> tuple[Study, System]:
    """The study with a share of the training notes of all corpora but the target, the same notes each time."""
    if share == 0:
        return study, study.alone("0", model, study.target)
    if share == 100:
        return study, study.mixed("100", model)
    corpora = {study.target: study.corpora[study.target]}
    for name in study.others:
        path = study.folder / "corpora" / f"{name}-{share}"
        if not path.exists():
            take_share(study.corpora[name], share / 100, path)
        corpora[path.name] = Corpus.open(path)
    part = replace(study, corpora=corpora)
    return part, part.mixed(str(share), model)


def write_sweep(folder: Path, name: str, table: Table, plot: Markup, synthetic: bool) -> Path:
    """The page of a sweep: its plot and its table."""
    section = Section(SWEEPS[name][0], [plot, table])
    path = folder / f"sweep-{name}.html"
    lead = "Runs of one model that differ in one setting, on the test notes of one corpus."
    write_page(path, f"Sweep: {name}", lead, [], [section], synthetic, "runs/*/evaluations")
    return path
