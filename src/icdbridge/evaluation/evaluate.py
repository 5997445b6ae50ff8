"""Evaluating a run on a split of a corpus: scores, figures, and the folder with their report."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge import __version__
from icdbridge.corpora.corpus import Corpus
from icdbridge.errors import InputError
from icdbridge.evaluation.bootstrap import RESAMPLES, intervals
from icdbridge.evaluation.candidates_vs_exact import compare_candidates
from icdbridge.evaluation.contributions import Contributions
from icdbridge.evaluation.decisions import decisions
from icdbridge.evaluation.reliability import band_shares, reliability, seen
from icdbridge.evaluation.reports.evaluation_report import write_report
from icdbridge.evaluation.results import (
    FLATTERED,
    SCOPES,
    choose_thresholds,
    fingerprint,
    long_tail,
    scope_figures,
    scope_table,
    without_nan,
)
from icdbridge.evaluation.siblings import wrong_siblings
from icdbridge.evaluation.starter_run import STARTER, StarterRun
from icdbridge.files import Kind, atomic_folder, write_json, write_manifest
from icdbridge.runs.scored import Scored

if TYPE_CHECKING:  # opening a run loads torch; reading its results does not need to
    from icdbridge.runs.run import Run
    from icdbridge.runs.scoring import Precision

FORMAT = 3  # 2 called codes common in training frequent
EVALUATION = Kind("an evaluation", "metrics.json")


def evaluation_folder(run: Path, corpus: str, split: str) -> Path:
    """Where the evaluation of a run on a split of a corpus (by name) lies."""
    return Path(run) / "evaluations" / f"{corpus}-{split}"


def open_measured(
    path: Path | str, device: str = "cpu", precision: "Precision" = "fp32"
) -> "Run | StarterRun":
    """The run in a folder; for ``starter``, where there is no such folder with a run, the starter."""
    if str(path) == STARTER and not (Path(path) / "manifest.json").is_file():
        return StarterRun()
    from icdbridge.runs.run import Run

    return Run.open(path, device, precision)


def evaluate(
    run: "Run | StarterRun | Path | str",
    corpus: Corpus | Path | str,
    split: str = "test",
    out: Path | str | None = None,
    evidence: bool = False,
    candidates: bool = False,
) -> dict[str, Any]:
    """Scores val (for the threshold) and ``split``, writes the evaluation folder, and returns what metrics.json holds.

    ``run`` and ``corpus`` are opened ones or paths; the run may be ``starter``. ``out`` is the folder to write, by
    default ``evaluation_folder`` of the run; an existing one is replaced. It gets ``metrics.json``, ``report.html``,
    ``codes.parquet`` (one row a code), ``notes.parquet`` (one row a note and scope) and ``cells.parquet`` (one row a
    scope, note and code that is a label or predicted). ``evidence`` measures the evidence too and writes
    ``evidence.parquet`` (one row a marked code of a note). ``candidates`` compares the candidate search with exact
    scores. Scores lie on disk beside it meanwhile, 4 bytes for each note and code. Raises ``InputError`` if the split
    has no notes, or for ``candidates`` of a run without a candidate search.
    """
    corpus = corpus if isinstance(corpus, Corpus) else Corpus.open(corpus)
    run = open_measured(run) if isinstance(run, Path | str) else run
    trained = None if isinstance(run, StarterRun) else run
    if candidates and trained is None:
        raise InputError("the starter has no candidate search: it looks at all codes as it is")
    if candidates and trained is not None:
        trained.candidates  # noqa: B018  (refuses before the long work)
    out = evaluation_folder(run.path, corpus.name, split) if out is None else Path(out)
    if corpus.count(split) == 0:
        raise InputError(f"corpus {corpus.name} has no {split} notes: choose another --split")
    within = (
        run.path / "evaluations"
    ).resolve() in out.resolve().parents  # where a run's own evaluations lie
    inputs = [corpus.path] if within else [corpus.path, run.path]
    with atomic_folder(out, EVALUATION, inputs, replace=True) as folder:
        # Val first, and its scores let go: only one split's scores are in memory and on disk at a time.
        scratch = folder / "scores"
        scratch.mkdir()
        scored = _score(run, corpus, "val", scratch) if corpus.count("val") else None
        thresholds = choose_thresholds(scored)
        if scored is None or split != "val":
            scored = None
            shutil.rmtree(scratch / "val", ignore_errors=True)
            scored = _score(run, corpus, split, scratch)
        results, per_code, per_note, cells = measure(scored, thresholds, split, run.train_notes)
        results |= {"calibration": {}, "bands": []}
        if trained is not None and trained.train_notes is not None:
            train_notes = seen(trained.train_notes, scored.codes)
            calibration = trained.calibration.get(corpus.version)
            results["calibration"] = reliability(scored, train_notes, calibration)
            results["bands"] = band_shares(scored, train_notes, calibration) if calibration else []
            one = thresholds["full"]["threshold"]
            own = np.full(len(scored.codes), one)
            if calibration is not None and calibration.thresholds is not None:
                own = trained.thresholds(corpus.version, scored.codes)
                results["decisions"] = decisions(scored, train_notes, one, own)
            by_prior = corpus.version in trained.priors
            siblings = wrong_siblings(scored, own, train_notes if by_prior else None)
            if siblings is not None:
                results["siblings"] = siblings
        marked = pa.table({})
        if evidence:
            from icdbridge.evaluation.evidence_quality import measure_evidence

            results["evidence"], marked = measure_evidence(run.explainer(corpus), corpus, split, scored)
        if candidates and trained is not None:
            own = trained.thresholds(corpus.version, scored.codes)
            results["candidates"] = compare_candidates(trained, corpus, split, scored, own)
        del scored
        shutil.rmtree(scratch)
        results = {
            "format": FORMAT,
            "tool_version": __version__,
            "run": run.name,
            "corpus": corpus.name,
            "version": corpus.version,
            "split": split,
            "synthetic": corpus.meta.get("synthetic") is True,
            "config": run.config,
            **results,
            "training": run.log,
        }
        results = cast(dict[str, Any], without_nan(results))
        write_json(folder / "metrics.json", results)
        pq.write_table(per_code, folder / "codes.parquet")
        pq.write_table(per_note, folder / "notes.parquet")
        pq.write_table(cells, folder / "cells.parquet")
        if marked.num_rows:
            pq.write_table(marked, folder / "evidence.parquet")
        write_report(results, folder / "report.html")
        write_manifest(folder, sorted(file.name for file in folder.iterdir()))
    return results


def _score(run: "Run | StarterRun", corpus: Corpus, split: str, scratch: Path) -> Scored:
    folder = scratch / split
    folder.mkdir()
    return run.score_corpus(corpus, split, folder)


def measure(
    scored: Scored,
    thresholds: dict[str, Any],
    split: str,
    train_notes: Mapping[str, int] | None,
    resamples: int = RESAMPLES,
) -> tuple[dict[str, Any], pa.Table, pa.Table, pa.Table]:
    """Figures of all scopes of a scored split, and the tables of codes, notes and cells.

    ``thresholds`` as ``choose_thresholds`` gives them; figures of val are marked as optimistic. ``train_notes``: a
    code's key to its training notes, none if absent; None: not known, so there is no long tail.
    """
    scopes: dict[str, Any] = {}
    curves: dict[str, Any] = {}
    tail: list[dict[str, Any]] = []
    code_table = pa.table({})
    note_tables, cell_tables = [], []
    counts = None if train_notes is None else seen(train_notes, scored.codes)
    for scope in SCOPES:
        chosen = dict(thresholds[scope])
        if split == "val" and chosen["val_f1_micro"] is not None:
            chosen["threshold_source"] = FLATTERED
        table = scope_table(scored, scope)
        found = scope_figures(table, len(scored.note_ids), chosen["threshold"])
        scopes[scope] = chosen | found.figures
        curves[scope] = found.curve
        if not found.per_note:
            continue
        given = Contributions(found.per_note, found.cells, len(table.codes))
        scopes[scope]["intervals"] = intervals(given, resamples)
        cell_tables.append(_cell_table(scope, found.cells))
        note_tables.append(pa.table({"scope": [scope] * len(found.per_note["note_id"]), **found.per_note}))
        if scope == "full":
            tail = [] if counts is None else long_tail(found.per_code, counts)
            column = pa.nulls(len(scored.codes), pa.int64()) if counts is None else counts
            auc = pa.array(found.per_code["auc"], from_pandas=True)  # an undefined one is null, not NaN
            code_table = pa.table(
                {"code": scored.codes, "train_notes": column} | found.per_code | {"auc": auc}
            )
    results = {
        "notes": len(scored.note_ids),
        "codes": len(scored.codes),
        "fingerprint": fingerprint(scored),
        "scopes": scopes,
        "long_tail": tail,
        "curves": curves,
    }
    joined = [pa.concat_tables(tables) if tables else pa.table({}) for tables in (note_tables, cell_tables)]
    return results, code_table, joined[0], joined[1]


def _cell_table(scope: str, cells: dict[str, Any]) -> pa.Table:
    count = len(cells["note"])
    columns = {
        name: pa.nulls(count, pa.bool_()) if values is None else values for name, values in cells.items()
    }
    return pa.table({"scope": pa.repeat(scope, count), **columns})
