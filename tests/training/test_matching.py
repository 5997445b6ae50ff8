"""Training, evaluating and coding with lexical evidence in the scores."""

import json

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from tests.small import CODES, make_corpus, tiny_settings

from icdbridge.coding.trained import TrainedCoder
from icdbridge.corpora.readers.table import Columns, prepare_table
from icdbridge.errors import InputError
from icdbridge.evaluation.evaluate import evaluate
from icdbridge.lexical import note as lexical_note
from icdbridge.lexical.features import LEXICAL_FEATURES, TRAINING_FEATURES
from icdbridge.lexical.note import NoteWords
from icdbridge.runs.run import Run
from icdbridge.training import matched_notes, phrase_counts, train
from icdbridge.training.matching import match_training
from icdbridge.training.training_texts import FOLDS

MATCHING = ("lexical=associations",)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), "ten", notes=60)


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "matching"
    return train(
        [corpus],
        out,
        tiny_settings("duallaat-cnn", *MATCHING, "warmup_steps=5", "matching_steps=400", epochs=10),
    )


def matched(corpus, tmp_path, *changes, **wanted):
    pool = dict(zip(corpus.codes, corpus.descriptions, strict=True))
    codes = [
        codes for batch in corpus.notes("train", ("codes",)) for codes in batch.column("codes").to_pylist()
    ]
    labels = csr_array(np.array([[key in own for key in pool] for own in codes]))
    settings = tiny_settings("duallaat-cnn", *MATCHING, *changes)
    sources = {"icd10": [(corpus, "train")]}
    found = match_training(sources, {"icd10": labels}, {"icd10": pool}, settings, tmp_path, **wanted)
    return found["icd10"], labels


def test_a_note_never_helps_to_find_its_own_codes(tmp_path):
    rows = [
        {
            "note_id": f"n{i}",
            "patient_id": f"p{i}",
            "text": f"word{i} word{i}b",
            "codes": ["I10"],
            "split": "train",
        }
        for i in range(30)
    ]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = Columns(patient="patient_id", split="split")
    corpus = prepare_table(tmp_path / "t.jsonl", tmp_path / "c", version="icd10", columns=columns)
    (_, training), _ = matched(corpus, tmp_path)
    # every note's words are its own: what only it says cannot have been learnt from the others
    features = training.features(np.arange(30), np.array([0]))
    assert not features[:, :, LEXICAL_FEATURES.index("best") : LEXICAL_FEATURES.index("train_notes")].any()
    # its fold's counts leave its whole fold out
    for note in range(30):
        fold = training.folds[note]
        assert training.matchers[fold].notes[0, 0] == (training.folds != fold).sum()


def test_notes_of_a_patient_share_a_fold(tmp_path, corpus):
    (lexicon, training), labels = matched(corpus, tmp_path)
    assert len(training.matchers) == FOLDS
    assert np.array_equal(lexicon.own.notes[:, 0], labels.toarray().sum(axis=0))


def test_matched_in_parts_as_at_once(tmp_path, corpus, monkeypatch):
    (lexicon, whole), _ = matched(corpus, tmp_path / "whole")
    for module, name, value in (
        (phrase_counts, "SHARD", 7),
        (phrase_counts, "RANGE", 40),
        (matched_notes, "SHARD", 2),
    ):
        monkeypatch.setattr(module, name, value)
    rows = np.array([0, 1, 2, 3, 5, 8, 13, 21, 34])
    (same, parts), _ = matched(corpus, tmp_path / "parts", wanted={"icd10": rows})
    columns = np.arange(len(corpus.codes))
    assert np.array_equal(parts.features(rows, columns), whole.features(rows, columns))
    with pytest.raises(IndexError):
        parts.features(np.array([4]), columns)
    one, other = (found.statistics[0].associations for found in (lexicon, same))
    assert np.array_equal(one.hashes, other.hashes)
    assert (one.counts != other.counts).nnz == 0
    # and again, from what is there
    (_, again), _ = matched(corpus, tmp_path / "parts", wanted={"icd10": rows})
    assert np.array_equal(again.features(rows, columns), parts.features(rows, columns))


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_withheld_codes_keep_their_names_alone(tmp_path, corpus, share):
    (_, training), _ = matched(corpus, tmp_path, f"withheld={share}")
    rows, columns = np.arange(8), np.arange(5)
    whole = training.features(rows, columns)
    drawn = training.draw(rows, columns, np.random.default_rng(3))
    hidden = (drawn != whole).any(axis=(0, 2))
    assert hidden.any() == (share > 0)
    assert not hidden.all()
    assert not drawn[:, hidden][:, :, TRAINING_FEATURES].any()
    names = np.s_[:, :, : LEXICAL_FEATURES.index("best")]
    assert np.array_equal(drawn[names], whole[names])


