"""The paper's tables 1 to 6 and figure 1, each from a study; the paper's own figures stand beside those of MIMIC."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from icdbridge.evaluation.reports.evaluation_report import PAPER
from icdbridge.evaluation.results import NAMES
from icdbridge.reproduction import paper
from icdbridge.reproduction.figures import figure_1
from icdbridge.reproduction.overlap import overlap
from icdbridge.reproduction.paper import CNN, CNN_ALONE, PLM, RNN, RNN_ALONE
from icdbridge.reproduction.study import SEEDS, Study, System
from icdbridge.text_table import Table, percent, points

ARROWS = "↑ ↓ →: trained on all corpora against trained on one."


def _plm(study: Study, corpus: str, *changes: str) -> System:
    return study.alone(PLM, "plm-icd", corpus, *changes)


def _cells(
    study: Study,
    system: System,
    corpus: str,
    scope: str,
    metrics: Sequence[str],
    printed: paper.Figures,
    against: System | None = None,
) -> list[str]:
    """One cell a metric: ours, an arrow where there is something to compare with, the paper's and the difference."""
    ours = study.figures(system, corpus, scope)
    before = study.figures(against, corpus, scope) if against else None
    dataset = paper.dataset(study.corpora[corpus])
    theirs = printed.get((dataset, system.label)) if dataset else None
    cells = []
    for number, metric in enumerate(metrics):
        cell = percent(ours[metric]["mean"], ours[metric]["sd"])
        if before and cell != "-":
            cell += f" ({_arrow(before[metric]['mean'], ours[metric]['mean'])})"
        if theirs and cell != "-":
            cell += f" [{theirs[number]:.1f}, {points(ours[metric]['mean'] - theirs[number] / 100)}]"
        cells.append(cell)
    return cells


def _arrow(before: float | None, after: float) -> str:
    change = round(100 * after, 1) - round(100 * (before or 0.0), 1)
    return "→" if change == 0 else "↑" if change > 0 else "↓"


def _title(study: Study, number: int, what: str) -> str:
    return f"Table {number}: {what}{study.tag}"


def table_1(study: Study) -> Table:
    """Frequent codes of every corpus: PLM-ICD and DualLAAT, and on the target with and without the others."""
    systems, rows = study.duals(), []
    for corpus in [*study.others, study.target]:
        chosen: list[tuple[System, System | None]] = [(_plm(study, corpus), None)]
        if corpus == study.target:
            chosen += [
                (systems[CNN_ALONE], None),
                (systems[CNN], systems[CNN_ALONE]),
                (systems[RNN_ALONE], None),
                (systems[RNN], systems[RNN_ALONE]),
            ]
        else:
            chosen += [(systems[RNN], None)]
        for system, against in chosen:
            cells = _cells(study, system, corpus, "frequent", PAPER, paper.TABLE_1, against)
            rows.append([corpus, system.label, *cells])
    columns = ["corpus", "system", *(NAMES[name] for name in PAPER)]
    title, note = _title(study, 1, "frequent codes, percent"), study.note(SEEDS, ARROWS, *_small(study))
    return Table(title, columns, rows, 2, note)


def table_2(study: Study) -> Table:
    """Rare codes: DualLAAT cnn trained on one corpus and on all, and on one for as many steps as on all."""
    metrics, rows = ("f1_micro", "p_at_8", "map"), []
    mixed = study.mixed(CNN, "duallaat-cnn")
    others = [name for name in study.others if paper.dataset(study.corpora[name]) != paper.III_9]
    for corpus in (study.target, *others):
        alone = study.alone(CNN_ALONE, "duallaat-cnn", corpus)
        longer = study.alone(
            "DualLAAT cnn (single, equal steps)", "duallaat-cnn", corpus, *_longer(study, corpus)
        )
        named = {alone.label: alone, longer.label: longer, "DualLAAT cnn + other versions": mixed}
        for label, system in named.items():
            cells = _cells(study, system, corpus, "rare", metrics, paper.TABLE_2)
            rows.append([corpus, label, *cells])
        for system in (alone, longer):
            gain = study.gain(system, mixed, corpus, "rare")
            rows.append([corpus, f"gain over {system.label}", *(_gain(gain[metric]) for metric in metrics)])
    columns = ["corpus", "system", *(NAMES[name] for name in metrics)]
    note = (
        "Single and mixed see each note of the corpus equally often (equal epochs, equal steps on its notes); equal "
        "steps: the single run makes as many steps as the mixed one. Gains in points, relative, 95 % interval (paired "
        "bootstrap over notes)."
    )
    return Table(_title(study, 2, "rare codes, percent"), columns, rows, 2, study.note(SEEDS, note))


def _longer(study: Study, corpus: str) -> tuple[str, ...]:
    """The setting that gives a run on one corpus the steps of a run on all."""
    epochs = study.settings("duallaat-cnn").epochs
    notes = sum(one.count("train") for one in study.corpora.values())
    return (f"epochs={round(epochs * notes / study.corpora[corpus].count('train'))}",)


def _gain(found: Mapping[str, Any]) -> str:
    if found["difference"] is None:
        return "-"
    relative = f", {100 * found['relative']:+.0f} %" if found["relative"] is not None else ""
    low, high = found["interval"]
    return f"{points(found['difference'])}{relative} [{points(low)}, {points(high)}]"


