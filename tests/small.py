"""Small corpora and settings for tests: notes whose words name their codes, so that a model can learn them."""

import atexit
import json
import random
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge.corpora import Corpus
from icdbridge.corpora.corpus import EVIDENCE_SCHEMA, TEXTS_SCHEMA
from icdbridge.corpora.readers.table import Columns, prepare_table
from icdbridge.files import read_json, write_manifest
from icdbridge.training import train
from icdbridge.training.settings import make_settings, reads

WORDS = ["dyspnea", "metformin", "infiltrate", "creatinine", "lisinopril"]
CODES = {  # code: the word that stands for it in a note
    "icd10": dict(zip(["I50.9", "E11.9", "J18.9", "N17.9", "I10"], WORDS, strict=True)),
    "icd9": dict(zip(["428.0", "250.00", "486", "584.9", "401.9"], WORDS, strict=True)),
}
TINY = [
    "embedding_dim=16",
    "hidden_size=16",
    "shared_dim=16",
    "label_space=5",
    "batch_size=8",
    "min_word_notes=1",
]


def make_corpus(folder, name, version="icd10", notes=40, seed=0, words=None, filler=(5, 25)):
    """``words``: the word that stands for each code, instead of those of ``CODES``; ``filler``: how many other words a
    note has, of which less is learned sooner. What many tests ask for alike is prepared once, and each has a copy of
    its own.
    """
    prepared = _prepared(name, version, notes, seed, tuple((words or CODES[version]).items()), filler)
    shutil.copy(prepared / f"{name}.jsonl", folder)
    shutil.copytree(prepared / name, folder / name)
    return Corpus.open(folder / name)


@cache
def _folder():
    folder = tempfile.mkdtemp(prefix="icdbridge-corpora-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _prepared(name, version, notes, seed, words, filler):
    """A folder with the corpus ``name`` and the table that it was prepared from."""
    folder = Path(tempfile.mkdtemp(dir=_folder()))
    words_of = dict(words)
    rng = random.Random(seed)
    rows = []
    for number in range(notes):
        codes = rng.sample(sorted(words_of), rng.randint(1, 3))
        others = ["patient", "was", "seen", "today", "and", "feels", "well", "in", "clinic"]
        words = rng.choices(others, k=rng.randint(*filler)) + [words_of[code] for code in codes]
        rng.shuffle(words)
        split = "val" if number % 5 == 3 else "test" if number % 5 == 4 else "train"
        rows.append({"note_id": f"n{number}", "text": " ".join(words), "codes": codes, "split": split})
    table = folder / f"{name}.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    prepare_table(table, folder / name, version=version, columns=Columns(split="split"))
    return folder


def mark_words(corpus):
    """The corpus with the words that name its codes marked, as people would."""
    rows = []
    for batch in corpus.notes():
        for note in batch.to_pylist():
            for key in note["codes"]:
                word = CODES[corpus.version][key.split(":")[1]]
                start = note["text"].index(word)
                place = {"start": start, "end": start + len(word), "mark": len(rows)}
                rows.append({"note_id": note["note_id"], "code": key} | place)
    pq.write_table(pa.Table.from_pylist(rows, schema=EVIDENCE_SCHEMA), corpus.path / "evidence.parquet")
    write_manifest(corpus.path, sorted({*read_json(corpus.path / "manifest.json"), "evidence.parquet"}))
    return Corpus.open(corpus.path)


def translate_train_notes(corpus):
    """The corpus with the English of its train notes, which are in English already."""
    rows = [
        {"note_id": note["note_id"], "text": note["text"]}
        for batch in corpus.notes("train")
        for note in batch.to_pylist()
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=TEXTS_SCHEMA), corpus.path / "translations.parquet")
    write_manifest(corpus.path, sorted({*read_json(corpus.path / "manifest.json"), "translations.parquet"}))
    return Corpus.open(corpus.path)


def tiny_settings(model="duallaat-cnn", *changes, **given):
    tiny = [change for change in TINY if reads(model, change.partition("=")[0])]
    return make_settings(model, "small", None, [*tiny, *changes], **given)


def learn_both_versions(folder, model):
    """Trains ``folder/run`` until it finds the codes of ``folder/ten`` (ICD-10) and ``folder/nine`` (ICD-9)."""
    short = model == "duallaat-rnn"  # words are read one after another
    filler, epochs = ((3, 9), 12) if short else ((5, 25), 20)
    corpora = [
        make_corpus(folder, name, version, 60, seed, filler=filler)
        for seed, (name, version) in enumerate((("ten", "icd10"), ("nine", "icd9")))
    ]
    changes = ("label_space=5", "learning_rate=0.02", "dropout=0", "patience=90", "warmup_steps=5")
    return train(corpora, folder / "run", tiny_settings(model, *changes, epochs=epochs))
