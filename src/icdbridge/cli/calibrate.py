"""icdbridge calibrate: confidence fitted on what coders decided, without training."""

from pathlib import Path

import typer

from icdbridge.cli import DESK, STORE, app, examples
from icdbridge.terminal import say


@app.command(
    rich_help_panel=DESK,
    epilog=examples(
        "calibrate runs/mixed --store desk.db --out runs/mixed-calibrated",
        "calibrate --store desk.db --out starter-calibrated",
    ),
)
def calibrate(
    run: Path = typer.Argument(None, help="A run folder; without one, the starter."),
    store: str = STORE,
    out: Path = typer.Option(..., help="The folder to write: code and serve take it like a run folder."),
    model: str | None = typer.Option(
        None, help="The model whose suggestions were decided on. Default: the run's name, or the starter."
    ),
    force: bool = typer.Option(False, "--force", help="Replace the folder of --out."),
) -> None:
    """Fit the confidence on what coders decided at the desk. Nothing is trained.

    The decisions of finished encounters are used. The fit is kept only if it predicts other encounters better.
    """
    from icdbridge.cli.desk import opened
    from icdbridge.feedback.recalibrate import recalibrate

    with opened(store) as found:
        fit = recalibrate(found, run, out, model=model, force=force)
    on = f"{fit.pairs:,} suggestions of {fit.encounters:,} encounters"
    say(
        f"{out}: confidence fitted on {on}"
        if fit.kept
        else f"{out}: the confidence stays as it was; fitted on {on} it is not better on encounters held out"
    )
    for name, place, scale in (("Brier score", 0, 1), ("calibration error, points", 1, 100)):
        before, after = scale * fit.before[place], scale * fit.after[place]
        say(f"  {name}: {before:.3g} as it was, {after:.3g} fitted, on encounters held out")
    if fit.errors.wrongly:
        shares = (
            f"{fit.errors.wrongly:.1%} of wrong and {fit.errors.accepted:.1%} of right suggestions accepted"
        )
        say(f"  decisions that nobody read again have errors, by the second reads: {shares}")
    for one in fit.left_out:
        say(f"  {one}'s encounters do not count: what is accepted hardly follows the confidence", err=True)
