"""``icdbridge codes``: look up codes, search for them, list the code systems."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icdbridge.cli import app, examples
from icdbridge.cli.codes_display import found_title, print_choices, print_record, print_table
from icdbridge.errors import InputError
from icdbridge.terminal import say

_SHOWN = 80  # characters of a query in a message

if TYPE_CHECKING:
    from icdbridge.codes import CodeSystem

codes = typer.Typer(no_args_is_help=True, help="Look up and search ICD codes, with system and release.")
app.add_typer(codes, name="codes")

System = Annotated[
    str | None,
    typer.Option(help="Only this code system (icd9cm, icd9proc, icd10cm, icd10pcs, or the name of --table)."),
]
Table = Annotated[
    Path | None,
    typer.Option(
        help="A code table of your own, with the columns code and description and, if wanted, parent and synonyms."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@codes.command(epilog=examples("codes show I21.4", "codes show icd9proc:96.71 --json"))
def show(
    code: Annotated[
        str, typer.Argument(help="A code, dotted or not, such as I21.4, 4280 or icd9proc:96.71.")
    ],
    system: System = None,
    release: Annotated[
        str | None, typer.Option(help="Look in this release, such as FY2025, instead of the newest.")
    ] = None,
    table: Table = None,
    as_json: Json = False,
) -> None:
    """Show a code: title, validity, path, synonyms, releases, crosswalk. In every system that has it.

    A retired code is shown with its replacement, a new one with its predecessor.
    """
    from icdbridge.codes import known_system, system_named
    from icdbridge.knowledge.code_record import code_records

    prefix, colon, rest = code.partition(":")
    if colon and system is None and (table is not None or known_system(prefix)):
        system, code = prefix, rest
    system = system and system_named(system)
    records = code_records(code, _editions(system, release, table))
    if not records:
        where = [system or "any installed code system"]
        where += [f"release {release}"] if release else []
        where += [str(table)] if table else []
        raise InputError(f"no code {code!r} in {', '.join(where)}{_near(code, system)}")
    if as_json:
        say(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        for record in records:
            print_record(record)


@codes.command(epilog=examples('codes search "left hip fx"', "codes search I50 --system icd10cm --limit 5"))
def search(
    query: Annotated[
        str, typer.Argument(help='Words, or how the code begins: "left hip fx", "hx of MI", I50.')
    ],
    system: System = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many codes.")] = 20,
    table: Table = None,
    as_json: Json = False,
) -> None:
    """Find codes by words, abbreviations, misspellings, or the beginning of a code.

    Without --system ICD-10 is searched, and ICD-9 if ICD-10 has nothing. Below the first hit stands what distinguishes
    the codes of its family.
    """
    from icdbridge.codes import known_systems, system_named
    from icdbridge.knowledge.search import find

    system = system and system_named(system)
    systems = None if system is None else () if table and system not in known_systems() else (system,)
    found = find(query, systems, limit, _own(table, system))
    hits = found.hits
    if not hits:
        said = query if len(query) <= _SHOWN else f"{query[:_SHOWN]}..."
        raise InputError(f"nothing found for {said!r}: use fewer or other words, the last may be cut short")
    if as_json:
        records = [
            hit._asdict()
            | {"code": hit.code.code, "system": hit.code.system}
            | {"specify": [one._asdict() for one in hit.specify]}
            for hit in hits
        ]
        say(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        rows = [
            (*hit.code, hit.release, "" if hit.billable else "category", found_title(hit)) for hit in hits
        ]
        if found.searched:
            say(f"searched for: {found.searched}")
        print_table(("system", "code", "release", "", "title"), rows)
        print_choices(hits[0])


@codes.command(epilog=examples("codes systems"))
def systems(as_json: Json = False) -> None:
    """List the code systems and their releases, with the number of codes."""
    from icdbridge.codes import known_systems, load_system, releases

    editions = [load_system(name, release) for name in known_systems() for release in releases(name)]
    records = [
        {"system": one.name, "label": one.label, "version": one.version, "release": one.release}
        | {"codes": len(one.titles), "categories": len(one.headings)}
        | {"synonyms": sum(map(len, one.synonyms.values()))}
        for one in editions
    ]
    if as_json:
        say(json.dumps(records, indent=2))
    else:
        rows = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in one.values()] for one in records]
        print_table(tuple(records[0]), rows)


@codes.command(epilog=examples("codes add icd10gm2026.xml --name icd10gm --out systems --from 2026-01-01"))
def add(
    file: Path = typer.Argument(help="The file as published: ClaML (XML), or ICD-11's simple tabulation."),
    name: str = typer.Option(..., help="Name of the system in icdbridge, such as icd10gm, icd10who, icd11."),
    out: Path = typer.Option(..., "--out", help="Folder to write; set ICDBRIDGE_SYSTEMS to it afterwards."),
    label: str = typer.Option("", help="Name of the system for people, such as ICD-10-GM 2026."),
    uri: str = typer.Option("", help="URI of the system in FHIR, if icdbridge does not know it."),
    starts: str | None = typer.Option(
        None, "--from", help="The first day on which this release is in force, such as 2026-01-01."
    ),
) -> None:
    """Add another country's code system, or ICD-11, from the file that its agency publishes."""
    from icdbridge.codes import load_system
    from icdbridge.codes.classifications import add_classification
    from icdbridge.coding.checks import check_day

    added = add_classification(file, out, name, label, uri, check_day(starts))
    for release in added.releases:
        table = load_system(name, release)
        since = f", from {added.starts[release]} on" if release in added.starts else ""
        counts = f"{len(table.titles):,} codes, {len(table.headings):,} categories"
        say(f"{name}, release {release}: {counts}{since}")
    say(f"it is known wherever ICDBRIDGE_SYSTEMS={out} is set")


def _own(table: Path | None, system: str | None) -> list["CodeSystem"]:
    from icdbridge.codes import read_code_table

    return [read_code_table(table, system or "own")] if table else []


def _editions(system: str | None, release: str | None, table: Path | None) -> list["CodeSystem"]:
    """The tables to look into, the newest first."""
    from icdbridge.codes import known_systems, load_system, releases

    own = _own(table, system)
    if system and system not in known_systems() and not own:
        releases(system)  # says which systems there are
    names = [name for name in known_systems() if system in (None, name)]
    wanted = [(name, edition) for name in names for edition in reversed(releases(name))]
    if release:
        wanted = [(name, edition) for name, edition in wanted if edition == release]
        if not wanted:
            known = ", ".join(dict.fromkeys(edition for name in names for edition in releases(name)))
            raise InputError(f"no release {release!r} of {system or 'any system'}: expected one of {known}")
    return own + [load_system(name, edition) for name, edition in wanted]


def _near(text: str, system: str | None) -> str:
    """The codes that may have been meant, as the end of a message."""
    from icdbridge.codes import known_systems, load_system
    from icdbridge.codes.gate import nearest, standing

    for name in known_systems() if system is None else [system]:
        if name in known_systems() and (near := nearest(text, name)):
            table = load_system(name)
            billable = standing(near) == "billable"
            below = [] if billable else [code for code in table.below(near.code) if code in table.titles]
            return f": near it: {', '.join([near.code, *below][:5])} ({name})"
    return ": search by words with icdbridge codes search"