@pytest.mark.usefixtures("no_report")
def test_training_evaluating_and_reopening(run, corpus, tmp_path):
    scored = run.score_corpus(corpus, "test", tmp_path)
    opened = Run.open(run.path)
    (tmp_path / "again").mkdir()
    again = opened.score_corpus(corpus, "test", tmp_path / "again")
    assert np.array_equal(scored.logits, again.logits)
    evaluate(opened, corpus, "test")
    assert (run.path / "evaluations").exists()


def texts_of(corpus):
    return [text for batch in corpus.notes("test", ("text",)) for text in batch.column("text").to_pylist()]


def test_the_words_of_training_find_the_codes(run, corpus):
    coder = TrainedCoder(run)
    for word_code, word in CODES["icd10"].items():
        best = coder.code(f"seen today with {word} in clinic", top=1)[0]
        assert best.code == word_code
        assert word in {span.text for span in best.evidence} or any(
            word in span.text for span in best.evidence
        )


def test_a_note_is_split_and_its_contexts_are_found_once(run, monkeypatch):
    """By names, phrases and evidence together."""
    coder, calls = TrainedCoder(run), []
    coder.code("warm", top=5)
    for name in ("split", "NoteContexts"):
        real = getattr(lexical_note, name)
        monkeypatch.setattr(
            lexical_note, name, lambda text, name=name, real=real: calls.append(name) or real(text)
        )
    found = coder.code("No dyspnea. Takes metformin.", top=5)
    assert any(one.evidence for one in found)
    assert sorted(calls) == ["NoteContexts", "split"]


def test_a_probability_depends_on_its_note_and_code_alone(run, corpus):
    coder = TrainedCoder(run)
    texts = [*texts_of(corpus), "dyspnea"]
    keys = list(zip(run.index.code, run.index.description, strict=True))
    together = coder.code_many(texts, top=len(keys), evidence=False)
    for text, found in zip(texts, together, strict=True):
        whole = {one.code: one.probability for one in found}
        alone = coder.code(text, top=len(keys), evidence=False)
        assert {one.code: one.probability for one in alone} == pytest.approx(whole, abs=1e-5)
    new = ("icd10cm:J45.909", "Unspecified asthma, uncomplicated")
    for some in ([keys[0]], [keys[3], new, keys[1]]):
        for one in coder.code(texts[0], codes=dict(some), evidence=False):
            if one.code != "J45.909":
                expected = {other.code: other.probability for other in together[0]}[one.code]
                assert one.probability == pytest.approx(expected, abs=1e-5)


def test_a_code_training_never_saw_gets_lexical_evidence(run):
    codes = {"icd10cm:J45.909": "Unspecified asthma, uncomplicated", "icd10cm:N20.0": "Calculus of kidney"}
    note = "Patient has asthma since childhood"
    found = TrainedCoder(run).code(note, codes=codes)
    asthma = next(one for one in found if one.code == "J45.909")
    assert any(note[span.start : span.end] == "asthma" for span in asthma.evidence)


def test_codes_of_two_versions_cannot_be_matched_together(run):
    with pytest.raises(InputError, match="several versions"):
        TrainedCoder(run).code("gout", codes={"icd10cm:M10.9": "Gout", "icd9cm:274.9": "Gout"})


def test_matching_is_off_unless_asked_for(corpus, tmp_path):
    plain = train([corpus], tmp_path / "plain", tiny_settings("duallaat-cnn", epochs=1))
    assert not plain.lexicons
    assert not (plain.path / "names.parquet").exists()


@pytest.mark.parametrize(
    ("note", "code", "words"),
    [
        ("Paciente con asma desde la infancia.", "J45.909", "asma"),
        ("Ingresa por una nefrolitíasis derecha.", "N20.0", "nefrolitíasis"),
    ],
)
def test_names_of_another_language_come_from_a_table(spanish, note, code, words):
    """Codes that training never saw, by names that only the table has."""
    codes = {"icd10cm:J45.909": "Unspecified asthma, uncomplicated", "icd10cm:N20.0": "Calculus of kidney"}
    best = TrainedCoder(spanish).code(note, codes=codes)[0]
    assert best.code == code
    assert words in " ".join(note[span.start : span.end] for span in best.evidence)


