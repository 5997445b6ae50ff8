"""What people marked in the originals of translated notes, told of the translations."""

import pytest

from icdbridge.corpora.readers.codiesp import prepare_codiesp
from icdbridge.lexical.parallel_texts import told_of_translations

# made up
SPANISH = "Dolor torácico. Fiebre alta. Fiebre. Dolor. Sin tos. Tos sin dolor torácico. Alta."
ENGLISH = "Chest pain.\nHigh fever.\nFever.\nPain.\nNo cough.\nCough without chest pain.\nHigh.\n"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("codiesp") / "in"
    for part in ("train", "dev"):
        for folder, text in (("text_files", SPANISH), ("text_files_en", ENGLISH)):
            (root / part / folder).mkdir(parents=True)
            for number in range(6):
                (root / part / folder / f"{part}{number}.txt").write_text(text, "utf-8")
        (root / part / f"{part}D.tsv").write_text(
            "".join(f"{part}{i}\tr07.9\n{part}{i}\tr50.9\n" for i in range(6))
        )
    marks = [("r07.9", "0 5;6 14"), ("r50.9", "16 27"), ("r50.9", "29 35")]
    rows = [f"train{i}\tDIAGNOSTICO\t{code}\twords\t{place}\n" for i in range(6) for code, place in marks]
    (root / "train" / "trainX.tsv").write_text("".join(rows))
    return prepare_codiesp(root, root.parent / "corpus")


def test_marks_are_told_of_the_words_that_stand_for_those_marked(corpus):
    told = told_of_translations(corpus, 100)
    texts = dict(zip(corpus.column("note_id", "train"), corpus.column("text", "train"), strict=True))
    assert {note for note, _ in told} == set(texts)
    for (note, key), marks in told.items():
        said = [[texts[note][start:end] for start, end in mark] for mark in marks]
        assert said == ([["Chest pain"]] if key == "icd10cm:R07.9" else [["High fever"], ["Fever"]])


def test_a_mark_beyond_what_is_read_of_a_note_is_left_out(corpus):
    told = told_of_translations(corpus, 3)
    assert {key: len(marks) for (_, key), marks in told.items()} == {"icd10cm:R07.9": 1, "icd10cm:R50.9": 1}


def test_a_corpus_without_originals_has_none(corpus, tmp_path):
    root = corpus.path.parent / "in"
    assert told_of_translations(prepare_codiesp(root, tmp_path / "es", language="es"), 100) == {}
