"""icdbridge compare: evaluated runs side by side."""

import json
from pathlib import Path
from typing import Literal

import typer

from icdbridge.cli import MODELS, app, examples, refuse_idle
from icdbridge.terminal import say


@app.command(
    rich_help_panel=MODELS,
    epilog=examples(
        "compare runs/alone runs/mixed --out comparison",
        "compare alone=runs/alone-0,runs/alone-1 mixed=runs/mixed-0,runs/mixed-1 --markdown",
    ),
)
def compare(
    context: typer.Context,
    runs: list[str] = typer.Argument(
        help="Run folders that were evaluated, or seeds of the same settings as label=RUN1,RUN2,RUN3. "
        "The others are compared with the first."
    ),
    corpus: str | None = typer.Option(None, help="Name of the corpus, where runs were evaluated on several."),
    split: Literal["train", "val", "test"] = typer.Option("test", help="The notes of the evaluations."),
    out: Path | None = typer.Option(None, help="Folder to write comparison.json and report.html into."),
    as_json: bool = typer.Option(False, "--json", help="Print the comparison as JSON."),
    markdown: bool = typer.Option(False, "--markdown", help="Print the tables as Markdown."),
    force: bool = typer.Option(False, "--force", help="Replace an existing --out folder."),
) -> None:
    """Compare runs that were evaluated: their figures, and differences from the first run. Nothing is scored again."""
    from icdbridge.evaluation.compare import compare as compare_runs
    from icdbridge.evaluation.reports.comparison_report import comparison_tables
    from icdbridge.text_table import show

    refuse_idle(context, as_json, "with --json", "markdown")
    refuse_idle(context, out is None, "without --out", "force")
    results = compare_runs(runs, corpus, split, out=out, force=force)
    for group in results["groups"]:
        if not group["same_settings"]:
            say(f"note: the runs of {group['label']} differ in more than their seed", err=True)
    if as_json:
        say(json.dumps(results, indent=2, ensure_ascii=False, allow_nan=False))
        return
    show(comparison_tables(results), markdown)
    if out is not None:
        say(f"report: {out / 'report.html'}", err=markdown)
