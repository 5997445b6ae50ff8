"""icdbridge code: suggestions for notes, each with the words that support it."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date as Day
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import typer

from icdbridge.cli import PRECISION, app, examples, refuse_idle
from icdbridge.cli.code_display import print_suggestions
from icdbridge.documents import Document, holds_fhir, read_documents
from icdbridge.errors import InputError
from icdbridge.tables import is_table, read_whole
from icdbridge.terminal import say

if TYPE_CHECKING:
    from icdbridge.coding import Coder
    from icdbridge.coding.object_store import RemoteSource
    from icdbridge.coding.sources import NoteColumns, Source


@app.command(
    epilog=examples(
        "code note.txt",
        "code runs/mixed note.txt --version icd10 --top 20",
        "code notes.csv --out codes.csv",
        "code runs/mixed notes/ --out codes.parquet --resume",
    )
)
def code(
    context: typer.Context,
    notes: list[str] = typer.Argument(
        None,
        metavar="[RUN] [NOTES]...",
        help="First, optionally, a run folder made by `icdbridge train`. Without it, or with the word starter, the "
        "starter codes, which needs no training. Then documents: text, Word (.docx), RTF, HTML, PDF with text, C-CDA, "
        "FHIR, HL7 v2. Give - or nothing to read standard input. With --out also tables (.csv, .tsv, .jsonl, "
        ".json, .parquet, .xlsx, .feather; text also as .gz and .zst), and folders of documents or tables.",
    ),
    out: str | None = typer.Option(
        None,
        help="Write the suggestions to this file: .csv or .parquet (one row a suggestion), .jsonl (one line "
        "a note) or .ndjson (FHIR R4 Condition and Procedure resources). With --engine ray: a folder of such files, or "
        "its URL; its ending gives their format (else .parquet).",
    ),
    version: str | None = typer.Option(
        None, help="icd10 (the starter's default), icd9 or another version that the run was trained on."
    ),
    top: int = typer.Option(10, min=1, help="How many codes to show for each note."),
    codes: str | None = typer.Option(
        None,
        help="The codes to choose from: a table with the columns code and description, or a code system. Default: "
        "those that the run learned, or the starter's.",
    ),
    system: str = typer.Option("custom", help="The code system that the codes of --codes FILE belong to."),
    id: str = typer.Option("note_id", help="For a table: the column with the note's id."),
    text: str = typer.Option("text", help="For a table: the column with the note's text."),
    patient: str | None = typer.Option(None, help="For a table: the column with the patient's id, for FHIR."),
    date: str = typer.Option("date", help="For a table: a column with the day of discharge or service."),
    as_of: str | None = typer.Option(
        None,
        help="Use the codes that are valid on this day (2025-11-02), including codes newer than the training notes. "
        "Default: the date of the row or document; without one, the codes that the run learned.",
    ),
    precision: Literal["fp32", "bf16"] = PRECISION,
    evidence: bool = typer.Option(True, help="Find the words that support each code; it is faster without."),
    resume: bool = typer.Option(False, "--resume", help="Continue an interrupted --out."),
    force: bool = typer.Option(False, "--force", help="Replace --out, once the new result is complete."),
    engine: Literal["one", "ray"] = typer.Option(
        "one",
        help="one: this process codes. ray: all cores of this machine or, by --address, of a cluster; NOTES may be "
        "URLs (s3://, gs://, abfss://, hdfs://) too; of a folder with documents and tables the tables are read.",
    ),
    address: str | None = typer.Option(
        None,
        help="With --engine ray: the address of the cluster; auto for the one that this machine belongs to.",
    ),
    candidates: bool = typer.Option(
        False,
        "--candidates",
        help="Score only the codes that the candidate search (`icdbridge index`) proposes: much faster, with nearly "
        "the same result. Where it would lose too many codes, all are scored, and a line says so.",
    ),
    setting: str | None = typer.Option(
        None,
        help="inpatient or outpatient; uncertain diagnoses are coded only for inpatients. For the starter. Default: "
        "the setting in the document or the table's column setting, else the starter's guess.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one line of JSON for each note."),
) -> None:
    """Code notes, by the starter or a run. Nothing leaves this machine.

    Without --out the codes are printed; with it they are written into a file. A note that cannot be coded is named
    on standard error, and with --out, or in a file of several notes, the others are still coded. To continue an
    interrupted --out, repeat the command with --resume. Exit status: 0 all notes were coded, 3 some were skipped, 2
    bad input, 130 interrupted.
    """
    from icdbridge.codes import known_system, known_systems
    from icdbridge.coding import Coder
    from icdbridge.coding.checks import check_day
    from icdbridge.coding.coder import is_run
    from icdbridge.coding.sources import day_named

    codes = codes and (known_system(codes) or codes)
    day = str(check_day(as_of)) if as_of else None

    given = list(notes or [])
    named = given[0] if given else ""
    run = Path(given.pop(0)) if named and is_run(Path(named)) else None
    if named == "starter" and not Path(named).exists():
        del given[0]
    refuse_idle(context, run is None, "without a run", "precision", "candidates")
    refuse_idle(context, run is not None, "with a run", "setting")
    refuse_idle(
        context, out is None, "without --out", "resume", "force", "id", "text", "patient", "date", "engine"
    )
    refuse_idle(context, engine != "ray", "without --engine ray", "address")
    refuse_idle(context, out is not None, "with --out, whose ending names the format", "as_json")
    refuse_idle(context, codes is None, "without --codes", "system")
    refuse_idle(context, codes in known_systems(), "where --codes names a code system", "system")
    refuse_idle(context, codes is not None, "with --codes, which take the place of a version's", "version")
    chosen = read_codes(codes, system) if codes is not None else None
    options: dict[str, Any] = {"version": version, "top": top, "codes": chosen, "evidence": evidence}
    options |= {"candidates": candidates, "setting": setting, "as_of": day}
    if out is not None:
        from icdbridge.coding.sources import NoteColumns

        ending = Path(out).suffix.lower()
        refuse_idle(
            context, ending in (".csv", ".parquet"), f"in {ending}, which names no patient", "patient"
        )
        source = _source(given, NoteColumns(id, text, patient, date), engine == "ray")
        refuse_idle(context, not source.has_tables, "as no table is given", "id", "text", "patient", "date")
        inputs = [Path(codes)] if codes and codes not in known_systems() else []
        going: dict[str, Any] = {"resume": resume, "force": force, "inputs": inputs}
        with _said_how_to_go_on(out, source):
            coder = _load(run, precision, options)
            if engine == "ray":
                from icdbridge.coding.ray_pool import code_on_ray

                load = partial(Coder.load, run and run.absolute(), precision=precision)
                done = code_on_ray(coder, load, source, out, address, options=options, say=_tell, **going)
            else:
                from icdbridge.coding.bulk import code_notes

                done = code_notes(coder, cast("Source", source), Path(out), say=_tell, **options, **going)
        say(f"{out}: {done.coded:,} notes coded, {done.skipped:,} skipped")
        if done.skipped:
            raise typer.Exit(3)
        return
    paths = [Path(name) for name in given]
    for path in paths:
        if path.is_dir() or (is_table(path) and not holds_fhir(path)):
            raise InputError(f"{path} is a folder or a table: name by --out the file for its codes")
    if paths.count(Path("-")) > 1:
        raise InputError("standard input (-) is given twice, and can be read only once")
    documents = [named for path in paths or [Path("-")] for named in _read(path)]
    coder = _load(run, precision, options)
    for name, document in documents:
        if document.not_coded:
            say(f"skipped {name}: {document.not_coded}", err=True)
            continue
        for remark in document.remarks:
            say(f"{name}: {remark}", err=True)
        note = document.text
        try:
            here = setting or (document.setting if coder.settings else None)
            dated = day or day_named(document.discharge or document.date)
            suggestions = coder.code(note, **{**options, "setting": here, "as_of": dated})
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        if as_json:
            found = {"note_id": name, "suggestions": [suggestion.to_dict() for suggestion in suggestions]}
            say(json.dumps(found, ensure_ascii=False))
        else:
            print_suggestions(name, suggestions, coder.basis, coder.caution(note, suggestions))
    if any(document.not_coded for _, document in documents):
        raise typer.Exit(3)


def _load(run: Path | None, precision: Literal["fp32", "bf16"], options: dict[str, Any]) -> "Coder":
    """The run; on standard error what it cannot do with the codes to choose from, and which of them no release has."""
    from icdbridge.codes import parse_key, version_named
    from icdbridge.codes.gate import Spelling, named, nearest, standing
    from icdbridge.coding import Coder
    from icdbridge.coding.on_day import not_of_day

    coder = Coder.load(run, precision=precision)
    codes = options["codes"]
    version = options["version"] or coder.default_version
    day = Day.fromisoformat(options["as_of"]) if options["as_of"] else None
    if day and codes is None and version and (told := not_of_day(version_named(version), day)):
        _tell(told)
    if options["candidates"] and (all_scored := coder.unsearched(options["version"], codes)):
        _tell(all_scored)
    if codes is not None:
        unknown = [code for code in map(parse_key, codes) if standing(code) == "unknown"]
        spellings = [Spelling(code.code, 1, nearest(code.code, code.system)) for code in unknown]
        if spellings:
            _tell(f"in no installed release ({len(spellings):,}): {named(spellings, 'near')}")
        if same := coder.same_words(codes):
            _tell(same)
    return coder


def _source(given: list[str], columns: "NoteColumns", on_ray: bool) -> "Source | RemoteSource":
    """The notes at paths or, for Ray, at URLs."""
    from icdbridge.coding.object_store import RemoteSource, is_url
    from icdbridge.coding.sources import Source

    urls = [name for name in given if is_url(name)]
    if urls and not on_ray:
        raise InputError(f"{urls[0]} is a URL: give --engine ray, or a path")
    if urls and len(urls) < len(given):
        raise InputError("give the notes by URLs or by paths, not by both")
    if urls:
        return RemoteSource(urls, columns)
    return Source([Path(name) for name in given], columns, tables_first=on_ray)


def _tell(line: str) -> None:
    from icdbridge.progress import console

    console.print(line, soft_wrap=True)


@contextmanager
def _said_how_to_go_on(out: str, source: "Source | RemoteSource") -> Iterator[None]:
    """Says which files are no notes and, where it is interrupted or the disk is full, how to go on."""
    from icdbridge.coding.bulk import journal_of
    from icdbridge.coding.parts import unfinished

    for line in source.left_out:
        _tell(line)
    try:
        yield
    except (KeyboardInterrupt, OSError, InputError) as stopped:
        by_disk = isinstance(stopped.__cause__ or stopped, OSError)
        begun = journal_of(Path(out)).exists() or unfinished(out)
        if begun and (by_disk or isinstance(stopped, KeyboardInterrupt)):
            say(f"{out} is unfinished: the same command with --resume goes on", err=True)
        raise


def read_codes(codes: str, system: str, like: Iterable[str] = ()) -> dict[str, str]:
    """Key -> description of a code system, with beginnings of codes where those ``like`` them (keys) are cut; or of a
    table of codes of ``system``.
    """
    from icdbridge.codes import Code, known_systems, read_code_table, whole_systems

    if codes in known_systems():
        return whole_systems([f"{codes}:", *(key for key in like if key.startswith(f"{codes}:"))])
    table = read_code_table(Path(codes), system)
    return {str(Code(table.name, written)): title for written, title in table.titles.items()}


def _read(path: Path) -> list[tuple[str, Document]]:
    if str(path) == "-" and sys.stdin is None:
        raise InputError("standard input (-) is closed: give a file, or the note through a pipe")
    if str(path) == "-":
        found = read_documents(read_whole(sys.stdin.buffer, "standard input"), "standard input")
    else:
        found = read_documents(path)
    return [(f"{path}/{one.id}" if len(found) > 1 else str(path), one) for one in found]
