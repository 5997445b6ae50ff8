"""The tables and the HTML report of a comparison."""

from pathlib import Path
from typing import Any

from icdbridge.evaluation.decisions import GROUPS, WAYS
from icdbridge.evaluation.reports import plots
from icdbridge.evaluation.reports.evaluation_report import (
    CARRY,
    PAPER,
    frequency_bins,
    measured_on,
    synthetic_tag,
)
from icdbridge.evaluation.results import NAMES, SCOPES, VIEWS, VIEWS_MEAN
from icdbridge.report_page import Section, write_page
from icdbridge.text_table import Table, percent, points

SHOWN = ("f1_micro", "f1_macro", "p_at_8", "map")  # in plots


def figures_table(results: dict[str, Any], view: str = "present") -> Table:
    """One row a scope and group, in the paper's columns: percent, mean ± sd where there are several seeds."""
    rows = []
    for scope in SCOPES:
        for group in results["groups"]:
            found = group["scopes"][scope][view]
            cells = [percent(found[name]["mean"], found[name]["sd"]) for name in PAPER]
            rows.append([scope, group["label"], *cells])
    title = f"{results['corpus']} {results['split']}, percent; codes: {VIEWS[view]}{synthetic_tag(results)}"
    several = max(len(group["runs"]) for group in results["groups"])
    note = VIEWS_MEAN + (" Mean ± standard deviation over seeds." if several > 1 else "")
    return Table(title, ["scope", "run", *(NAMES[name] for name in PAPER)], rows, 2, note)


def differences_table(results: dict[str, Any]) -> Table:
    """Differences to the first group in percentage points; a star where the paired bootstrap has p < 0.05."""
    rows = []
    for scope in SCOPES:
        for group in results["groups"][1:]:
            found = group["scopes"][scope]["present"]
            cells = []
            for name in PAPER:
                star = "*" if found[name]["p"] is not None and found[name]["p"] < 0.05 else ""
                cells.append(points(found[name]["difference"]) + star)
            gain = found["f1_micro"]["relative"]
            rows.append([scope, group["label"], *cells, "-" if gain is None else f"{100 * gain:+.1f}%"])
    title = f"Difference from {results['baseline']}, percentage points{synthetic_tag(results)}"
    note = "* p < 0.05, paired bootstrap over notes."
    return Table(
        title, ["scope", "run", *(NAMES[name] for name in PAPER), "F1 micro, relative"], rows, 2, note
    )


def tail_table(results: dict[str, Any]) -> Table:
    """Micro F1 and recall among the 15 best by training frequency, one column a group."""
    groups = results["groups"]
    rows = []
    for index, row in enumerate(groups[0]["long_tail"]):
        cells = [percent(group["long_tail"][index]["f1_micro"]) for group in groups]
        cells += [percent(group["long_tail"][index]["recall_at_15"]) for group in groups]
        rows.append([row["train_notes"], f"{row['codes']:,}", f"{row['labels']:,}", *cells])
    columns = ["training notes", "codes", "labels"]
    columns += [f"{name}, {group['label']}" for name in ("F1 micro", "Recall@15") for group in groups]
    note = f"Bins by the training notes of {results['baseline']}, so each row is the same codes for all runs."
    return Table(f"By training frequency, percent{synthetic_tag(results)}", columns, rows, 1, note)


def decisions_table(results: dict[str, Any]) -> Table | None:
    """Micro F1 by one threshold and by those by frequency; None where not all runs predict by the latter."""
    groups = results["groups"]
    if not all(group["decisions"] for group in groups):
        return None
    rows = [
        [seen, group["label"], *(percent(group["decisions"][seen][way]) for way in WAYS)]
        for seen in GROUPS
        for group in groups
    ]
    note = "Each run's own training says how often it saw a code: the codes of a row may differ between runs."
    columns = ["seen in training", "run", *(f"threshold {name}" for name in WAYS.values())]
    return Table(f"F1 micro of what is predicted, percent{synthetic_tag(results)}", columns, rows, 2, note)


