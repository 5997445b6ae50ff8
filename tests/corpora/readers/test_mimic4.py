import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from icdbridge.codes import parse_code
from icdbridge.corpora import Corpus
from icdbridge.corpora.readers.mimic4 import prepare_mimic4, prepare_mimic4_both
from icdbridge.errors import InputError
from icdbridge.synthetic import synthesize_mimic4


def texts(corpus: Corpus) -> dict[str, str]:
    return {row["note_id"]: row["text"] for batch in corpus.notes() for row in batch.to_pylist()}


def dropped(corpus: Corpus) -> dict[str, int]:
    return {entry["reason"]: entry["count"] for entry in corpus.meta["dropped"]}


def two_versions() -> tuple[list, list, list]:
    """Twelve admissions coded in ICD-10, then twelve in ICD-9, of twelve patients."""
    notes = [(i % 12, 200 + i, f"Patient {i % 12}, stay {i}") for i in range(24)]
    diagnoses = [(200 + i, "I10", 10) if i < 12 else (200 + i, "4019", 9) for i in range(24)]
    procedures = [(200 + i, "0JH60DZ", 10) if i < 12 else (200 + i, "9671", 9) for i in range(24)]
    return notes, diagnoses, procedures


@pytest.mark.parametrize(
    ("version", "codes"),
    [("icd10", ["icd10cm:I10", "icd10pcs:0JH60DZ"]), ("icd9", ["icd9cm:401.9", "icd9proc:96.71"])],
)
def test_each_version_takes_its_admissions(
    tmp_path: Path, mimic4_dump: Callable[..., Path], version: str, codes: list[str]
) -> None:
    corpus = prepare_mimic4(mimic4_dump(*two_versions()), tmp_path / "out", version=version)
    assert (corpus.version, corpus.codes, len(texts(corpus))) == (version, codes, 12)
    assert dropped(corpus) == {f"note without a code of {version}": 12}


