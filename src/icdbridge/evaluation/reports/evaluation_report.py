"""The tables and the HTML report of one evaluation."""

from pathlib import Path
from typing import Any

from icdbridge.evaluation.candidates_vs_exact import candidates_table
from icdbridge.evaluation.coded_spans import SLACK
from icdbridge.evaluation.decisions import decisions_table
from icdbridge.evaluation.reports import plots
from icdbridge.evaluation.results import AUCS, EVIDENCE_KINDS, NAMES, OVERLAP, SCOPES, VIEWS, VIEWS_MEAN
from icdbridge.evaluation.siblings import siblings_table
from icdbridge.report_page import Section, write_page
from icdbridge.text_table import Columns, Table, counts, numbers, percent, percents

# The columns of the paper's table 1, in its order; tables 2 and 4 show some of them.
PAPER = ("auc_micro", "auc_macro", "f1_micro", "f1_macro", "p_at_8", "p_at_15", "r_precision", "map")
MORE = ("precision_micro", "recall_micro", "p_at_5")


def synthetic_tag(results: dict[str, Any]) -> str:
    """What stands beside every title when the notes are not real."""
    return " (synthetic)" if results["synthetic"] else ""


def figure(scope: dict[str, Any], view: str, metric: str) -> float | None:
    """One figure of a scope; AUC is the same in each view."""
    return scope[metric] if metric in AUCS else scope[view][metric]


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
    columns: Columns = [
        ("scope", "scope"),
        ("notes", counts("notes")),
        ("left out: no label", counts("notes_without_label")),
        ("codes", counts("codes")),
        ("codes present", counts("codes_present")),
        ("labels", counts("labels")),
        ("threshold", numbers("threshold", 3)),
        ("from", "threshold_source"),
    ]
    rows = [{"scope": scope, **results["scopes"][scope]} for scope in SCOPES]
    return Table.of(f"What was measured{synthetic_tag(results)}", rows, columns)


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
    columns: Columns = [
        ("training notes", "train_notes"),
        ("codes", counts("codes")),
        ("codes present", counts("codes_present")),
        ("labels", counts("labels")),
        ("F1 micro", percents("f1_micro")),
        ("F1 macro (present)", percents("f1_macro_present")),
        ("Precision", percents("precision")),
        ("Recall", percents("recall")),
        ("Recall@15", percents("recall_at_15")),
    ]
    note = "All codes, threshold of the full scope. Recall@15: labels among a note's 15 best codes."
    title = f"By training frequency, percent{synthetic_tag(results)}"
    return Table.of(title, results["long_tail"], columns, note=note)


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
    columns: Columns = [
        ("band", "band"),
        ("confidence", lambda row: f"{row['above']:.0%} and more"),
        ("suggestions on val", counts("val_suggestions")),
        ("right on val", percents("val_share")),
        (f"suggestions on {results['split']}", counts("suggestions")),
        (f"right on {results['split']}", percents("share")),
    ]
    title = f"Bands of confidence, percent{synthetic_tag(results)}"
    note = "Suggestions: the 15 best codes of each note."
    return Table.of(title, results["bands"], columns, 2, note)


def evaluation_tables(results: dict[str, Any]) -> list[Table]:
    """The tables for a terminal: what was measured, and with what result."""
    tag, tables = synthetic_tag(results), [scope_rows_table, long_tail_table, sizes_table]
    tables += [calibration_table] if results["calibration"] else []
    tables += [bands_table] if results["bands"] else []
    further = {"decisions": decisions_table, "siblings": siblings_table, "candidates": candidates_table}
    made = [table(results) for table in tables]
    made[3:3] = evidence_tables(results) if "evidence" in results else []
    return made + [table(results, tag) for name, table in further.items() if name in results]


def _calibration(results: dict[str, Any]) -> list[str | Table]:
    text = (
        "Of suggestions with confidence 0.3, three in ten should be right: on the dashed line. Shown are the 15 best "
        "codes of each note; the larger the dot, the more of them."
    )
    if "confidence" not in results["calibration"]["common"]:
        text += " The run was not calibrated."
    plot = plots.reliability("reliability", results["calibration"], synthetic_tag(results))
    bands = [bands_table(results)] if results["bands"] else []
    return [text, plot, calibration_table(results), *bands]


