from collections.abc import Callable
from pathlib import Path

import pytest

from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.mimic3 import prepare_mimic3
from icdbridge.errors import InputError

NOTE = "Discharge summary"


def notes_of(corpus: Corpus, *columns: str) -> list[dict[str, object]]:
    return [
        row
        for batch in corpus.notes(columns=columns or ("note_id", "text", "codes"))
        for row in batch.to_pylist()
    ]


def dropped(corpus: Corpus) -> dict[str, int]:
    return {entry["reason"]: entry["count"] for entry in corpus.meta["dropped"]}


def twelve(procedure: str = "0131") -> tuple[list, list, list]:
    notes = [(i, 100 + i, NOTE, f"Patient {i}") for i in range(12)]
    return notes, [(100 + i, "4280") for i in range(12)], [(100 + i, procedure) for i in range(12)]


@pytest.mark.parametrize("ending", [".csv.gz", ".csv"])
def test_notes_codes_and_titles(tmp_path: Path, mimic3_dump: Callable[..., Path], ending: str) -> None:
    corpus = prepare_mimic3(mimic3_dump(*twelve(), ending=ending), tmp_path / "out")
    assert (corpus.version, corpus.name, len(notes_of(corpus))) == ("icd9", "out", 12)
    assert corpus.codes == ["icd9cm:428.0", "icd9proc:01.31"]
    assert corpus.descriptions == ["Heart failure as this hospital says it", "Incision of meninges"]
    assert notes_of(corpus)[3] == {
        "note_id": "103",
        "text": "Patient 3",
        "codes": ["icd9cm:428.0", "icd9proc:01.31"],
    }
    assert notes_of(corpus, "patient_id", "version")[3] == {"patient_id": "3", "version": "icd9"}


def test_addenda_are_joined_in_the_order_of_the_file(
    tmp_path: Path, mimic3_dump: Callable[..., Path]
) -> None:
    notes, *codes = twelve()
    notes.insert(5, (3, 103, NOTE, 'Addendum:\n"quoted", one'))
    notes.insert(0, (7, 107, NOTE, "First of 107"))
    notes.append((3, 103, NOTE, "Addendum two"))
    notes.append((3, 103, "Nursing", "never read"))
    corpus = prepare_mimic3(mimic3_dump(notes, *codes), tmp_path / "out")
    texts = {row["note_id"]: row["text"] for row in notes_of(corpus)}
    assert texts["103"] == 'Patient 3 Addendum:\n"quoted", one Addendum two'
    assert texts["107"] == "First of 107 Patient 7"
    assert len(texts) == 12
    assert any("5 reports and addenda of 2 admissions were joined" in text for text in corpus.meta["remarks"])


def test_reports_marked_as_errors_stay_and_are_counted(
    tmp_path: Path, mimic3_dump: Callable[..., Path]
) -> None:
    root = mimic3_dump(*twelve(), ending=".csv")
    notes = root / "NOTEEVENTS.csv"
    notes.write_text(notes.read_text().replace(",Report,,,Patient 3\n", ",Report,,1,Patient 3\n"))
    corpus = prepare_mimic3(root, tmp_path / "out")
    assert len(notes_of(corpus)) == 12
    assert "1 reports marked as errors (ISERROR) are kept, as in the benchmark." in corpus.meta["remarks"]


def test_frequent_is_ten_notes_and_notes_without_such_a_code_are_dropped(
    tmp_path: Path, mimic3_dump: Callable[..., Path]
) -> None:
    notes = [(i, 100 + i, NOTE, f"Patient {i}") for i in range(14)]
    diagnoses = [(100 + i, "4280") for i in range(10)]  # ten notes: frequent
    diagnoses += [(100 + i, "4019") for i in range(3, 12)]  # nine notes: rare
    diagnoses += [(112, "25000")]  # a rare code on a note that has no other
    diagnoses += [(100, "4280"), (100, None), (999, "4280"), (101, "HELLO")]
    corpus = prepare_mimic3(mimic3_dump(notes, diagnoses), tmp_path / "out")
    assert corpus.codes == ["icd9cm:428.0", "icd9cm:401.9"]
    assert (corpus.n_frequent, corpus.scopes, corpus.notes_with) == (1, ["frequent", "rare"], [10, 7])
    assert dropped(corpus) == {
        "code left empty": 1,
        "malformed code": 1,
        "the same code again for the same note": 1,
        "code of no note": 1,
        "note without a code of icd9": 1,
        "note without a frequent code (one in at least 10 notes)": 3,
    }
    assert corpus.meta["malformed"] == [{"system": "icd9cm", "text": "HELLO", "count": 1}]


