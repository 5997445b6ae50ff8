"""The tables and the HTML report of one evaluation."""

from pathlib import Path
from typing import Any

from icdbridge.evaluation.candidates_vs_exact import candidates_table
from icdbridge.evaluation.coded_spans import SLACK
from icdbridge.evaluation.decisions import decisions_table
from icdbridge.evaluation.reports import plots
from icdbridge.evaluation.reports.page import Section, write_page
from icdbridge.evaluation.reports.text_table import Table, percent
from icdbridge.evaluation.results import EVIDENCE_KINDS, NAMES, OVERLAP, SCOPES, VIEWS, VIEWS_MEAN
from icdbridge.evaluation.siblings import siblings_table

# The columns of the paper's table 1, in its order; tables 2 and 4 show some of them.
PAPER = ("auc_micro", "auc_macro", "f1_micro", "f1_macro", "p_at_8", "p_at_15", "r_precision", "map")
MORE = ("precision_micro", "recall_micro", "p_at_5")
NO_VIEW = ("auc_micro", "auc_macro")


def synthetic_tag(results: dict[str, Any]) -> str:
    """What stands beside every title when the notes are not real."""
    return " (synthetic)" if results["synthetic"] else ""


def figure(scope: dict[str, Any], view: str, metric: str) -> float | None:
    """One figure of a scope; AUC is the same in each view."""
    value: float | None = scope[metric] if metric in NO_VIEW else scope[view][metric]
    return value


def scope_rows_table(results: dict[str, Any], columns: tuple[str, ...] = PAPER) -> Table:
    """One row a scope and view, in percent, in the order of the paper's columns."""
    rows: list[list[str]] = []
    bold: list[int] = []
    notes = [VIEWS_MEAN]
    for scope in SCOPES:
        found = results["scopes"][scope]
        for view, meaning in VIEWS.items():
            if view == "present":
                bold.append(len(rows))
            rows.append([scope, meaning, *(percent(figure(found, view, name)) for name in columns)])
        if "missing" in found:
            notes.append(f"{scope}: no figures, {found['missing']}.")
    title = f"{results['run']} on {results['corpus']} {results['split']}, percent{synthetic_tag(results)}"
    headings = ["scope", "codes", *(NAMES[name] for name in columns)]
    return Table(title, headings, rows, 2, " ".join(notes), bold)


def sizes_table(results: dict[str, Any]) -> Table:
    """Notes, codes, labels and the threshold of each scope."""
    rows = []
    for scope in SCOPES:
        found = results["scopes"][scope]
        keys = ("notes", "notes_without_label", "codes", "codes_present", "labels")
        counts = [f"{found[key]:,}" for key in keys]
        rows.append([scope, *counts, f"{found['threshold']:.3f}", found["threshold_source"]])
    columns = ["scope", "notes", "left out: no label", "codes", "codes present", "labels"]
    columns += ["threshold", "from"]
    return Table(f"What was measured{synthetic_tag(results)}", columns, rows)


def intervals_table(results: dict[str, Any]) -> Table:
    """95% intervals of the ``present`` view, for the metrics that have one."""
    names = (*PAPER, *MORE)
    rows = []
    for scope in SCOPES:
        found = results["scopes"][scope].get("intervals", {}).get("present")
        ends = [found.get(name, (None, None)) if found else (None, None) for name in names]
        rows.append([scope, *(f"{percent(low)} to {percent(high)}" for low, high in ends)])
    note = (
        "Bootstrap over notes, 1,000 resamples, centred on the figure; AUC by its first-order projection. It "
        "does not cover the chance of training (seeds)."
    )
    title = f"95% intervals, codes present in the split, tuned threshold{synthetic_tag(results)}"
    return Table(title, ["scope", *(NAMES[name] for name in names)], rows, 1, note)


def long_tail_table(results: dict[str, Any]) -> Table:
    """The long tail: figures of the codes by how often training saw them."""
    rows = []
    for row in results["long_tail"]:
        counts = [f"{row[key]:,}" for key in ("codes", "codes_present", "labels")]
        keys = ("f1_micro", "f1_macro_present", "precision", "recall", "recall_at_15")
        rows.append([row["train_notes"], *counts, *(percent(row[key]) for key in keys)])
    columns = ["training notes", "codes", "codes present", "labels"]
    columns += ["F1 micro", "F1 macro (present)", "Precision", "Recall", "Recall@15"]
    note = "All codes, threshold of the full scope. Recall@15: labels among a note's 15 best codes."
    return Table(f"By training frequency, percent{synthetic_tag(results)}", columns, rows, 1, note)


