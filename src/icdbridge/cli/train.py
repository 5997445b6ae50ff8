"""icdbridge train: a model from any number of corpora of any versions."""

import os
from pathlib import Path

import typer

from icdbridge.cli import app, refuse_idle
from icdbridge.terminal import say


@app.command()
def train(
    context: typer.Context,
    corpora: list[Path] = typer.Argument(help="Corpus folders made by `icdbridge prepare`; of any versions."),
    out: Path = typer.Option(..., "--out", help="The run folder to write."),
    model: str = typer.Option(
        "duallaat-rnn", help="duallaat-rnn, duallaat-cnn, or another of docs/models.md."
    ),
    preset: str = typer.Option(
        "paper", help="paper (needs a GPU), small (for CPUs) or few-notes (with matching, for few notes)."
    ),
    settings: Path | None = typer.Option(None, help="A TOML file of settings, which replace the preset's."),
    changes: list[str] = typer.Option(
        [], "--set", help="A setting, name=value, which replaces the file's; may be repeated."
    ),
    train_only: list[Path] = typer.Option(
        [], help="A corpus whose notes are all for training; may be repeated."
    ),
    validate_on: str | None = typer.Option(
        None, help="Name of the corpus to validate on; the first by default."
    ),
    epochs: int | None = typer.Option(None, help="Passes over the training notes."),
    seed: int | None = typer.Option(None, help="Seed of everything random."),
    resume: bool = typer.Option(False, "--resume", help="Go on with an interrupted training."),
    force: bool = typer.Option(False, "--force", help="Replace an existing run folder."),
    tensorboard: bool = typer.Option(False, "--tensorboard", help="Write TensorBoard files too."),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Only tell how much memory the training would take; nothing is written."
    ),
    memory: float = typer.Option(80, min=0.1, help="Memory of the device in GB, for --dry-run."),
) -> None:
    """Train a model. Ctrl-C keeps what was done; the same command with --resume goes on from there.

    On several GPUs or cores: torchrun --nproc-per-node N -m icdbridge train … (docs/scale.md).
    """
    from icdbridge.corpora import Corpus
    from icdbridge.files import check_apart
    from icdbridge.training import make_settings
    from icdbridge.training import train as train_run

    for option in ("epochs", "seed"):
        if any(change.partition("=")[0].strip() == option for change in changes):
            refuse_idle(context, True, f"with --set {option}", option)
    given = {name: value for name, value in (("epochs", epochs), ("seed", seed)) if value is not None}
    chosen = make_settings(model, preset, settings, changes, **given)
    refuse_idle(context, not dry_run, "without --dry-run", "memory")
    if dry_run:
        from icdbridge.evaluation.reports.text_table import show
        from icdbridge.training.dry_run import dry_run as reckon

        show([reckon([*corpora, *train_only], chosen, memory)])
        return
    check_apart(out, [settings] if settings else [])
    run = train_run(
        [Corpus.open(path) for path in corpora],
        out,
        chosen,
        train_only=[Corpus.open(path) for path in train_only],
        validate_on=validate_on,
        resume=resume,
        force=force,
        tensorboard=tensorboard,
    )
    if os.environ.get("RANK", "0") == "0":  # of torchrun's processes one speaks
        say(f"{run.path}: {run.config['parameters']:,} parameters, best epoch {run.config['best_epoch']:.0f}")
