"""Finished encounters become a corpus: codes, marked words in the text that was coded, rejected codes."""

import pytest
from tests.feedback.conftest import finish

from icdbridge import InputError
from icdbridge.feedback.desk_corpus import prepare_desk
from icdbridge.server.store.retention import purge
from icdbridge.server.store.trail import verify

COPIED = "Came with four days of cough and fever."
LETTER = f"Pneumonia of the left lung. {COPIED}"


def test_what_was_decided_is_what_is_learnt(store, tmp_path):
    known = len(COPIED) + 7  # where HTN stands
    finish(
        store,
        "E-1",
        [f"{COPIED} Known HTN.", LETTER],
        {"J18.9": 0.9, "N17.9": 0.3},
        {"J18.9": ("accepted", (1, 0, 9)), "N17.9": "rejected", "I10": ("accepted", (0, known, known + 3))},
        patient="P-1",
    )  # fmt: skip
    finish(store, "E-2", ["Diabetes. Kidney failure."], {"E11.9": 0.8}, {"E11.9": "accepted"}, patient="P-2")
    finish(store, "E-3", ["Not finished."], {"I10": 0.8}, {"I10": "accepted"}, state="in work")
    corpus = prepare_desk(store, tmp_path / "corpus")
    (first, second) = (note for batch in corpus.notes() for note in batch.to_pylist())
    assert (first["note_id"], first["codes"]) == ("E-1", ["icd10cm:I10", "icd10cm:J18.9"])
    assert (second["note_id"], second["codes"]) == ("E-2", ["icd10cm:E11.9"])
    assert first["text"].count(COPIED) == 1  # what is copied forward counts once
    said = {code: first["text"][a:b] for (_, code), [[(a, b)]] in corpus.evidence().items()}
    assert said == {"icd10cm:J18.9": "Pneumonia", "icd10cm:I10": "HTN"}
    assert corpus.rejected() == [("E-1", "icd10cm:N17.9")]
    assert corpus.meta["source"] == "desk"
    with store.reading() as session:
        assert verify(session).fault is None


def test_what_cannot_be_learnt_from_is_counted(store, tmp_path):
    finish(store, "E-1", ["Pneumonia."], {"J18.9": 0.9}, {"J18.9": "accepted"})
    purge(store, 0)
    finish(store, "E-2", ["Nothing."], {"J18.9": 0.9}, {"J18.9": "rejected"})
    with pytest.raises(
        InputError, match="no finished encounter to learn icd10 from: 1 x encounter whose documents"
    ):
        prepare_desk(store, tmp_path / "corpus")
    finish(store, "E-3", ["Pneumonia."], {"J18.9": 0.9}, {"J18.9": "accepted"})
    dropped = prepare_desk(store, tmp_path / "corpus").meta["dropped"]
    assert {(one["reason"], one["count"], one["example"]) for one in dropped} == {
        ("encounter whose documents were deleted", 1, "encounter E-1"),
        ("encounter without a code of icd10", 1, "encounter E-2"),
    }
