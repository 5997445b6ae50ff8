"""Tokenised splits: the words of encode, the labels of the corpus, written once and read by all."""

import multiprocessing
import shutil

import numpy as np
import pytest
from tests.small import make_corpus

from icdbridge.corpora import Corpus
from icdbridge.runs import tokens
from icdbridge.runs.tokens import same_words, tokenize_split
from icdbridge.text import Tokenizer

WORDS = ["patient", "was", "dyspnea", "metformin"]


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path, "ten", "icd10", 60)


def tokenized(corpus, folder, split="train", max_words=4000, words=WORDS):
    return tokenize_split(corpus, split, Tokenizer.from_words(words), max_words, corpus.codes, folder)


def cached(corpus):
    return {file: file.stat().st_mtime_ns for file in sorted((corpus.path / "cache").rglob("*.*"))}


def test_words_and_labels_are_those_of_the_corpus(corpus, tmp_path):
    notes = tokenized(corpus, tmp_path, max_words=9)
    rows = [row for batch in corpus.notes("train") for row in batch.to_pylist()]
    assert notes.note_ids == [row["note_id"] for row in rows]
    assert len(notes) == corpus.count("train")
    for i, row in enumerate(rows):
        np.testing.assert_array_equal(notes[i], Tokenizer.from_words(WORDS).encode(row["text"], 9).ids)
        assert sorted(corpus.codes[column] for column in notes.labels[[i]].indices) == row["codes"]
    assert notes.labels.has_sorted_indices


def test_words_are_mapped_and_written_once(corpus, tmp_path, monkeypatch):
    first = tokenized(corpus, tmp_path)
    assert isinstance(first.words, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        first.words[0] = 1
    before = cached(corpus)
    monkeypatch.setattr(tokens, "_write_words", None)
    again = tokenized(Corpus.open(corpus.path), tmp_path)
    np.testing.assert_array_equal(again.words, first.words)
    assert cached(corpus) == before


def test_other_words_length_split_or_corpus_are_tokenized_anew(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("ICDBRIDGE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "elsewhere").mkdir()
    other = make_corpus(tmp_path / "elsewhere", "ten", "icd10", 60, seed=1)
    tokenized(corpus, tmp_path)
    tokenized(corpus, tmp_path, "val")
    tokenized(corpus, tmp_path, max_words=5)
    tokenized(corpus, tmp_path, words=WORDS[:2])
    notes = tokenized(other, tmp_path)
    assert len(list((tmp_path / "cache").glob("ten-*"))) == 5
    assert not (corpus.path / "cache").exists()
    text = next(other.notes("train")).column("text")[0].as_py()
    np.testing.assert_array_equal(notes[0], Tokenizer.from_words(WORDS).encode(text, 4000).ids)


@pytest.mark.parametrize("damage", ["changed", "cut", "missing"])
def test_a_damaged_cache_is_made_again(corpus, tmp_path, damage):
    first = tokenized(corpus, tmp_path)
    expected = np.array(first.words)
    (file,) = (corpus.path / "cache").rglob("words.bin")
    data = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(data[:-4] if damage == "cut" else bytes(len(data)))
    np.testing.assert_array_equal(tokenized(corpus, tmp_path).words, expected)


def test_where_the_corpus_cannot_be_written_the_given_folder_is_used(corpus, tmp_path, capsys):
    (corpus.path / "cache").write_text("a file where the folder should be")
    notes = tokenized(corpus, tmp_path / "scratch")
    assert len(notes) == corpus.count("train")
    assert list((tmp_path / "scratch").glob("ten-train-*"))
    assert "ICDBRIDGE_CACHE" in " ".join(capsys.readouterr().err.split())


def test_a_split_without_notes(corpus, tmp_path):
    empty = make_corpus(tmp_path, "few", "icd10", 3)
    notes = tokenized(empty, tmp_path, "val")
    assert len(notes) == len(notes.words) == 0
    assert notes.labels.shape == (0, len(empty.codes))


def test_an_interrupted_start_leaves_no_half_cache(corpus, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Tokenizer, "encode_many", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tokenized(corpus, tmp_path)
    assert not list((corpus.path / "cache").iterdir())


def _start(path, scratch, barrier, results):
    barrier.wait()
    results.put(np.array(tokenized(Corpus.open(path), scratch).words))


def test_two_processes_at_once_write_one_cache(corpus, tmp_path):
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(2), context.Queue()
    both = [context.Process(target=_start, args=(corpus.path, tmp_path, barrier, results)) for _ in range(2)]
    for process in both:
        process.start()
    first, second = results.get(timeout=60), results.get(timeout=60)
    for process in both:
        process.join(60)
    np.testing.assert_array_equal(first, second)
    assert len(list((corpus.path / "cache").iterdir())) == 1
    shutil.rmtree(corpus.path / "cache")
    np.testing.assert_array_equal(tokenized(corpus, tmp_path).words, first)


def test_codes_of_the_same_words_are_named():
    codes = ["icd10cm:E10.9", "icd10cm:E11.9", "icd10cm:I10"]
    texts = ["Type 1 diabetes mellitus", "Type 2 diabetes mellitus", "Essential hypertension"]
    words = ["type", "diabetes", "mellitus", "essential", "hypertension", "1", "2"]
    same = same_words(Tokenizer.from_words(words, "benchmark"), codes, texts, 24)
    assert same.startswith("2 of 3 codes have the same words as another, such as E10.9 and E11.9")
    assert same_words(Tokenizer.from_words(words), codes, texts, 24) is None
