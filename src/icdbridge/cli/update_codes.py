"""icdbridge update-codes: what a later release changes for a run, and the day whose release it codes by."""

from datetime import date
from pathlib import Path

import typer

from icdbridge.cli import MODELS, app, examples
from icdbridge.terminal import say

SHOWN = 20


@app.command(rich_help_panel=MODELS, epilog=examples("update-codes runs/mixed --as-of 2026-10-01"))
def update_codes(
    run: Path = typer.Argument(help="A run folder made by `icdbridge train`."),
    as_of: str | None = typer.Option(None, help="Code by this day's release (2026-10-01). Default: today."),
    conversions: Path | None = typer.Option(
        None,
        help="A conversion table of the agency, with the columns code and previous. Default: replacements are inferred "
        "from the releases.",
    ),
    system: str = typer.Option("icd10cm", help="The code system of --conversions."),
) -> None:
    """Show what a later release changes for a run, and make it the run's default. Nothing is trained.

    A note with a date is always coded by the release of that day; this command sets the release for notes without one.
    Codes that are not valid are not offered, new codes are found by name, and a new code that replaces a retired one
    inherits what training notes taught about it.
    """
    from icdbridge.coding.checks import check_day
    from icdbridge.runs.in_force import heirs_among, offered_on
    from icdbridge.runs.run import Run
    from icdbridge.runs.update import Update, read_conversions, write_update

    opened = Run.open(run)
    day = check_day(as_of) or date.today()
    told = {} if conversions is None else read_conversions(conversions, system)
    for version in opened.versions:
        codes = opened.index.of_version(version)
        offered = offered_on(codes, day, told)
        gone = [key for key in codes if key not in offered]
        heirs = heirs_among(gone, offered, told)
        say(
            f"{version} on {day}: {len(codes):,} codes of the run, {len(gone):,} of them not valid, "
            f"{len(offered) - len(codes) + len(gone):,} offered beside the others"
        )
        notes = opened.train_notes or {}
        gone.sort(key=lambda key: -notes.get(key, 0))
        for key in gone[:SHOWN]:
            instead = ", ".join(one.partition(":")[2] for one in heirs.get(key, ())[:6]) or "nothing"
            say(f"  {key.partition(':')[2]} ({notes.get(key, 0):,} training notes): now {instead}")
        if len(gone) > SHOWN:
            say(f"  and {len(gone) - SHOWN:,} more")
    write_update(run, Update(day, told))
    say(f"{run} codes by the release of {day} where a note names no date")
