"""CodiEsp (CLEF eHealth 2020) as published: Spanish case reports and their English translations, coded in ICD-10.

``train/``, ``dev/`` and, where published, ``test/`` each hold ``text_files`` (Spanish), ``text_files_en``
(English) and the codes in ``trainD.tsv`` (diagnoses) and ``trainP.tsv`` (procedures): the name of the note, a
tab, the code. ``trainX.tsv`` has the words of the Spanish note that speak for each code: the name of the note,
``DIAGNOSTICO`` or ``PROCEDIMIENTO``, the code, the words, and their places (``300 316;348 361``).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from icdbridge.corpora.assemble import DEFAULT_SEED, assemble
from icdbridge.corpora.corpus import Corpus
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError
from icdbridge.tables import find_notes, read_note, read_text

TEXTS = {"en": "text_files_en", "es": "text_files"}
CODES = {
    "diagnoses": {"D": "icd10cm"},
    "procedures": {"P": "icd10pcs"},
    "both": {"D": "icd10cm", "P": "icd10pcs"},
}
KINDS = {"D": "DIAGNOSTICO", "P": "PROCEDIMIENTO"}  # as X.tsv writes them
VAL_SHARE = 0.1


def prepare_codiesp(
    root: Path | str,
    out: Path | str,
    *,
    language: str = "en",
    codes: str = "diagnoses",
    splits: Path | None = None,
    seed: int = DEFAULT_SEED,
    force: bool = False,
) -> Corpus:
    """Makes a corpus of CodiEsp: ``language`` is ``en`` or ``es``, ``codes`` diagnoses, procedures or both.

    With a ``test`` folder, dev is ``val`` and test is ``test``. Without one, dev is ``test`` and a tenth of train,
    drawn by ``seed``, is ``val``, so that thresholds are not tuned on the reported notes. A Spanish corpus includes the
    marks (``X.tsv``) and the English translations of the train notes, from which a run learns to translate. An English
    corpus includes the Spanish originals of the train notes with their marks. Raises ``InputError``.
    """
    root = Path(root)
    if language not in TEXTS or codes not in CODES:
        raise InputError("CodiEsp has the languages en and es, and the codes diagnoses, procedures or both")
    has_test = (root / "test").is_dir()
    split_of = {"train": "train"} | ({"dev": "val", "test": "test"} if has_test else {"dev": "test"})
    for part in split_of:
        for needed in (TEXTS[language], *(f"{part}{kind}.tsv" for kind in CODES[codes])):
            if not (root / part / needed).exists():
                raise InputError(
                    f"{root / part / needed} is missing: expected CodiEsp in its published layout"
                )

    def read(staging: Staging) -> None:
        for part, split in split_of.items():
            notes = root / part / TEXTS[language]
            staging.add_rows("raw_notes", _texts(notes))
            given = ({"id": file.stem, "split": split} for file in find_notes(notes).files)
            staging.add_rows("raw_splits", given)
            english = root / part / TEXTS["en"]
            if language != "en" and split == "train" and english.is_dir():
                staging.add_rows("raw_translations", _texts(english))
            for kind, system in CODES[codes].items():
                table = root / part / f"{part}{kind}.tsv"
                staging.note_file(table)
                staging.add_rows("raw_codes", _codes(table, system))
            marked = root / part / f"{part}X.tsv"
            own, spanish = language == "es", root / part / TEXTS["es"]
            if marked.exists() and (own or (split == "train" and spanish.is_dir())):
                staging.note_file(marked)
                relation = "raw_evidence" if own else "raw_original_evidence"
                staging.add_rows(relation, _spans(marked, CODES[codes]))
                if not own:
                    staging.add_rows("raw_originals", _texts(spanish))
        staging.remarks.append(
            "The published splits: dev is val, test is test."
            if has_test
            else f"The published dev part is the test split here; val is {VAL_SHARE:.0%} of the train part."
        )

    return assemble(
        out,
        read,
        inputs=[root],
        source="codiesp",
        version="icd10",
        settings={"language": language, "codes": codes},
        splits=splits,
        seed=seed,
        val_share=None if has_test else VAL_SHARE,
        force=force,
    )


def _texts(folder: Path) -> Iterator[dict[str, str]]:
    for file in find_notes(folder).files:
        yield {"id": file.stem, "text": read_note(file)}


def _codes(path: Path, system: str) -> Iterator[dict[str, str]]:
    for _, cells in _rows(path, 2, "the name of a note, a tab and a code"):
        yield {"id": cells[0].strip(), "system": system, "code": cells[1].strip()}


def _spans(path: Path, systems: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The spans of the codes of ``systems`` (D or P to code system)."""
    kinds = {KINDS[letter]: system for letter, system in systems.items()}
    for number, cells in _rows(path, 5, "note, kind, code, words and places, with tabs between"):
        note, kind, code, _, places = (cell.strip() for cell in cells[:5])
        if kind not in kinds:
            continue
        for place in places.split(";"):
            try:
                first, stop = map(int, place.split())
            except ValueError as error:
                raise InputError(
                    f"{path}, row {number}: {place[:20]!r} is no place: expected two numbers, such as 300 316"
                ) from error
            span = {"first": str(first), "stop": str(stop), "mark": str(number)}
            yield {"id": note, "system": kinds[kind], "code": code} | span


def _rows(path: Path, cells: int, expected: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        found = line.split("\t")
        if len(found) < cells:
            raise InputError(f"{path}, row {number}: expected {expected}")
        yield number, found
