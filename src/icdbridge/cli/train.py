"""icdbridge train: a model from any number of corpora of any versions."""

import os
from pathlib import Path

import typer

from icdbridge.cli import MODELS, app, examples, refuse_idle
from icdbridge.terminal import say


@app.command(
    rich_help_panel=MODELS,
    epilog=examples(
        "train corpora/mine --preset few-notes --model duallaat-cnn --out runs/mine",
        "train corpora/iv10 corpora/iv9 --out runs/mixed",
        "train corpora/iv10 --out runs/alone --dry-run --memory 24",
    ),
)
def train(
    context: typer.Context,
    corpora: list[Path] = typer.Argument(help="Corpus folders made by `icdbridge prepare`."),
    out: Path = typer.Option(..., "--out", help="The run folder to write."),
    model: str = typer.Option("duallaat-rnn", help="duallaat-cnn, or another model of docs/models.md."),
    preset: str = typer.Option(
        "paper",
        help="paper (needs a GPU), small (for CPUs), or few-notes (with matching, for up to a few thousand notes).",
    ),
    settings: Path | None = typer.Option(None, help="A TOML file of settings; they override the preset."),
    changes: list[str] = typer.Option(
        [], "--set", help="A setting, as name=value; overrides --settings. May be repeated."
    ),
    train_only: list[Path] = typer.Option(
        [], help="A corpus of which all notes, val and test too, are used for training; may be repeated."
    ),
    validate_on: str | None = typer.Option(None, help="Corpus to validate on, by name. Default: the first."),
    epochs: int | None = typer.Option(None, help="Passes over the training notes."),
    seed: int | None = typer.Option(None, help="Seed of everything random."),
    resume: bool = typer.Option(False, "--resume", help="Continue an interrupted training."),
    force: bool = typer.Option(False, "--force", help="Replace an existing run folder."),
    tensorboard: bool = typer.Option(False, "--tensorboard", help="Write TensorBoard files too."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only estimate the memory needed; write nothing."),
    memory: float = typer.Option(80, min=0.1, help="Memory of the device in GB, for --dry-run."),
) -> None:
    """Train a model on one or several corpora, of any versions.

    Ctrl-C keeps what was done; the same command with --resume continues.

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
        from icdbridge.text_table import show
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
