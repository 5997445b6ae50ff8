"""icdbridge import-checkpoint and export-checkpoint: the layout of the paper's released checkpoints."""

from pathlib import Path

import typer

from icdbridge.cli import PAPER, app, examples
from icdbridge.terminal import say


@app.command(
    rich_help_panel=PAPER,
    epilog=examples("import-checkpoint released/ --codes corpora/iv10 --out runs/released"),
)
def import_checkpoint(
    checkpoint: Path = typer.Argument(help="Folder with config.json, token2id.json and pytorch_model.bin."),
    out: Path = typer.Option(..., "--out", help="The run folder to write."),
    codes: list[str] = typer.Option(
        [],
        help="The codes that the run knows: a corpus folder, or icd9cm, icd9proc, icd10cm, icd10pcs; may be repeated. "
        "By default all assignable codes of these four, which takes a GPU.",
    ),
    threshold: float = typer.Option(
        0.5, help="Codes above this probability are predicted; `evaluate` shows which value is best on val."
    ),
    force: bool = typer.Option(False, "--force", help="Replace an existing run folder."),
) -> None:
    """Make a run folder from a checkpoint of the paper's authors. It scores as their own code does."""
    from icdbridge.codes import SYSTEMS
    from icdbridge.runs.importing import import_checkpoint

    run = import_checkpoint(checkpoint, out, codes or SYSTEMS, threshold=threshold, force=force)
    counts = (f"{run.index.version.count(version):,} codes of {version}" for version in run.versions)
    say(f"{run.path}: {run.config['parameters']:,} parameters, {', '.join(counts)}")
    say(f"threshold: {run.config['threshold_source']}")


@app.command(rich_help_panel=PAPER, epilog=examples("export-checkpoint runs/mixed --out checkpoint"))
def export_checkpoint(
    run: Path = typer.Argument(help="A run folder."),
    out: Path = typer.Option(..., "--out", help="The checkpoint folder to write."),
    force: bool = typer.Option(False, "--force", help="Replace an existing folder."),
) -> None:
    """Write a run as a checkpoint that the paper's own code can load."""
    from icdbridge.runs.importing import export_checkpoint
    from icdbridge.runs.run import Run

    opened = Run.open(run)
    export_checkpoint(opened, out, force=force)
    say(f"{out}: {opened.config['parameters']:,} parameters")
    if not opened.model.padded_words:
        say("note: this run masks padding and the paper's code does not, so it scores differently there")
