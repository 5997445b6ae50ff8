"""MIMIC-IV (hosp 2.x or 3.x, note 2.2) as PhysioNet ships it, read as in the benchmark of Edin et al. (2023)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from icdbridge.codes import VERSIONS, version_named
from icdbridge.corpora.assemble import DEFAULT_SEED, assemble
from icdbridge.corpora.corpus import CORPUS, Corpus
from icdbridge.corpora.csv_files import find_file, is_synthetic
from icdbridge.corpora.splits import read_splits
from icdbridge.corpora.staging import Staging, run_together
from icdbridge.errors import InputError
from icdbridge.files import check_output, only_writer, scratch_folder

_SYSTEM = "CASE trim(icd_version) WHEN '9' THEN '{nine}' WHEN '10' THEN '{ten}' END"
_KINDS = {
    "diagnoses": _SYSTEM.format(nine="icd9cm", ten="icd10cm"),
    "procedures": _SYSTEM.format(nine="icd9proc", ten="icd10pcs"),
}


def prepare_mimic4(
    root: Path | str,
    out: Path | str,
    *,
    version: str = "icd10",
    note_root: Path | str | None = None,
    splits: Path | None = None,
    seed: int = DEFAULT_SEED,
    force: bool = False,
) -> Corpus:
    """Makes a corpus of the discharge summaries of MIMIC-IV with their codes of one version (``icd9``, ``icd10``).

    ``root`` contains ``hosp/`` (or has it below), ``note_root`` the folder ``note/`` if that is elsewhere. A note is an
    admission. Raises ``InputError``.
    """
    version = version_named(version)
    if version not in VERSIONS:
        raise InputError(f"unknown version {version!r} of MIMIC-IV: expected {' or '.join(VERSIONS)} or both")
    inputs = [Path(root), Path(note_root or root)]
    files = _find(*inputs)

    def read(staging: Staging) -> None:
        _read(files, staging)
        _keep_version(staging, version)

    return _assemble_as(version)(Path(out), read, inputs=inputs, splits=splits, seed=seed, force=force)


def prepare_mimic4_both(
    root: Path | str,
    out: Path | str,
    *,
    note_root: Path | str | None = None,
    splits: Path | str | None = None,
    seed: int = DEFAULT_SEED,
    force: bool = False,
) -> list[Corpus]:
    """Makes the corpora ``out/icd9`` and ``out/icd10``, identical to those of ``prepare_mimic4``, but reads the files
    once.

    In ``splits`` the letters ``{version}`` stand for ``icd9`` and ``icd10``: each version has its own split file.
    """
    inputs, out = [Path(root), Path(note_root or root)], Path(out)
    files = _find(*inputs)
    split_files = _split_files(splits)
    for version in VERSIONS:
        check_output(out / version, CORPUS, inputs, replace=force)
    with only_writer(out / "reading"), scratch_folder(out / "reading") as folder:
        read_once = Staging(folder)
        try:
            _read(files, read_once)
            return run_together(
                {
                    read_once.branch(version): partial(
                        _assemble_as(version),
                        out / version,
                        partial(_keep_version, version=version),
                        inputs=inputs,
                        splits=split_files[version],
                        seed=seed,
                        force=force,
                    )
                    for version in VERSIONS
                }
            )
        finally:
            read_once.close()


def _assemble_as(version: str) -> Callable[..., Corpus]:
    """``assemble`` of a version of MIMIC-IV, as in the benchmark."""
    told: dict[str, Any] = {"source": "mimic4", "version": version, "settings": {"version": version}}
    return partial(assemble, **told, only_with_frequent=True, number_repeats=True)


def _split_files(splits: Path | str | None) -> dict[str, Path | None]:
    """The split file of each version; read once here, so that a bad one is told before the dump is read."""
    if splits is None:
        return dict.fromkeys(VERSIONS)
    if "{version}" not in str(splits):
        raise InputError(
            f"a split file is of one version: write {{version}} where the names of the two differ, not {splits}"
        )
    found = {version: Path(str(splits).replace("{version}", version)) for version in VERSIONS}
    for path in found.values():
        read_splits(path)
    return dict(found)


class _Files(NamedTuple):
    notes: Path
    codes: dict[str, Path]
    titles: dict[str, Path]


def _find(root: Path, note_root: Path) -> _Files:
    return _Files(
        find_file(note_root, "note/discharge", "discharge"),
        {kind: find_file(root, f"hosp/{kind}_icd", f"{kind}_icd") for kind in _KINDS},
        {kind: find_file(root, f"hosp/d_icd_{kind}", f"d_icd_{kind}") for kind in _KINDS},
    )


def _read(files: _Files, staging: Staging) -> None:
    staging.synthetic = is_synthetic(files.notes)
    # The data report names them in this order, whichever is read first.
    for path in (files.notes, *(part[kind] for kind in _KINDS for part in (files.codes, files.titles))):
        staging.note_file(path)
    run_together({staging: partial(_read_notes, files), staging.beside(): partial(_read_codes, files)})


def _read_notes(files: _Files, staging: Staging) -> None:
    staging.read_notes(
        files.notes, ["hadm_id", "subject_id"], "text", "hadm_id AS id, subject_id AS patient_id"
    )


def _read_codes(files: _Files, staging: Staging) -> None:
    for kind, system in _KINDS.items():
        staging.read_csv(
            files.codes[kind],
            ["hadm_id", "icd_code", "icd_version"],
            "raw_codes",
            f"hadm_id, {system}, trim(icd_code)",
        )
        staging.read_csv(
            files.titles[kind],
            ["icd_code", "icd_version", "long_title"],
            "raw_titles",
            f"{system}, trim(icd_code), long_title",
        )


def _keep_version(staging: Staging, version: str) -> None:
    """Drops the codes of the other version, after counting the admissions that have both."""
    unknown = staging.number("SELECT count(*) FROM raw_codes WHERE system IS NULL")
    staging.drop("icd_version neither 9 nor 10", unknown, "code entries")
    wanted = ", ".join(f"'{system}'" for system in VERSIONS[version])
    both = staging.number(
        f"""SELECT count(*) FROM (SELECT 1 FROM raw_codes
            WHERE system IS NOT NULL AND id IN (SELECT id FROM raw_notes)
            GROUP BY id HAVING count(DISTINCT system IN ({wanted})) > 1)"""
    )
    if both:
        staging.warnings.append(
            f"{both:,} admissions carry codes of both versions: only those of {version} were taken."
        )
    staging.run(
        f"CREATE OR REPLACE TABLE raw_codes AS SELECT * FROM main.raw_codes WHERE system IN ({wanted})"
    )
