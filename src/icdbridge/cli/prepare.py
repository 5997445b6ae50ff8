"""``icdbridge prepare``: raw files of a source in, a corpus folder out, with its data report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from icdbridge.cli import MODELS, STORE, app, examples, refuse_idle
from icdbridge.terminal import say

if TYPE_CHECKING:
    from icdbridge.corpora import Corpus

prepare = typer.Typer(no_args_is_help=True, help="Make a corpus folder from raw notes and codes.")
app.add_typer(prepare, name="prepare", rich_help_panel=MODELS)

Root = Annotated[Path, typer.Option(help="The folder of the source as it was published.")]
Out = Annotated[Path, typer.Option(help="The corpus folder to write.")]
Splits = Annotated[
    Path | None,
    typer.Option(help="Split file (any table) with the columns _id and split. Default: drawn by patient."),
]
Seed = Annotated[int, typer.Option(help="Seed of the split that is drawn.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the corpus folder if it exists.")]


@prepare.command(epilog=examples("prepare mimic3 --root MIMIC3 --out corpora/iii9"))
def mimic3(
    context: typer.Context, root: Root, out: Out, splits: Splits = None, seed: Seed = 10, force: Force = False
) -> None:
    """From MIMIC-III 1.4: discharge summaries with ICD-9 codes."""
    refuse_idle(context, splits is not None, "with --splits", "seed")
    from icdbridge.corpora.readers.mimic3 import prepare_mimic3

    _show(prepare_mimic3(root, out, splits=splits, seed=seed, force=force))


@prepare.command(
    epilog=examples(
        "prepare mimic4 --root MIMIC --version icd10 --out corpora/iv10",
        "prepare mimic4 --root MIMIC --version both --out corpora/iv",
    )
)
def mimic4(
    context: typer.Context,
    root: Annotated[Path, typer.Option(help="The folder that holds hosp/ (and note/).")],
    out: Out,
    version: Annotated[
        str,
        typer.Option(
            help="Take admissions coded in icd9 or icd10; both reads the files once, and writes OUT/icd9 and OUT/icd10."
        ),
    ] = "icd10",
    note_root: Annotated[
        Path | None, typer.Option(help="The folder that holds note/, if not --root.")
    ] = None,
    splits: Annotated[
        Path | None,
        typer.Option(
            help="Split file (any table) with the columns _id and split. Default: drawn by patient. "
            "For both versions write {version} for icd9 and icd10, as in mimiciv_{version}_split.feather."
        ),
    ] = None,
    seed: Seed = 10,
    force: Force = False,
) -> None:
    """From MIMIC-IV (hosp 2.x or 3.x, note 2.2): discharge summaries with ICD-9 or ICD-10 codes."""
    refuse_idle(context, splits is not None, "with --splits", "seed")
    from icdbridge.corpora.readers.mimic4 import prepare_mimic4, prepare_mimic4_both

    given: dict[str, Any] = {"note_root": note_root, "splits": splits, "seed": seed, "force": force}
    if version == "both":
        for corpus in prepare_mimic4_both(root, out, **given):
            _show(corpus)
    else:
        _show(prepare_mimic4(root, out, version=version, **given))


@prepare.command(
    epilog=examples(
        "prepare codiesp --root codiesp --out corpora/codiesp",
        "prepare codiesp --root codiesp --language es --codes procedures --out corpora/es",
    )
)
def codiesp(
    root: Root,
    out: Out,
    language: Annotated[str, typer.Option(help="en (translated) or es (original).")] = "en",
    codes: Annotated[str, typer.Option(help="diagnoses, procedures or both.")] = "diagnoses",
    splits: Splits = None,
    seed: Seed = 10,
    force: Force = False,
) -> None:
    """From CodiEsp (CLEF eHealth 2020): case reports with ICD-10 codes.

    Each language also gets data of the other: es the English train notes, from which a run learns to read Spanish; en
    the words that people marked in the Spanish notes.
    """
    from icdbridge.corpora.readers.codiesp import prepare_codiesp

    _show(prepare_codiesp(root, out, language=language, codes=codes, splits=splits, seed=seed, force=force))


@prepare.command(epilog=examples("prepare cmc2007 --root cmc2007 --out corpora/cmc2007"))
def cmc2007(
    context: typer.Context, root: Root, out: Out, splits: Splits = None, seed: Seed = 10, force: Force = False
) -> None:
    """From the CMC 2007 challenge: radiology reports with ICD-9 codes, as XML or JSON lines."""
    refuse_idle(context, splits is not None, "with --splits", "seed")
    from icdbridge.corpora.readers.cmc2007 import prepare_cmc2007

    _show(prepare_cmc2007(root, out, splits=splits, seed=seed, force=force))


@prepare.command(epilog=examples("prepare table --root notes.csv --version icd10 --out corpora/mine"))
def table(
    context: typer.Context,
    root: Annotated[
        Path, typer.Option(help="A table (.csv, .jsonl, .parquet, .xlsx, ...), or a folder of them.")
    ],
    out: Out,
    version: Annotated[str, typer.Option(help="icd9, icd10, or a name of your own with --code-table.")],
    id: Annotated[str, typer.Option(help="Column of the note's id.")] = "note_id",
    text: Annotated[str, typer.Option(help="Column of the note's text.")] = "text",
    codes: Annotated[
        str, typer.Option(help="Column of the note's codes: a list, or separated text.")
    ] = "codes",
    patient: Annotated[
        str | None, typer.Option(help="Column of the patient's id. Default: patient_id if there is one.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Column of the split. Default: split if there is one.")
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="What separates codes. Default: blanks, commas, semicolons, bars.")
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            help="Code system of all codes, such as icd9cm. Default: told by keys (icd9cm:428.0) or shape."
        ),
    ] = None,
    code_table: Annotated[
        Path | None, typer.Option(help="Table with the columns code and description of the codes.")
    ] = None,
    splits: Splits = None,
    seed: Seed = 10,
    force: Force = False,
) -> None:
    """From a table of your own with one note a row."""
    refuse_idle(context, splits is not None, "with --splits", "seed", "split")
    from icdbridge.corpora.readers.table import Columns, prepare_table

    corpus = prepare_table(
        root,
        out,
        version=version,
        columns=Columns(id=id, text=text, codes=codes, patient=patient, split=split),
        separator=separator,
        system=system,
        code_table=code_table,
        splits=splits,
        seed=seed,
        force=force,
    )
    _show(corpus)


@prepare.command(epilog=examples("prepare names --system icd10cm --terms knowledge --out corpora/names"))
def names(
    out: Out,
    version: Annotated[str, typer.Option(help="icd9 or icd10.")] = "icd10",
    system: Annotated[
        list[str] | None, typer.Option(help="A code system of the version; may be repeated. Default: all.")
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(
            help="More names of codes: a table with the columns code and term (or full_term). Or the word knowledge: "
            "the alphabetic index of ICD-10-CM, which comes with icdbridge."
        ),
    ] = None,
    names_per_note: Annotated[int, typer.Option(min=1, help="How many names of codes make up a note.")] = 8,
    passes: Annotated[int, typer.Option(min=1, help="How often each name is used.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the order of the names.")] = 10,
    force: Force = False,
) -> None:
    """From the names of codes, so that a model learns them before its first real note (setting start_from)."""
    from icdbridge.corpora.readers.code_names import prepare_names

    corpus = prepare_names(
        out,
        version=version,
        systems=system or (),
        terms=terms,
        names_per_note=names_per_note,
        passes=passes,
        seed=seed,
        force=force,
    )
    _show(corpus)


@prepare.command(epilog=examples("prepare desk --store desk.db --out corpora/desk"))
def desk(
    out: Out,
    store: str = STORE,
    version: Annotated[str, typer.Option(help="Take encounters coded in icd10 or icd9.")] = "icd10",
    seed: Seed = 10,
    force: Force = False,
) -> None:
    """From finished encounters of the desk: accepted codes, marked words, rejected suggestions."""
    from icdbridge.cli.desk import BY, opened
    from icdbridge.feedback.desk_corpus import prepare_desk

    with opened(store) as found:
        _show(prepare_desk(found, out, version=version, by=BY, seed=seed, force=force))


def _show(corpus: "Corpus") -> None:
    """Prints the data report, and its warnings on standard error."""
    from icdbridge.corpora.data_report import data_tables
    from icdbridge.text_table import show

    meta = corpus.meta
    synthetic = "synthetic " if meta["synthetic"] else ""
    say(f"\n{corpus.name}: {meta['notes']['total']:,} {synthetic}notes coded in {corpus.version}")
    show(data_tables(meta))
    for remark in [*([] if meta["dropped"] else ["Nothing was dropped."]), *meta["remarks"]]:
        say(remark)
    for warning in meta["warnings"]:
        say(f"warning: {warning}", err=True)
    say(f"Report: {corpus.path / 'report.html'}")
