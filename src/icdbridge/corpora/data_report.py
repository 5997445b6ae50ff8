"""The data report: the content of a corpus, what was dropped, and a comparison with published sizes."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from icdbridge.codes import declaration, known_systems, releases
from icdbridge.corpora.corpus import SPLITS
from icdbridge.corpora.data_plots import Sizes, histogram, long_tail
from icdbridge.corpora.staging import Staging
from icdbridge.escaping import shown

if TYPE_CHECKING:
    from jinja2 import Template

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


@cache
def template() -> "Template":
    """What the report is made from."""
    from jinja2 import Environment, StrictUndefined  # here, so that it is imported while the source is read

    environment = Environment(
        autoescape=True, finalize=shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = lambda value: f"{value:,.{int(value % 1 > 0)}f}"
    return environment.from_string(files("icdbridge.corpora").joinpath("data_report.html").read_text("utf-8"))


def write_html(path: Path, name: str, meta: dict[str, Any], data: dict[str, Sizes]) -> None:
    """Writes the data report as one HTML file that needs nothing else."""
    plots = [
        histogram(data["codes"], "codes per note", "notes"),
        histogram(data["words"], "words per note", "notes"),
        long_tail(data["notes"], meta["scopes"]["frequent"]),
    ]
    page = template().render(name=name, meta=meta, plots=plots, splits=SPLITS, label=_label, sources=SOURCES)
    path.write_text(page, "utf-8")


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