def comparison_tables(results: dict[str, Any]) -> list[Table]:
    """The tables for a terminal."""
    tables = [figures_table(results, view) for view in ("present", "all")]
    tables += [differences_table(results)] if len(results["groups"]) > 1 else []
    decided = decisions_table(results)
    return [*tables, tail_table(results), *([decided] if decided else [])]


def write_comparison(results: dict[str, Any], path: Path) -> None:
    """Writes the report of a comparison (what ``compare`` returns) as one HTML file."""
    tag, groups = synthetic_tag(results), results["groups"]
    panels: dict[str, plots.Series] = {
        NAMES[name]: {
            group["label"]: [group["scopes"][scope]["present"][name]["mean"] for scope in SCOPES]
            for group in groups
        }
        for name in SHOWN[:2]
    }
    bars = plots.panels_over("scopes", SCOPES, panels, tag)
    sections = [Section("Side by side", [bars, figures_table(results)])]
    if len(groups) > 1:
        sections.append(Section(f"Gain over {results['baseline']}", _gains(results)))
    if groups[0]["long_tail"]:
        sections.append(Section("The long tail: how often training saw a code", _long_tail(results)))
    if decided := decisions_table(results):
        sections.append(Section("What the runs predict: thresholds by training frequency", [decided]))
    if training := _training(results):
        sections.append(Section("Training curves", training))
    text = "All codes of the scope, whether or not the split has them: macro F1 counts each absent one as 0."
    otherwise = [figures_table(results, view) for view in ("all", "half")]
    sections.append(Section("Counted otherwise", [text, *otherwise]))
    facts = [("notes", f"{results['notes']:,}"), ("codes", f"{results['codes']:,}")]
    facts += [
        (f"F1 micro, rare: {g['label']}", percent(g["scopes"]["rare"]["present"]["f1_micro"]["mean"]))
        for g in groups
    ]
    title, lead = f"Comparison on {results['corpus']}", measured_on(f"{len(groups)} runs", results)
    write_page(path, title, lead, facts, sections, results["synthetic"], "comparison.json")


def _gains(results: dict[str, Any]) -> list[str | Table]:
    """A plot a group of its differences from the first, and their table."""
    drawn = []
    for number, group in enumerate(results["groups"][1:]):
        found = {NAMES[name]: [group["scopes"][scope]["present"][name] for scope in SCOPES] for name in SHOWN}
        gains, ends = (
            {name: [one[key] for one in values] for name, values in found.items()}
            for key in ("difference", "interval")
        )
        title = f"{group['label']} less {results['baseline']}{synthetic_tag(results)}"
        drawn.append(plots.gain_bars(f"gain{number}", title, SCOPES, gains, ends))
    text = (
        "Thin lines are 95% intervals of the paired bootstrap over notes. They do not cover the chance "
        "of training: for that, compare several seeds of each."
    )
    return [*drawn, text, differences_table(results)]


def _long_tail(results: dict[str, Any]) -> list[str | Table]:
    bins = frequency_bins(results["groups"][0]["long_tail"])
    curves: dict[str, plots.Series] = {
        title: {group["label"]: [row[key] for row in group["long_tail"]] for group in results["groups"]}
        for title, key in (("F1 (micro)", "f1_micro"), ("Recall among the 15 best", "recall_at_15"))
    }
    plot = plots.panels_over("tail", bins, curves, synthetic_tag(results), across=CARRY, lines=True)
    return [plot, tail_table(results)]


def _training(results: dict[str, Any]) -> list[str]:
    """Loss and the validation metric of each run, the first seed of each group."""
    loss, validation = {}, {}
    for group in results["groups"]:
        log = group["training"][0]
        if log and all("train_loss" in row for row in log):
            loss[group["label"]] = [row["train_loss"] for row in log]
            shown = next((name for name in sorted(log[0]) if name.startswith("val_f1_micro")), None)
            if shown is not None:
                validation[f"{group['label']}: {shown}"] = [row.get(shown) for row in log]
    if not loss:
        return []
    epochs = [float(index + 1) for index in range(max(len(values) for values in loss.values()))]
    drawn = plots.training_curves("training", epochs, loss, validation, synthetic_tag(results))
    several = any(len(group["runs"]) > 1 for group in results["groups"])
    return [drawn, *(["Of each group the first seed is shown."] if several else [])]