def test_both_versions_of_one_reading_are_those_of_two(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    synthesize_mimic4(dump, 120, seed=5, words=100, concepts=60)
    both = prepare_mimic4_both(dump, tmp_path / "it's both")
    for corpus in both:
        alone = prepare_mimic4(dump, tmp_path / f"alone-{corpus.version}", version=corpus.version)
        for file in ("notes.parquet", "codes.parquet"):
            assert pq.read_table(corpus.path / file).equals(pq.read_table(alone.path / file))
        assert corpus.meta == alone.meta
    assert sorted(file.name for file in (tmp_path / "it's both").iterdir()) == ["icd10", "icd9"]
    with pytest.raises(InputError, match="icd9 exists already"):
        prepare_mimic4_both(dump, tmp_path / "it's both")


def test_both_versions_with_a_split_file_each(tmp_path: Path, mimic4_dump: Callable[..., Path]) -> None:
    dump = mimic4_dump(*two_versions())
    for version, first in (("icd10", 200), ("icd9", 212)):
        rows = [f"{first + i},{split}\n" for i, split in enumerate(["train"] * 9 + ["val"] + ["test"] * 2)]
        (tmp_path / f"split_{version}.csv").write_text("_id,split\n" + "".join(rows))
    corpora = prepare_mimic4_both(dump, tmp_path / "out", splits=tmp_path / "split_{version}.csv")
    for corpus in corpora:
        assert {split: corpus.count(split) for split in ("train", "val", "test")} == {
            "train": 9,
            "val": 1,
            "test": 2,
        }
        assert corpus.meta["settings"]["splits"] == f"split_{corpus.version}.csv"
        assert not dropped(corpus).get("id in the splits given without a kept note")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("split_icd9.csv", "write {version} where"), ("{version}.csv", "icd9.csv is missing")],
)
def test_split_files_of_both_versions_that_cannot_be(
    tmp_path: Path, mimic4_dump: Callable[..., Path], name: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        prepare_mimic4_both(mimic4_dump(*two_versions()), tmp_path / "out", splits=tmp_path / name)
    assert not (tmp_path / "out").exists()


def test_one_version_that_cannot_be_made_ends_both(tmp_path: Path, mimic4_dump: Callable[..., Path]) -> None:
    notes, diagnoses, procedures = two_versions()
    only_icd10 = [[row for row in rows if row[2] == 10] for rows in (diagnoses, procedures)]
    with pytest.raises(InputError, match="no icd9 code that can be read"):
        prepare_mimic4_both(mimic4_dump(notes, *only_icd10), tmp_path / "out")
    assert not (tmp_path / "out" / "icd9").exists()
    assert not any(path.name.startswith(".") for path in (tmp_path / "out").iterdir())


def test_the_dump_s_own_titles_come_first(tmp_path: Path, mimic4_dump: Callable[..., Path]) -> None:
    corpus = prepare_mimic4(mimic4_dump(*two_versions()), tmp_path / "out")
    assert corpus.descriptions[0] == "Pressure, high"
    assert corpus.meta["description_sources"] == {"corpus": 1, "release": 1}


def test_repeated_and_several_notes_of_an_admission(tmp_path: Path, mimic4_dump: Callable[..., Path]) -> None:
    notes, *codes = two_versions()
    notes += [(0, 200, "Patient 0, stay 0"), (0, 200, "another"), (0, 200, "a third")]
    corpus = prepare_mimic4(mimic4_dump(notes, *codes), tmp_path / "out")
    assert dropped(corpus)["the same text again under the same id"] == 1
    assert [name for name in texts(corpus) if name.startswith("200")] == ["200", "200-2", "200-3"]
    assert texts(corpus)["200-3"] == "a third"
    assert corpus.notes_with[0] == 14


def test_both_versions_on_one_admission_are_warned_of(
    tmp_path: Path, mimic4_dump: Callable[..., Path]
) -> None:
    notes, diagnoses, procedures = two_versions()
    corpus = prepare_mimic4(mimic4_dump(notes, [*diagnoses, (200, "4019", 9)], procedures), tmp_path / "out")
    assert "1 admissions carry codes of both versions" in corpus.meta["warnings"][0]
    assert corpus.codes == ["icd10cm:I10", "icd10pcs:0JH60DZ"]


def test_hosp_and_note_below_root_or_apart(tmp_path: Path, mimic4_dump: Callable[..., Path]) -> None:
    root = mimic4_dump(*two_versions(), ending=".csv")
    below = tmp_path / "physionet.org"
    (below / "mimiciv" / "3.1").mkdir(parents=True)
    (below / "mimic-iv-note" / "2.2").mkdir(parents=True)
    (root / "hosp").rename(below / "mimiciv" / "3.1" / "hosp")
    (root / "note").rename(below / "mimic-iv-note" / "2.2" / "note")
    assert prepare_mimic4(below, tmp_path / "one").count("train") > 0
    apart = prepare_mimic4(below / "mimiciv", tmp_path / "two", note_root=below / "mimic-iv-note")
    assert apart.count("train") > 0
    with pytest.raises(InputError, match=r"note/discharge.csv.gz is missing below"):
        prepare_mimic4(below / "mimiciv", tmp_path / "three")


def test_two_dumps_below_root_are_not_guessed_between(
    tmp_path: Path, mimic4_dump: Callable[..., Path]
) -> None:
    root = mimic4_dump(*two_versions(), ending=".csv")
    for release in ("2.2", "3.1"):
        (root / release / "hosp").mkdir(parents=True)
        for file in (root / "hosp").iterdir():
            (root / release / "hosp" / file.name).write_text(file.read_text())
    for file in list((root / "hosp").iterdir()):
        file.unlink()
    with pytest.raises(InputError, match="holds both"):
        prepare_mimic4(root, tmp_path / "out")


def test_patients_never_straddle_when_drawn(tmp_path: Path, mimic4_dump: Callable[..., Path]) -> None:
    notes = [(i % 40, 200 + i, f"Stay {i}") for i in range(120)]
    corpus = prepare_mimic4(
        mimic4_dump(notes, [(200 + i, "I10" if i % 3 else "E119", 10) for i in range(120)]), tmp_path / "out"
    )
    rows = [row for batch in corpus.notes(columns=("patient_id", "split")) for row in batch.to_pylist()]
    assert len({(row["patient_id"], row["split"]) for row in rows}) == 40
    assert {row["split"] for row in rows} == {"train", "val", "test"}


@pytest.mark.parametrize("made", [True, False])
def test_a_synthetic_dump_is_called_so(tmp_path: Path, mimic4_dump: Callable[..., Path], made: bool) -> None:
    if made:
        root = tmp_path / "made"
        synthesize_mimic4(root, 20, words=100, concepts=40)
    else:
        root = mimic4_dump(*two_versions())
        (root / "README.txt").write_text("MIMIC-IV")
    corpus = prepare_mimic4(root, tmp_path / "out", version="icd9")
    assert corpus.meta["synthetic"] is made
    assert (">synthetic</span>" in (corpus.path / "report.html").read_text()) is made


def test_unknown_version(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown version 'icd11' of MIMIC-IV"):
        prepare_mimic4(tmp_path, tmp_path / "out", version="icd11")


def test_every_code_of_the_benchmark_can_be_read(public_data: Path) -> None:
    scopes = json.loads((public_data / "mimic_splits" / "code_scopes.json").read_text())
    for dataset, systems in (
        ("dataset:mimiciv_icd10", ("icd10cm", "icd10pcs")),
        ("dataset:mimiciv_icd9", ("icd9cm", "icd9proc")),
    ):
        labels = list(scopes[dataset]["code_scope:full"])
        keys = set()
        for label in labels:
            procedure = "." not in label if systems[0] == "icd10cm" else label[2:3] in ("", ".")
            keys.add(str(parse_code(label, systems[procedure])))
        assert len(keys) == len(labels)