@pytest.fixture(scope="module")
def spanish(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spanish")
    table = folder / "nombres.csv"
    names = {**CODES["icd10"], "J45.909": "asma", "N20.0": "nefrolitiasis"}
    table.write_text("code,term\n" + "".join(f"{code},{name}\n" for code, name in names.items()), "utf-8")
    settings = tiny_settings(
        "duallaat-cnn", "lexical=names", f"terms={table}", "matching_steps=200", epochs=1
    )
    return train([corpus], folder / "run", settings)


def two_versions(tmp_path, rows9, rows10, lexical):
    """The matched training notes of an ICD-10 and an ICD-9 corpus of the notes (patient, text, code)."""
    sources, labels, pools = {}, {}, {}
    for version, rows in (("icd10", rows10), ("icd9", rows9)):
        given = [
            {
                "note_id": f"{version}-{i}",
                "patient_id": patient,
                "text": text,
                "codes": [code],
                "split": "train",
            }
            for i, (patient, text, code) in enumerate(rows)
        ]
        (tmp_path / f"{version}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))
        columns = Columns(patient="patient_id", split="split")
        corpus = prepare_table(
            tmp_path / f"{version}.jsonl", tmp_path / version, version=version, columns=columns
        )
        pools[version] = dict(zip(corpus.codes, corpus.descriptions, strict=True))
        codes = [code for batch in corpus.notes("train", ("codes",)) for code in batch["codes"].to_pylist()]
        labels[version] = csr_array(np.array([[key in own for key in pools[version]] for own in codes]))
        sources[version] = [(corpus, "train")]
    settings = tiny_settings("duallaat-cnn", lexical=lexical)
    return match_training(sources, labels, pools, settings, tmp_path)


@pytest.mark.parametrize("lexical", ["associations", "equivalents"])
def test_notes_of_another_version_speak_for_the_codes_that_gem_gives(tmp_path, lexical):
    equivalents = lexical == "equivalents"
    rows9 = [(f"a{i}", "blorp today", "401.9") for i in range(12)]
    rows10 = [(f"b{i}", "nothing of it", "I10") for i in range(12)]
    found = two_versions(tmp_path, rows9, rows10, lexical)
    matcher = found["icd10"][0].own
    features = matcher.dense_features([matcher.match(NoteWords("blorp", 100)).features])[0, 0]
    assert (features[LEXICAL_FEATURES.index("equivalent_best")] > 0) == equivalents
    assert (features[LEXICAL_FEATURES.index("category_equivalent_best")] > 0) == equivalents
    assert (features[LEXICAL_FEATURES.index("equivalent_notes")] > 0) == equivalents
    assert features[LEXICAL_FEATURES.index("best")] == 0
    assert [lexicon.version for lexicon, _ in found.values()] == [0, 1]


def test_a_patient_s_notes_of_another_version_do_not_help_either(tmp_path):
    rows9 = [(f"p{i}", f"word{i} word{i}b", "401.9") for i in range(30) for _ in range(2)]
    rows10 = [(f"p{i}", f"word{i} word{i}b", "I10") for i in range(30)]
    lexicon, training = two_versions(tmp_path, rows9, rows10, "equivalents")["icd10"]
    best = LEXICAL_FEATURES.index("equivalent_best")
    features = training.features(np.arange(30), np.array([0]))
    assert not features[:, 0, best].any()
    assert (features[:, 0, LEXICAL_FEATURES.index("equivalent_notes")] > 0).all()
    new = lexicon.own.dense_features([lexicon.own.match(NoteWords("word3 word3b", 100)).features])
    assert new[0, 0, best] > 0


def test_a_run_of_two_versions_is_the_same_when_opened_again(tmp_path):
    corpora = [make_corpus(tmp_path, "ten", notes=60), make_corpus(tmp_path, "nine", "icd9", notes=60)]
    settings = tiny_settings("duallaat-cnn", "lexical=equivalents", epochs=1, matching_steps=50)
    run = train(corpora, tmp_path / "run", settings)
    again = Run.open(run.path)
    for number, corpus in enumerate(corpora):
        (tmp_path / corpus.version).mkdir()
        kept, read = (one.matcher(corpus.version, corpus.codes, corpus.descriptions) for one in (run, again))
        text = next(corpus.notes("test", ("text",))).column("text")[0].as_py()
        features = [
            matcher.dense_features([matcher.match(NoteWords(text, 100)).features]) for matcher in (kept, read)
        ]
        assert np.array_equal(*features)
        assert kept.version == read.version == number
        assert features[0][:, :, LEXICAL_FEATURES.index("train_notes")].any()
    alone = [run.model.lexical_logits(torch.from_numpy(features[0]), version) for version in (0, 1)]
    assert not torch.allclose(*alone)