def test_empty_notes_and_notes_of_digits(tmp_path: Path, mimic3_dump: Callable[..., Path]) -> None:
    notes, *codes = twelve()
    notes[0] = (0, 100, NOTE, None)
    notes[1] = (1, 101, NOTE, "12 34\n5.6")
    notes += [(50, None, NOTE, "no admission")]
    corpus = prepare_mimic3(mimic3_dump(notes, *codes), tmp_path / "out")
    assert dropped(corpus) == {
        "empty note": 1,
        "note without a word (only digits or signs)": 1,
        "note without an id": 1,
        "code of no note": 4,
    }
    assert corpus.meta["notes"]["total"] == 10


def test_diagnosis_and_procedure_of_the_same_digits_stay_apart(
    tmp_path: Path, mimic3_dump: Callable[..., Path]
) -> None:
    notes, diagnoses, _ = twelve()
    both = [(admission, "9671") for admission, _ in diagnoses]
    corpus = prepare_mimic3(mimic3_dump(notes, both, both), tmp_path / "out")
    assert corpus.codes == ["icd9cm:967.1", "icd9proc:96.71"]


def test_leading_zeros_are_kept_and_spoken_of(tmp_path: Path, mimic3_dump: Callable[..., Path]) -> None:
    notes, diagnoses, procedures = twelve("0331")
    procedures += [(100, "331")]
    corpus = prepare_mimic3(mimic3_dump(notes, diagnoses, procedures), tmp_path / "out")
    assert {"icd9proc:03.31", "icd9proc:33.1"} <= set(corpus.codes)
    assert any(
        "1 of 2 begin with a zero" in text and "2 could then" in text for text in corpus.meta["remarks"]
    )


def test_a_split_file_decides_and_what_it_misses_is_counted(
    tmp_path: Path, mimic3_dump: Callable[..., Path]
) -> None:
    notes, *codes = twelve()
    notes[11] = (0, 111, NOTE, "another stay of patient 0")
    splits = tmp_path / "splits.csv"
    rows = [f"{100 + i},{'train' if i < 8 else 'val' if i < 10 else 'test'}" for i in range(12) if i != 4]
    splits.write_text("_id,split\n" + "\n".join([*rows, "555,train", "556,val"]) + "\n")
    corpus = prepare_mimic3(mimic3_dump(notes, *codes), tmp_path / "out", splits=splits)
    assert [corpus.count(split) for split in ("train", "val", "test")] == [7, 2, 2]
    assert dropped(corpus) == {"id in the splits given without a kept note": 2, "note that no split names": 1}
    assert "1 patients have notes in more than one split" in corpus.meta["warnings"][0]
    assert corpus.train_notes == [7, 7]
    assert corpus.notes_with == [11, 11]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("1,train\n2,val\n", "no id of the splits given is among the notes"),
        ("100,train\n101,val\n100,test\n", "1 ids are in two splits, such as 100"),
    ],
)
def test_splits_that_match_nothing_or_contradict(
    tmp_path: Path, mimic3_dump: Callable[..., Path], rows: str, complaint: str
) -> None:
    (tmp_path / "splits.csv").write_text("_id,split\n" + rows)
    with pytest.raises(InputError, match=complaint):
        prepare_mimic3(mimic3_dump(*twelve()), tmp_path / "out", splits=tmp_path / "splits.csv")
    assert not (tmp_path / "out").exists()


def test_missing_file_and_missing_column(tmp_path: Path, mimic3_dump: Callable[..., Path]) -> None:
    root = mimic3_dump(*twelve(), ending=".csv")
    notes = root / "NOTEEVENTS.csv"
    notes.write_text(notes.read_text().replace("HADM_ID", "ADMISSION", 1))
    with pytest.raises(
        InputError, match=r"NOTEEVENTS.csv has no column HADM_ID: it has ROW_ID, SUBJECT_ID, ADM"
    ):
        prepare_mimic3(root, tmp_path / "out")
    notes.unlink()
    with pytest.raises(InputError, match=r"NOTEEVENTS.csv.gz is missing below"):
        prepare_mimic3(root, tmp_path / "out")


def test_names_in_lower_case(tmp_path: Path, mimic3_dump: Callable[..., Path]) -> None:
    root = mimic3_dump(*twelve(), ending=".csv")
    for file in list(root.iterdir()):
        head, _, rest = file.read_text().partition("\n")
        file.with_name(file.name.lower()).write_text(head.lower() + "\n" + rest)
        file.unlink()
    assert prepare_mimic3(root, tmp_path / "out").meta["notes"]["total"] == 12
