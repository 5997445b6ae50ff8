"""icdbridge reproduce and icdbridge sweep: the paper's tables, and curves over one setting."""

from pathlib import Path
from typing import Annotated

import typer

from icdbridge.cli import PAPER, app, examples
from icdbridge.errors import InputError
from icdbridge.terminal import say

Corpora = Annotated[Path, typer.Option(help="Folder with the corpus folders, at least one of them in icd10.")]
Out = Annotated[Path, typer.Option(help="Folder of runs; finished ones with the same settings are reused.")]
Preset = Annotated[str, typer.Option(help="paper (its sizes; wants a GPU) or small (for CPUs).")]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds, and so runs, of each system.")]
Changes = Annotated[
    list[str], typer.Option("--set", help="A setting of all runs, name=value; may be repeated.")
]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print tables as Markdown.")]


@app.command(
    rich_help_panel=PAPER,
    epilog=examples(
        "reproduce 1 2 --corpora corpora --preset small", "reproduce all --corpora corpora --markdown"
    ),
)
def reproduce(
    tables: Annotated[
        list[str],
        typer.Argument(help="Which tables: 1 to 6, figure1, overlap (what versions share), or all."),
    ],
    corpora: Corpora,
    out: Out = Path("reproduction"),
    seeds: Seeds = 3,
    preset: Preset = "paper",
    changes: Changes = [],  # noqa: B006
    markdown: Markdown = False,
) -> None:
    """Make the paper's tables on your corpora, training the runs that they need.

    Stop it at any time: the same command continues, with the finished runs. On MIMIC the paper's figures stand beside.
    """
    from icdbridge.reproduction import TABLES, Study
    from icdbridge.text_table import show

    names = _tables_named(tables)
    study = Study.open(corpora, out, preset, seeds, changes)
    for name in names:
        show([TABLES[name](study)], markdown)


@app.command(rich_help_panel=PAPER, epilog=examples("plan all --corpora corpora --device cpu-core"))
def plan(
    tables: Annotated[list[str], typer.Argument(help="Which tables: 1 to 6, figure1, overlap, or all.")],
    corpora: Corpora,
    device: Annotated[
        str, typer.Option(help="A device whose step times are known: cpu-core, h200, or one of yours.")
    ] = "cpu-core",
    step_times: Annotated[
        Path | None, typer.Option(help="A file that benchmarks/step_times.py wrote on your device.")
    ] = None,
    seeds: Seeds = 3,
    changes: Changes = [],  # noqa: B006
    markdown: Markdown = False,
) -> None:
    """Estimate what `reproduce` would take at the paper's sizes: runs, hours, memory and disk of each table."""
    from icdbridge.reproduction.plan import open_plan, read_step_times
    from icdbridge.reproduction.plan import plan as reckon
    from icdbridge.text_table import show

    names = _tables_named(tables)
    times = read_step_times(device, step_times)
    show([reckon(open_plan(corpora, "paper", seeds, changes), names, device, times)], markdown)


@app.command(
    rich_help_panel=PAPER, epilog=examples("sweep heads --corpora corpora --preset small --values 1,2,4")
)
def sweep(
    name: Annotated[str, typer.Argument(help="Which setting: label-space, icd9-share, heads or negatives.")],
    corpora: Corpora,
    out: Out = Path("reproduction"),
    seeds: Seeds = 3,
    preset: Preset = "paper",
    model: Annotated[str, typer.Option(help="A model that learns several versions.")] = "duallaat-cnn",
    values: Annotated[str, typer.Option(help="The values to try, separated by commas.")] = "",
    changes: Changes = [],  # noqa: B006
    markdown: Markdown = False,
) -> None:
    """Vary one setting and show its effect on the ICD-10 test notes, as a table and a plot.

    Finished runs are reused."""
    from icdbridge.reproduction import Study
    from icdbridge.reproduction.sweeps import sweep as run_sweep
    from icdbridge.reproduction.sweeps import write_sweep
    from icdbridge.text_table import show

    study = Study.open(corpora, out, preset, seeds, changes)
    table, plot = run_sweep(study, name, model, [value for value in values.split(",") if value])
    show([table], markdown)
    say(f"plot: {write_sweep(out, name, table, plot, study.synthetic)}", err=markdown)


def _tables_named(tables: list[str]) -> list[str]:
    from icdbridge.reproduction import TABLES

    names = list(TABLES) if "all" in tables else tables
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise InputError(f"unknown table {unknown[0]!r}: known are {', '.join(TABLES)}, all")
    return names
