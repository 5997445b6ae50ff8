"""icdbridge index: adds a candidate search to a run, so that not every code is scored for every note."""

from pathlib import Path
from typing import Literal

import typer

from icdbridge.cli import MODELS, app, examples
from icdbridge.terminal import say


@app.command(
    rich_help_panel=MODELS, epilog=examples("index runs/mixed corpora/iv10 corpora/iv9 --precision bf16")
)
def index(
    run: Path = typer.Argument(help="A run folder made by `icdbridge train`."),
    corpora: list[Path] = typer.Argument(help="The corpora it was trained on: train and val notes are used."),
    terms: Path | None = typer.Option(
        None,
        help="Further names of ICD-10-CM codes: a table (columns code and term), or knowledge for the "
        "alphabetic index that comes with icdbridge.",
    ),
    recall: float = typer.Option(0.998, help="Share of the codes predicted on val to find as candidates."),
    notes: int = typer.Option(
        8_000,
        min=1,
        help="How many training notes of each version are scored exactly, for the search to learn from.",
    ),
    precision: Literal["fp32", "bf16"] = typer.Option(
        "fp32", help="How to compute the exact scores: bf16 takes half the time and predicts the same codes."
    ),
    seed: int = typer.Option(0, help="Seed of everything random."),
) -> None:
    """Add a candidate search to a run, which makes coding much faster (`icdbridge code --candidates`)."""
    from icdbridge.corpora import Corpus
    from icdbridge.knowledge.further import further_terms
    from icdbridge.runs.run import Run
    from icdbridge.training.distill_candidates import index_run

    opened = Run.open(run, precision=precision)
    made = index_run(
        opened,
        [Corpus.open(path) for path in corpora],
        further_terms(terms) if terms else None,
        target=recall,
        train_notes=notes,
        seed=seed,
    )
    for version, counts in made.counts.items():
        codes = opened.index.version.count(version)
        say(
            f"{version}: {counts.linear:,} candidates by words, {counts.lexical:,} by names, of {codes:,} codes; they "
            f"hold {100 * counts.recall:.2f}% of the codes predicted on {counts.notes:,} val notes "
            f"(of other such notes at least {100 * (counts.bound or 0):.2f}%, by 95%)"
        )
        if found := counts.among_all:
            say(
                f"{version}, all codes of its code systems: {found.linear:,} by words, {found.lexical:,} by names hold "
                f"{100 * found.recall:.2f}% on {found.notes:,} val notes (at least {100 * (found.bound or 0):.2f}%)"
                + (
                    ""
                    if found.reached
                    else f", not {100 * found.target:.2f}%: among codes that the run did not learn, "
                    "`icdbridge code --candidates` scores every code"
                )
            )
