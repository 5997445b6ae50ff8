from pathlib import Path

import pytest

from icdbridge.corpora.readers.codiesp import prepare_codiesp
from icdbridge.errors import InputError


def write(root: Path, *parts: str) -> Path:
    for part in parts:
        for folder, word in (("text_files", "Paciente"), ("text_files_en", "Patient")):
            (root / part / folder).mkdir(parents=True)
            for i in range(20):
                (root / part / folder / f"{part}{i:02}.txt").write_text(
                    f"{word} {i} of {part}, 81 años\n", "utf-8"
                )
        (root / part / f"{part}D.tsv").write_text("".join(f"{part}{i:02}\ti10\n" for i in range(20)))
        (root / part / f"{part}P.tsv").write_text("".join(f"{part}{i:02}\tbw20\n" for i in range(20)))
    return root


def test_dev_is_test_where_no_test_is_published(tmp_path: Path) -> None:
    corpus = prepare_codiesp(write(tmp_path / "in", "train", "dev"), tmp_path / "out")
    assert [corpus.count(split) for split in ("train", "val", "test")] == [18, 2, 20]
    assert "dev part is the test split" in corpus.meta["remarks"][0]
    names = [row["note_id"] for batch in corpus.notes("test") for row in batch.to_pylist()]
    assert all(name.startswith("dev") for name in names)


def test_dev_is_val_where_test_is_published(tmp_path: Path) -> None:
    corpus = prepare_codiesp(write(tmp_path / "in", "train", "dev", "test"), tmp_path / "out")
    assert [corpus.count(split) for split in ("train", "val", "test")] == [20, 20, 20]


def test_language_and_kinds_of_codes(tmp_path: Path) -> None:
    root = write(tmp_path / "in", "train", "dev")
    corpus = prepare_codiesp(root, tmp_path / "out", language="es", codes="both")
    assert corpus.codes == ["icd10cm:I10", "icd10pcs:BW20"]
    first = next(corpus.notes("test")).to_pylist()[0]
    assert first == {
        "note_id": "dev00",
        "text": "Paciente 0 of dev, 81 años\n",
        "codes": ["icd10cm:I10", "icd10pcs:BW20"],
    }
    assert prepare_codiesp(root, tmp_path / "p", codes="procedures").codes == ["icd10pcs:BW20"]
    with pytest.raises(InputError, match="languages en and es"):
        prepare_codiesp(root, tmp_path / "q", language="fr")


def test_bad_utf8_names_file_and_line(tmp_path: Path) -> None:
    root = write(tmp_path / "in", "train", "dev")
    (root / "dev" / "text_files_en" / "dev03.txt").write_bytes(b"one\ntwo secret \xff\n")
    with pytest.raises(InputError, match=r"dev03.txt: the byte 0xFF is not UTF-8 .* .byte 16") as caught:
        prepare_codiesp(root, tmp_path / "out")
    assert "secret" not in str(caught.value)


def test_missing_table_and_broken_row(tmp_path: Path) -> None:
    root = write(tmp_path / "in", "train", "dev")
    (root / "train" / "trainD.tsv").write_text("train00\ti10\ntrain01 i10\n")
    with pytest.raises(InputError, match=r"trainD.tsv, row 2: expected the name of a note, a tab and a code"):
        prepare_codiesp(root, tmp_path / "out")
    (root / "dev" / "devD.tsv").unlink()
    with pytest.raises(InputError, match=r"devD.tsv is missing"):
        prepare_codiesp(root, tmp_path / "out")


def test_the_real_corpus(public_data: Path, tmp_path: Path) -> None:
    corpus = prepare_codiesp(public_data / "codiesp", tmp_path / "out")
    assert [corpus.count(split) for split in ("train", "val", "test")] == [450, 50, 250]
    assert sum(corpus.notes_with) == 5639 + 2677
    assert corpus.meta["dropped"] == []
    assert "none" not in corpus.meta["description_sources"]


def test_the_real_spans_of_evidence(public_data: Path, tmp_path: Path) -> None:
    corpus = prepare_codiesp(public_data / "codiesp", tmp_path / "out", language="es", codes="both")
    evidence = corpus.evidence()
    texts = {note["note_id"]: note for batch in corpus.notes() for note in batch.to_pylist()}
    assert set(evidence) == {(note, key) for note in texts for key in texts[note]["codes"]}
    start, end = evidence["S0004-06142005000900016-1", "icd10cm:Q62.11"][0][0]
    assert texts["S0004-06142005000900016-1"]["text"][start:end] == (
        "estenosis en la unión pieloureteral derecha"
    )
    assert corpus.meta["dropped"] == [
        {"reason": "span of evidence without a character", "count": 4, "unit": "spans"}
    ]


def test_spans_of_evidence(tmp_path: Path) -> None:
    root = write(tmp_path / "in", "train", "dev")
    marks = root / "dev" / "devX.tsv"
    marks.write_text(
        "dev00\tDIAGNOSTICO\ti10\tPaciente\t0 8;9 10\ndev00\tPROCEDIMIENTO\tbw20\tPaciente\t0 8\n"
        "dev01\tDIAGNOSTICO\te66\tPaciente\t0 8\n"  # a code that the note does not carry
    )
    corpus = prepare_codiesp(root, tmp_path / "es", language="es")
    assert corpus.evidence() == {("dev00", "icd10cm:I10"): [[(0, 8), (9, 10)]]}
    assert prepare_codiesp(root, tmp_path / "en").evidence() == {}  # the places are those of the Spanish text
    train = root / "train" / "trainX.tsv"
    train.write_text("".join(f"train{i:02}\tDIAGNOSTICO\ti10\tPaciente\t0 8\n" for i in range(20)))
    texts, marked = prepare_codiesp(root, tmp_path / "en2").originals()
    assert len(texts) == len(marked) == 18  # of the train split alone
    note = next(iter(texts))
    assert texts[note].startswith("Paciente")
    assert marked[note, "icd10cm:I10"] == [[(0, 8)]]
    spanish = prepare_codiesp(root, tmp_path / "es2", language="es")
    assert spanish.originals() == ({}, {})
    translated = spanish.translations()
    assert len(translated) == 18
    assert all(text.startswith("Patient") for text in translated.values())
    train.write_text("train00\tDIAGNOSTICO\ti10\tPaciente\t0 800\n")
    with pytest.raises(InputError, match="train00: the evidence from 0 to 800 lies outside its text"):
        prepare_codiesp(root, tmp_path / "bad")
    marks.write_text("dev00\tDIAGNOSTICO\ti10\tPaciente\t0 800\n")
    with pytest.raises(InputError, match="dev00: the evidence from 0 to 800 lies outside its text"):
        prepare_codiesp(root, tmp_path / "bad", language="es")
    marks.write_text("dev00\tDIAGNOSTICO\ti10\tPaciente\t0-8\n")
    with pytest.raises(InputError, match=r"devX.tsv, row 1: '0-8' is no place"):
        prepare_codiesp(root, tmp_path / "bad", language="es")