def calibration_table(results: dict[str, Any]) -> Table:
    """Expected calibration error of the probabilities, and of the confidence made of them."""
    rows = []
    for name, found in results["calibration"].items():
        counts = [f"{found[key]:,}" for key in ("pairs", "labels", "suggestions")]
        errors = [
            percent(found.get(kind, {}).get(key))
            for key in ("ece", "ece_suggested")
            for kind in ("probability", "confidence")
        ]
        rows.append([name, *counts, *errors])
    columns = ["codes", "note-code pairs", "labels", "among the 15 best"]
    columns += [f"ECE {kept}, {when}" for kept in ("all pairs", "15 best") for when in ("before", "after")]
    note = (
        "common: codes that at least 10 training notes carried; uncommon: 1 to 9; unseen: none. ECE: how far the "
        "probability (before) or confidence (after calibration on val) lies from the share of right codes, mean over "
        "15 bins of equal width weighted by their pairs."
    )
    return Table(f"Calibration, percent{synthetic_tag(results)}", columns, rows, 1, note)


def bands_table(results: dict[str, Any]) -> Table:
    """The bands of confidence: the share of right codes on val, which they stand for, and on this split."""
    rows = []
    for row in results["bands"]:
        counts = [(f"{row[f'{of}suggestions']:,}", percent(row[f"{of}share"])) for of in ("val_", "")]
        rows.append([row["band"], f"{row['above']:.0%} and more", *counts[0], *counts[1]])
    columns = ["band", "confidence", "suggestions on val", "right on val"]
    columns += [f"suggestions on {results['split']}", f"right on {results['split']}"]
    note = "Suggestions: the 15 best codes of each note."
    return Table(f"Bands of confidence, percent{synthetic_tag(results)}", columns, rows, 2, note)


def calibration_section(results: dict[str, Any]) -> Section:
    section = Section("Calibration: what a probability is worth")
    section.text(
        "Of suggestions with confidence 0.3, three in ten should be right: on the dashed line. Shown are the 15 best "
        "codes of each note; the larger the dot, the more of them."
        + ("" if "confidence" in results["calibration"]["common"] else " The run was not calibrated.")
    )
    section.svg(plots.reliability("reliability", results["calibration"], synthetic_tag(results)))
    section.table(calibration_table(results))
    if results["bands"]:
        section.table(bands_table(results))
    return section


def evidence_tables(results: dict[str, Any]) -> list[Table]:
    """What the model does without the evidence, and how far people marked the same words."""
    found, tag = results["evidence"], synthetic_tag(results)
    rows = []
    for kind, values in found["without_and_only"].items():
        falls = (percent(values[key]) for key in ("comprehensiveness", "sufficiency"))
        rows.append(
            [EVIDENCE_KINDS[kind], *falls, "-" if values["words"] is None else f"{values['words']:.1f}"]
        )
    note = (
        f"Fall of the probability, in percentage points, of the {found['codes_per_note']} best codes of "
        f"{found['notes']:,} notes: when the words are taken out (more is better), when only they are left (less is "
        "better)."
    )
    columns = ["words", "taken out", "only they left", "how many"]
    tables = [Table(f"With and without the evidence{tag}", columns, rows, 1, note)]
    rows = [
        [f"{values['pairs']:,}", name, EVIDENCE_KINDS[kind], *(percent(values[kind][key]) for key in OVERLAP)]
        for name, values in found["people"].items()
        for kind in EVIDENCE_KINDS
        if values["pairs"] and kind in values
    ]
    if rows:
        note = "Mean over pairs of a note and a code; found: the code is among the 15 best of the note."
        columns = ["pairs", "codes", "words", "Precision", "Recall", "F1"]
        tables.append(Table(f"Against the words people marked, percent{tag}", columns, rows, 3, note))
    if (spans := found.get("coded_spans")) is not None:
        row = [f"{spans[key]:,}" for key in ("marked", "predicted", "coded", "right")]
        row += [percent(spans[key]) for key in OVERLAP]
        note = (
            f"As CodiEsp-X scores them: a span holds the words that people marked, and at most {SLACK} characters more "
            "on either side."
        )
        columns = ["marked", "predicted", "right code", "right code and span", "Precision", "Recall", "F1"]
        tables.append(Table(f"Codes with their spans, percent{tag}", columns, [row], 0, note))
    return tables


