"""``icdbridge synthesize``: raw files like those of MIMIC, from the code tables alone."""

from pathlib import Path
from typing import Annotated

import typer

from icdbridge.cli import MODELS, app, examples
from icdbridge.terminal import say

synthesize = typer.Typer(
    no_args_is_help=True,
    help="Write synthetic notes and codes in the files of MIMIC, to try things without data.",
)
app.add_typer(synthesize, name="synthesize", rich_help_panel=MODELS)

Out = Annotated[Path, typer.Option(help="The folder to write.")]
Notes = Annotated[int, typer.Option(help="How many discharge summaries.")]
Words = Annotated[float, typer.Option(help="Words of a note on average; lengths spread as in MIMIC.")]
Seed = Annotated[int, typer.Option(help="Seed of patients and notes: the same seed writes the same files.")]
Concepts = Annotated[
    int, typer.Option(help="How many different problems and procedures occur; fewer make an easier corpus.")
]
WorldSeed = Annotated[
    int, typer.Option(help="Seed of the problems, their wordings and frequencies; shared by both dumps.")
]
Unmentioned = Annotated[float, typer.Option(help="Share of the codes that the note does not mention.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")]


def _add(dump: str, layout: str, about: str) -> None:
    @synthesize.command(
        dump, help=about, epilog=examples(f"synthesize {dump} --out dump --notes 1000 --words 200")
    )
    def write(
        out: Out,
        notes: Notes,
        words: Words = 1500,
        seed: Seed = 0,
        concepts: Concepts = 11_500,
        world_seed: WorldSeed = 0,
        unmentioned: Unmentioned = 0.1,
        force: Force = False,
    ) -> None:
        from icdbridge import synthetic

        made = getattr(synthetic, f"synthesize_{dump}")
        shared = {"concepts": concepts, "world_seed": world_seed, "unmentioned": unmentioned}
        made(out, notes, words=words, seed=seed, **shared, replace=force)
        say(f"{notes:,} synthetic discharge summaries in the layout of {layout}: {out}")


_add("mimic3", "MIMIC-III", "Like MIMIC-III 1.4: all in ICD-9, with addenda and notes of other categories.")
_add("mimic4", "MIMIC-IV", "Like MIMIC-IV with notes: ICD-9 until September 2015 (two thirds), then ICD-10.")
