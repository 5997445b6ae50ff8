"""MIMIC-III 1.4 as PhysioNet ships it, read as the "clean" benchmark of Edin et al. (2023) reads it."""

from pathlib import Path

from icdbridge.corpora.assemble import DEFAULT_SEED, assemble
from icdbridge.corpora.corpus import Corpus
from icdbridge.corpora.csv_files import find_file, is_synthetic, read_header
from icdbridge.corpora.staging import Staging

_FILES = ("NOTEEVENTS", "DIAGNOSES_ICD", "PROCEDURES_ICD", "D_ICD_DIAGNOSES", "D_ICD_PROCEDURES")


def prepare_mimic3(
    root: Path | str,
    out: Path | str,
    *,
    splits: Path | None = None,
    seed: int = DEFAULT_SEED,
    force: bool = False,
) -> Corpus:
    """Makes a corpus of the discharge summaries of MIMIC-III with their ICD-9 codes.

    A note is an admission: its reports and their addenda in the order of NOTEEVENTS, joined by a blank. Notes marked as
    errors (ISERROR) stay, as in the benchmark. Codes are read as text, which keeps leading zeros. Raises
    ``InputError``.
    """
    notes, diagnoses, procedures, diagnosis_titles, procedure_titles = (
        find_file(Path(root), name) for name in _FILES
    )

    def read(staging: Staging) -> None:
        staging.synthetic = is_synthetic(notes)
        _read_notes(staging, notes)
        for system, codes, titles in (
            ("icd9cm", diagnoses, diagnosis_titles),
            ("icd9proc", procedures, procedure_titles),
        ):
            staging.read_csv(
                codes, ["HADM_ID", "ICD9_CODE"], "raw_codes", f"HADM_ID, '{system}', trim(ICD9_CODE)"
            )
            title = "LONG_TITLE" if "LONG_TITLE" in map(str.upper, read_header(titles)) else "SHORT_TITLE"
            staging.read_csv(
                titles, ["ICD9_CODE", title], "raw_titles", f"'{system}', trim(ICD9_CODE), {title}"
            )
        _look_at_zeros(staging)

    return assemble(
        out,
        read,
        inputs=[root],
        source="mimic3",
        version="icd9",
        splits=splits,
        seed=seed,
        only_with_frequent=True,
        number_repeats=True,
        force=force,
    )


def _read_notes(staging: Staging, path: Path) -> None:
    errors = "ISERROR" in map(str.upper, read_header(path))
    staging.read_notes(
        path,
        ["SUBJECT_ID", "HADM_ID", "CATEGORY", *(["ISERROR"] if errors else [])],
        "TEXT",
        "HADM_ID AS id, SUBJECT_ID AS patient_id"
        + (", coalesce(ISERROR = '1', false) AS marked" if errors else ""),
        where="CATEGORY = 'Discharge summary'",
    )
    wrong = staging.number("SELECT count(*) FROM raw_notes WHERE marked")
    if wrong:
        staging.remarks.append(f"{wrong:,} reports marked as errors (ISERROR) are kept, as in the benchmark.")
    admissions, parts = staging.join_notes()
    if admissions:
        staging.remarks.append(
            f"{parts:,} reports and addenda of {admissions:,} admissions were joined into one note each."
        )


def _look_at_zeros(staging: Staging) -> None:
    """Says what reading procedure codes as numbers would do, or has done already."""
    distinct, zeros, merged = staging.rows(
        """WITH code AS (SELECT DISTINCT code, ltrim(code, '0') AS number
                         FROM raw_codes WHERE system = 'icd9proc'),
                shared AS (SELECT number FROM code GROUP BY number HAVING count(*) > 1)
           SELECT count(*), count(*) FILTER (code LIKE '0%'),
                  count(*) FILTER (number IN (SELECT number FROM shared)) FROM code"""
    )[0]
    if zeros:
        staging.remarks.append(
            f"Procedure codes are read as text: {zeros:,} of {distinct:,} begin with a zero, which reading "
            f"them as numbers would lose; {merged:,} could then not be told apart. None is dropped for that."
        )
    elif distinct >= 100:
        staging.warnings.append(
            "No procedure code begins with a zero: zeros were lost before, so that 01.31 reads 13.1."
        )
