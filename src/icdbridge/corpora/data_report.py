"""The data report: the content of a corpus, what was dropped, and a comparison with published sizes."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from icdbridge.codes import declaration, known_systems, releases
from icdbridge.corpora.corpus import SPLITS
from icdbridge.corpora.data_plots import Sizes, spread_plots
from icdbridge.corpora.staging import Staging
from icdbridge.report_page import Section, write_page
from icdbridge.text_table import Columns, Table, counts

# Notes per split and codes per scope of Edin et al. (2023), and of the paper's tables for the full scope.
PUBLISHED: dict[str, dict[str, Any]] = tomllib.loads(
    (files(__package__) / "published.toml").read_text("utf-8")
)
SOURCES = {
    "corpus": "the source itself",
    "release": "an installed release of the code system",
    "category": "what the codes of the category have in common",
    "ancestor": "the nearest wider category",
    "none": "nowhere: the code stands for itself",
}
SHOWN = 12  # files that are named
_PUBLISHED_BY = (
    "Published: notes and frequent codes of Edin et al. (2023), rare and full codes of the label sets that DualLAAT "
    "uses. Other versions of MIMIC-IV differ a little (3.0: 7,940 frequent ICD-10 codes and 6,147 ICD-9 codes)."
)


def figures(
    staging: Staging, source: str, version: str, description_sources: dict[str, int], words: list[int]
) -> dict[str, Any]:
    """The figures of corpus.json; ``words`` are the words per note of the notes measured."""
    notes, patients, per_note = {}, {}, {}
    for split in (*SPLITS, "total"):
        where = "true" if split == "total" else f"split = '{split}'"
        notes[split] = staging.number(f"SELECT count(*) FROM kept WHERE {where}")
        patients[split] = staging.number(f"SELECT count(DISTINCT patient_id) FROM kept WHERE {where}")
        if notes[split]:
            per_note[split] = summary(_codes_per_note(staging, where))
    systems = {
        system: {"codes": codes, "frequent": frequent, "assigned": assigned}
        for system, codes, frequent, assigned in staging.rows(
            """SELECT system, count(*), count(*) FILTER (frequent), sum(notes)::BIGINT
               FROM kept_codes GROUP BY 1 ORDER BY 1"""
        )
    }
    full = sum(entry["codes"] for entry in systems.values())
    frequent = sum(entry["frequent"] for entry in systems.values())
    scopes = {"frequent": frequent, "rare": full - frequent, "full": full}
    untrained = staging.number("SELECT count(*) FROM kept_codes WHERE train_notes = 0")
    return {
        "notes": notes,
        "patients": patients,
        "codes_per_note": per_note,
        "words_per_note": {**summary(np.asarray(words, np.int64)), "notes_measured": len(words)},
        "scopes": scopes,
        "codes_without_train_notes": untrained,
        "systems": systems,
        "description_sources": description_sources,
        "releases": {system: releases(system) for system in systems if system in known_systems()},
        "published": None if staging.synthetic else compare_sizes(source, version, {**notes, **scopes}),
    }


def spreads(staging: Staging, words: list[int]) -> dict[str, Sizes]:
    """What the plots show: codes per note, words per note, and notes per code."""
    notes = [row[0] for row in staging.rows("SELECT notes FROM kept_codes ORDER BY notes DESC")]
    return {
        "codes": _codes_per_note(staging, "true"),
        "words": np.asarray(words, np.int64),
        "notes": np.asarray(notes, np.int64),
    }


def data_tables(meta: dict[str, Any]) -> list[Table]:
    """What corpus.json says of notes, codes, descriptions, what was dropped and published sizes; without empty ones."""
    codes: Columns = [
        ("system", lambda row: row[0]),
        ("codes", lambda row: f"{row[1]['codes']:,}"),
        ("frequent", lambda row: f"{row[1]['frequent']:,}"),
        ("rare", lambda row: f"{row[1]['codes'] - row[1]['frequent']:,}"),
        ("assigned", lambda row: f"{row[1]['assigned']:,}"),
    ]
    systems = [(_label(system), entry) for system, entry in meta["systems"].items()]
    whole = {key: sum(entry[key] for _, entry in systems) for key in ("codes", "frequent", "assigned")}
    systems.append(("full", whole))
    never = f"{meta['codes_without_train_notes']:,} codes occur in no train note."
    note = f"Frequent: in at least 10 notes, counted before splitting. {never}"
    described: Columns = [
        ("from", lambda row: SOURCES.get(row[0], row[0])),
        ("codes", lambda row: f"{row[1]:,}"),
    ]
    found = "; ".join(
        f"{_label(system)} {', '.join(several)}" for system, several in meta["releases"].items()
    )
    dropped: Columns = [
        ("reason", "reason"),
        ("of", "unit"),
        ("such as", lambda one: one.get("example") or ""),
        ("count", counts("count")),
    ]
    malformed = ", ".join(
        f"{one['text']} ({_label(one['system'])}, {one['count']:,} times)" for one in meta["malformed"]
    )
    tables = [
        _split_table(meta),
        Table.of("Codes", systems, codes, 1, note, [len(systems) - 1]),
        Table.of(
            "Descriptions", meta["description_sources"].items(), described, 1, f"Releases installed: {found}."
        ),
        Table.of(
            "Dropped", meta["dropped"], dropped, 3, f"Malformed codes: {malformed}." if malformed else ""
        ),
    ]
    if published := meta["published"]:
        compared: Columns = [
            ("of", lambda row: f"{row['what']} {'notes' if row['what'] in SPLITS else 'codes'}"),
            ("here", counts("here")),
            ("published", counts("published")),
            ("difference", lambda row: f"{row['difference']:+,}"),
        ]
        tables.append(
            Table.of(f"Compared with {published['dataset']}", published["rows"], compared, 1, _PUBLISHED_BY)
        )
    return [table for table in tables if table.rows]


def _split_table(meta: dict[str, Any]) -> Table:
    rows = []
    for split in (*SPLITS, "total"):
        notes, per = meta["notes"][split], meta["codes_per_note"].get(split)
        spread = ["-", "-", "-"]
        if per:
            quartiles = f"{per['median']:g} ({per['q1']:g} to {per['q3']:g})"
            spread = [f"{per['mean']} ± {per['sd']}", quartiles, f"{per['max']:,}"]
        share = f"{100 * notes / meta['notes']['total']:.1f}"
        rows.append([split, f"{notes:,}", share, f"{meta['patients'][split]:,}", *spread])
    columns = ["split", "notes", "%", "patients", "codes per note: mean ± sd", "median (quartiles)", "most"]
    return Table("Notes", columns, rows, 1, f"Split: {meta['split_method']}.", [len(rows) - 1])


def write_html(path: Path, name: str, meta: dict[str, Any], data: dict[str, Sizes]) -> None:
    """Writes the data report as one HTML file that needs nothing else."""
    words, tables = meta["words_per_note"], {table.title: table for table in data_tables(meta)}
    plots = spread_plots(data["codes"], data["words"], data["notes"], meta["scopes"]["frequent"])
    spread = (
        f"Words per note (what white space separates after normalising, in {words['notes_measured']:,} notes): mean "
        f"{words['mean']:,} ± {words['sd']:,}, quartiles {words['q1']:,g} to {words['q3']:,g}, most {words['max']:,}."
    )
    files_read = [f"{file['name']} ({file['bytes']:,} bytes)" for file in meta["files"]]
    more = f" and {len(files_read) - SHOWN:,} more" if len(files_read) > SHOWN else ""
    made = ", ".join(f"{key} = {value}" for key, value in meta["settings"].items() if value is not None)
    made_of = [f"Settings: {made}.", f"Files: {', '.join(files_read[:SHOWN])}{more}."]
    dropped = tables.pop("Dropped", "Nothing was dropped.")
    sections = [
        *([Section("Warnings", meta["warnings"])] if meta["warnings"] else []),
        Section("Notes and codes", [*tables.values()]),
        Section("How codes and words are spread", [plots, spread]),
        Section("What was dropped, and why", [dropped]),
        Section("How it was made", [*meta["remarks"], *made_of]),
    ]
    facts = [
        ("notes", f"{meta['notes']['total']:,}"),
        ("patients", f"{meta['patients']['total']:,}"),
        ("codes", f"{meta['scopes']['full']:,}"),
        ("codes per note, mean", f"{meta['codes_per_note']['total']['mean']:,}"),
        ("words per note, median", f"{words['median']:,g}"),
    ]
    lead = f"Data report of a corpus of {meta['version']} codes, read from {meta['source']}."
    write_page(path, name, lead, facts, sections, meta["synthetic"], "corpus.json")


def _label(system: str) -> str:
    return declaration(system).described if system in known_systems() else system


def _codes_per_note(staging: Staging, where: str) -> Sizes:
    table = staging.table(
        f"SELECT count(*) AS codes FROM kept_code JOIN kept USING (n) WHERE {where} GROUP BY n"
    )
    return np.asarray(table["codes"].to_numpy(), np.int64)


def summary(values: Sizes) -> dict[str, float]:
    """Mean, standard deviation, quartiles and largest of some values."""
    q1, median, q3 = (float(q) for q in np.percentile(values, [25, 50, 75]))
    return {
        "mean": round(float(values.mean()), 2),
        "sd": round(float(values.std()), 2),
        "median": median,
        "q1": q1,
        "q3": q3,
        "max": int(values.max()),
    }


def compare_sizes(source: str, version: str, here: dict[str, int]) -> dict[str, Any] | None:
    """Differences to the published sizes; None where there are none, or for a small part of the dataset."""
    published = PUBLISHED.get(f"{source}-{version}")
    if published is None:
        return None
    dataset, sizes = published["dataset"], published["sizes"]
    if here["total"] < sum(sizes[split] for split in SPLITS) / 2:
        return None
    rows = [
        {"what": what, "published": size, "here": here[what], "difference": here[what] - size}
        for what, size in sizes.items()
    ]
    return {"dataset": dataset, "rows": rows}