def training_section(results: dict[str, Any]) -> Section:
    section = Section("Training curves")
    log = results["training"]
    numbers = {name for row in log for name, value in row.items() if isinstance(value, int | float)}
    validation = {name: [row.get(name) for row in log] for name in sorted(numbers) if name.startswith("val")}
    if not log or "train_loss" not in numbers:
        section.text("The run has no training log.")
        return section
    epochs = [float(row.get("epoch", index + 1)) for index, row in enumerate(log)]
    loss = {"train loss": [row.get("train_loss") for row in log]}
    section.svg(plots.training_curves("training", epochs, loss, validation, synthetic_tag(results)))
    return section


def write_report(results: dict[str, Any], path: Path) -> None:
    """Writes the report of one evaluation (what metrics.json holds) as one HTML file."""
    tag = synthetic_tag(results)
    metrics = Section("Metrics")
    metrics.text(
        "Macro F1 is the mean of F1 over codes, so it depends on which codes are counted: those that occur "
        "in the split, as the benchmark of Edin et al. (2023) counts (bold), or all codes of the scope, "
        "where each code that does not occur counts as 0. The last row of each scope is what the paper's own "
        "evaluator computes."
    )
    metrics.table(scope_rows_table(results))
    metrics.table(scope_rows_table(results, MORE))
    metrics.table(intervals_table(results))
    sections = [metrics]

    if results["long_tail"]:
        tail = Section("The long tail: how often training saw a code")
        bins = [row["train_notes"] for row in results["long_tail"]]
        below = [f"{row['labels']:,}" for row in results["long_tail"]]
        panels: dict[str, plots.Series] = {
            "F1 (micro)": {"F1": [row["f1_micro"] for row in results["long_tail"]]},
            "Recall among the 15 best": {"recall": [row["recall_at_15"] for row in results["long_tail"]]},
        }
        tail.svg(plots.frequency_panels("tail", bins, panels, below, tag))
        tail.table(long_tail_table(results))
        if "siblings" in results:
            tail.table(siblings_table(results, tag))
        sections.append(tail)
    curves = {scope: curve for scope, curve in results["curves"].items() if curve}
    if curves:
        section = Section("Precision and recall")
        section.svg(plots.precision_recall("curve", curves, tag))
        sections.append(section)
    if "evidence" in results:
        section = Section("Evidence: the words that support a code")
        for table in evidence_tables(results):
            section.table(table)
        sections.append(section)
    if results["calibration"]:
        sections.append(calibration_section(results))
    sections.append(training_section(results))
    if "decisions" in results:
        section = Section("What the run predicts: thresholds by training frequency")
        section.table(decisions_table(results, tag))
        sections.append(section)
    if "candidates" in results:
        searched = Section("Candidate search")
        searched.text(
            "A cheap first stage proposes candidates for each note, and the model scores only those."
        )
        searched.table(candidates_table(results, tag))
        sections.append(searched)
    sizes = Section("Notes, codes and thresholds")
    sizes.text("Notes without a label of a scope are left out of it. One threshold for all codes of a scope.")
    sizes.table(sizes_table(results))
    sections.append(sizes)

    where = f"corpus {results['corpus']} ({results['version']})"
    lead = f"Run {results['run']} on the {results['split']} notes of {where}."
    if results["synthetic"]:
        lead += " The notes are synthetic: the figures say nothing about real notes."
    full = results["scopes"]["full"]
    facts = [
        ("notes", f"{results['notes']:,}"),
        ("codes", f"{results['codes']:,}"),
        ("labels", f"{full['labels']:,}"),
        *(
            (f"F1 micro, {scope}", percent(figure(results["scopes"][scope], "present", "f1_micro")))
            for scope in SCOPES
        ),
    ]
    write_page(
        path, f"Evaluation of {results['run']}", lead, facts, sections, results["synthetic"], "metrics.json"
    )
