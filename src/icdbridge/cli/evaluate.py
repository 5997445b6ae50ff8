"""icdbridge evaluate: how good a run is on a split of a corpus."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from icdbridge.cli import MODELS, PRECISION, app, examples, refuse_idle
from icdbridge.cli.code import read_codes
from icdbridge.errors import InputError
from icdbridge.terminal import say

if TYPE_CHECKING:
    from icdbridge.corpora import Corpus


@app.command(
    rich_help_panel=MODELS,
    epilog=examples(
        "evaluate runs/mixed corpora/iv10",
        "evaluate runs/mixed corpora/iv10 --split val --evidence",
        "evaluate starter corpora/codiesp",
    ),
)
def evaluate(
    context: typer.Context,
    run: Path = typer.Argument(help="A run folder made by `icdbridge train`, or starter."),
    corpora: list[Path] = typer.Argument(help="Corpus folders made by `icdbridge prepare`."),
    split: Literal["train", "val", "test"] = typer.Option("test", help="The notes to measure on."),
    out: Path | None = typer.Option(
        None,
        help="Folder for the results, with a folder for each corpus. Default: RUN/evaluations, where compare looks.",
    ),
    evidence: bool = typer.Option(
        False,
        "--evidence",
        help="Measure the evidence too: against the words that people marked, and by removing it from the note.",
    ),
    candidates: bool = typer.Option(
        False, "--candidates", help="Compare the candidate search (`icdbridge index`) with exact scoring too."
    ),
    codes: str | None = typer.Option(
        None,
        help="Further codes to choose from, besides the corpus's: a CSV, TSV or Parquet file (code, description), or a "
        "code system, such as icd10cm.",
    ),
    system: str = typer.Option("icd10cm", help="The code system that the codes of --codes FILE belong to."),
    as_json: bool = typer.Option(False, "--json", help="Print the figures as JSON, one key a corpus."),
    markdown: bool = typer.Option(False, "--markdown", help="Print the tables as Markdown."),
    device: str = typer.Option("cpu", help="Where to compute: cpu, cuda, mps."),
    precision: Literal["fp32", "bf16"] = PRECISION,
) -> None:
    """Measure a run or the starter on the notes of corpora.

    Prints AUC, F1, P@k, R-precision and MAP for frequent, rare and all codes, and writes metrics.json and report.html
    into the run folder (for the starter: into the folder starter). One threshold for all codes is tuned on val. If the
    run has thresholds of its own for common, uncommon and unseen codes, a table compares them with that one.
    """
    from icdbridge.codes import known_system, known_systems
    from icdbridge.corpora.corpus import Corpus
    from icdbridge.evaluation.evaluate import EVALUATION, evaluation_folder, open_measured
    from icdbridge.evaluation.evaluate import evaluate as evaluate_run
    from icdbridge.evaluation.reports.evaluation_report import evaluation_tables
    from icdbridge.evaluation.starter_run import StarterRun
    from icdbridge.files import check_output
    from icdbridge.text_table import show

    refuse_idle(context, as_json, "with --json", "markdown")
    refuse_idle(context, codes is None, "without --codes", "system")
    codes = codes and (known_system(codes) or codes)
    refuse_idle(context, codes in known_systems(), "where --codes names a code system", "system")
    opened_corpora = [Corpus.open(path) for path in corpora]
    if codes is not None:
        opened_corpora = [_with_extra_codes(corpus, codes, system) for corpus in opened_corpora]
    names = [corpus.name for corpus in opened_corpora]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two corpora are called {twice}: evaluate them one by one, with different --out")
    opened = open_measured(run, device, precision)
    refuse_idle(
        context, isinstance(opened, StarterRun), "with the starter", "device", "precision", "candidates"
    )
    folders = [
        out / f"{name}-{split}" if out else evaluation_folder(opened.path, name, split) for name in names
    ]
    inputs = [*corpora, *([Path(codes)] if codes is not None and codes not in known_systems() else [])]
    for folder in folders:
        check_output(folder, EVALUATION, inputs, replace=True)
    every = {}
    for corpus, folder in zip(opened_corpora, folders, strict=True):
        every[corpus.name] = results = evaluate_run(opened, corpus, split, folder, evidence, candidates)
        if as_json:
            continue
        show(evaluation_tables(results), markdown)
        say(f"report: {folder / 'report.html'}", err=markdown)
    if as_json:
        say(json.dumps(every, indent=2, ensure_ascii=False, allow_nan=False))


def _with_extra_codes(corpus: "Corpus", codes: str, system: str) -> "Corpus":
    from icdbridge.codes import parse_key, version_of

    more = read_codes(codes, system, corpus.codes)
    for version in {version_of(parse_key(key).system) for key in more}:
        if version != corpus.version:
            raise InputError(f"{codes} holds {version} codes, but {corpus.name} has {corpus.version} codes")
    return corpus.with_extra_codes(more, Path(codes).stem)