def evidence_tables(results: dict[str, Any]) -> list[Table]:
    """What the model does without the evidence, and how far people marked the same words."""
    found, tag = results["evidence"], synthetic_tag(results)
    rows = []
    for kind, values in found["without_and_only"].items():
        falls = (percent(values[key]) for key in ("comprehensiveness", "sufficiency"))
        rows.append([EVIDENCE_KINDS[kind], *falls, numbers("words")(values)])
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
        note = f"As CodiEsp-X scores: a span holds the marked words, and at most {SLACK} characters more on each side."
        columns = ["marked", "predicted", "right code", "right code and span", "Precision", "Recall", "F1"]
        tables.append(Table(f"Codes with their spans, percent{tag}", columns, [row], 0, note))
    return tables


def _training(results: dict[str, Any]) -> str:
    log = results["training"]
    numbers = {name for row in log for name, value in row.items() if isinstance(value, int | float)}
    validation = {name: [row.get(name) for row in log] for name in sorted(numbers) if name.startswith("val")}
    if not log or "train_loss" not in numbers:
        return "The run has no training log."
    epochs = [float(row.get("epoch", index + 1)) for index, row in enumerate(log)]
    loss = {"train loss": [row.get("train_loss") for row in log]}
    return plots.training_curves("training", epochs, loss, validation, synthetic_tag(results))


CARRY = "training notes that carry the code; below it, labels"


def frequency_bins(tail: list[dict[str, Any]]) -> list[str]:
    """What stands below the bins of a long tail in a plot."""
    return [f"{row['train_notes']}\n{row['labels']:,}" for row in tail]


def _long_tail(results: dict[str, Any]) -> list[str | Table]:
    tag, tail = synthetic_tag(results), results["long_tail"]
    panels: dict[str, plots.Series] = {
        "F1 (micro)": {"F1": [row["f1_micro"] for row in tail]},
        "Recall among the 15 best": {"recall": [row["recall_at_15"] for row in tail]},
    }
    siblings = [siblings_table(results, tag)] if "siblings" in results else []
    plot = plots.panels_over("tail", frequency_bins(tail), panels, tag, across=CARRY)
    return [plot, long_tail_table(results), *siblings]


def measured_on(what: str, results: dict[str, Any]) -> str:
    """The lead of a report: what was measured on which notes, and whether these are real."""
    corpus = f"corpus {results['corpus']} ({results['version']})"
    real = (
        " The notes are synthetic: the figures say nothing about real notes." if results["synthetic"] else ""
    )
    return f"{what} on the {results['split']} notes of {corpus}.{real}"


def write_report(results: dict[str, Any], path: Path) -> None:
    """Writes the report of one evaluation (what metrics.json holds) as one HTML file."""
    tag = synthetic_tag(results)
    metrics = (
        "Macro F1 is the mean of F1 over codes, so it depends on which codes are counted: those that occur "
        "in the split, as the benchmark of Edin et al. (2023) counts (bold), or all codes of the scope, "
        "where each code that does not occur counts as 0. The last row of each scope is what the paper's own "
        "evaluator computes."
    )
    tables = [scope_rows_table(results), scope_rows_table(results, MORE), intervals_table(results)]
    sections = [Section("Metrics", [metrics, *tables])]
    if results["long_tail"]:
        sections.append(Section("The long tail: how often training saw a code", _long_tail(results)))
    if curves := {scope: curve for scope, curve in results["curves"].items() if curve}:
        sections.append(Section("Precision and recall", [plots.precision_recall("curve", curves, tag)]))
    if "evidence" in results:
        sections.append(Section("Evidence: the words that support a code", evidence_tables(results)))
    if results["calibration"]:
        sections.append(Section("Calibration: what a probability is worth", _calibration(results)))
    sections.append(Section("Training curves", [_training(results)]))
    if "decisions" in results:
        heading = "What the run predicts: thresholds by training frequency"
        sections.append(Section(heading, [decisions_table(results, tag)]))
    if "candidates" in results:
        text = "A cheap first stage proposes candidates for each note, and the model scores only those."
        sections.append(Section("Candidate search", [text, candidates_table(results, tag)]))
    text = "Notes without a label of a scope are left out of it. One threshold for all codes of a scope."
    sections.append(Section("Notes, codes and thresholds", [text, sizes_table(results)]))
    facts = [
        ("notes", f"{results['notes']:,}"),
        ("codes", f"{results['codes']:,}"),
        ("labels", f"{results['scopes']['full']['labels']:,}"),
        *(
            (f"F1 micro, {scope}", percent(figure(results["scopes"][scope], "present", "f1_micro")))
            for scope in SCOPES
        ),
    ]
    title, lead = f"Evaluation of {results['run']}", measured_on(f"Run {results['run']}", results)
    write_page(path, title, lead, facts, sections, results["synthetic"], "metrics.json")