def table_3(study: Study) -> Table:
    """Training time and parameters: one corpus, and all."""
    systems, rows = study.duals(), []
    on_mimic = paper.dataset(study.corpora[study.target]) == paper.IV_10
    each = [study.cost(_plm(study, corpus)) for corpus in study.corpora]
    alone = {PLM: study.cost(_plm(study, study.target))}
    several = {PLM: (sum(seconds for seconds, _ in each), sum(size for _, size in each))}
    for name, single in ((CNN, CNN_ALONE), (RNN, RNN_ALONE)):
        alone[name], several[name] = study.cost(systems[single]), study.cost(systems[name])
    for name, costs in (("one", alone), ("several", several)):
        for label, (seconds, size) in costs.items():
            models = f" (× {len(each)} models)" if name == "several" and label == PLM else ""
            hours, millions = paper.TABLE_3[name, label]
            time = f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds:.0f} s"
            cells = [time, f"{size / 1e6:.2f} M"]
            if on_mimic:
                cells = [f"{cells[0]} [{hours:.0f} h]", f"{cells[1]} [{millions:.0f} M]"]
            which = study.target if name == "one" else f"all {len(each)} corpora"
            rows.append([which, label + models, *cells])
    note = study.note("Training alone, without measuring on val; on this machine.", *_small(study))
    columns = ["trained on", "system", "time", "parameters"]
    return Table(_title(study, 3, "training time and size"), columns, rows, 2, note)


def table_4(study: Study) -> Table:
    """All codes of the target."""
    metrics = ("auc_micro", "auc_macro", "f1_micro", "f1_macro", "p_at_8")
    systems = study.duals()
    full = ("training_scope=full", "validation_scope=full")
    chosen: list[tuple[System, System | None]] = [
        (_plm(study, study.target, *full), None),
        (study.alone("CoRelation", "corelation", study.target), None),
        (systems[RNN_ALONE], None),
        (systems[RNN], systems[RNN_ALONE]),
    ]
    rows = [
        [one.label, *_cells(study, one, study.target, "full", metrics, paper.TABLE_4, against)]
        for one, against in chosen
    ]
    columns = ["system", *(NAMES[name] for name in metrics)]
    title = _title(study, 4, f"all codes of {study.target}, percent")
    return Table(title, columns, rows, 1, study.note(SEEDS, ARROWS, *_small(study)))


def table_5(study: Study) -> Table:
    """The corpora themselves; nothing is trained."""
    columns: dict[str, list[str]] = {}
    for name, corpus in study.corpora.items():
        total = int(corpus.meta["notes"]["total"])
        carried: dict[str, list[int]] = {scope: [] for scope in ("frequent", "full", "rare")}
        frequent = set(corpus.codes[: corpus.n_frequent])
        for codes in corpus.column("codes"):
            common = sum(code in frequent for code in codes)
            carried["frequent"].append(common)
            carried["full"].append(len(codes))
            carried["rare"].append(len(codes) - common)
        sizes = {"frequent": corpus.n_frequent, "full": len(corpus.codes)}
        sizes["rare"] = sizes["full"] - sizes["frequent"]
        shares = "/".join(f"{100 * corpus.count(split) / total:.1f}" for split in ("train", "val", "test"))
        cells = [f"{total:,}", shares]
        for scope, counts in carried.items():
            held = np.array([count for count in counts if count]) if any(counts) else np.zeros(1)
            low, middle, high = np.percentile(held, [25, 50, 75])
            quartiles = f"{middle:.0f} ({low:.0f}-{high:.0f})"
            cells += [f"{sizes[scope]:,}", quartiles, f"{held.mean():.1f} ± {held.std():.1f}"]
        columns[name] = [*cells, f"{sum(count > 0 for count in carried['rare']):,}"]
    names = ["notes", "train/val/test, %"]
    for scope in ("frequent", "full", "rare"):
        names += [f"{scope}: codes{what}" for what in ("", " per note, median (IQR)", " per note, mean ± sd")]
    names += ["notes with a rare code"]
    rows = [[name, *(cells[row] for cells in columns.values())] for row, name in enumerate(names)]
    note = study.note("Codes per note: among notes that have one of the scope.")
    return Table(_title(study, 5, "corpora"), ["", *columns], rows, 1, note)


def table_6(study: Study) -> Table:
    """Frequent codes of the target with the further baselines: metrics down, systems across."""
    systems = [
        study.alone("CAML", "caml", study.target),
        study.alone("LAAT", "laat", study.target),
        _plm(study, study.target),
        study.mixed(CNN, "duallaat-cnn"),
        study.mixed(RNN, "duallaat-rnn"),
    ]
    cells = [_cells(study, one, study.target, "frequent", PAPER, paper.TABLE_6) for one in systems]
    rows = [[NAMES[metric], *(column[row] for column in cells)] for row, metric in enumerate(PAPER)]
    title = _title(study, 6, f"frequent codes of {study.target} with further baselines, percent")
    note = study.note(SEEDS, "DualLAAT: trained on all corpora.", *_small(study))
    return Table(title, ["", *(one.label for one in systems)], rows, 1, note)


def _small(study: Study) -> list[str]:
    settings = [change for change in study.changes if change.startswith("pretrained=")]
    if study.preset == "small" and not settings:
        return ["PLM-ICD: over a small transformer of fresh weights, none pretrained."]
    return []


_NUMBERED = (table_1, table_2, table_3, table_4, table_5, table_6)
TABLES: Mapping[str, Callable[[Study], Table]] = {
    **{str(number): table for number, table in enumerate(_NUMBERED, 1)},
    "figure1": figure_1,
    "overlap": overlap,
}
