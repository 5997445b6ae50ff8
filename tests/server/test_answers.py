"""Answers of bounded size."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icdbridge.coding import Suggestion
from icdbridge.lexical.evidence import Evidence
from icdbridge.server import answers
from icdbridge.server.answer_schemas import CodeResponse
from icdbridge.server.request_schemas import NoteIn


class Served:
    max_note_words = 4_000
    threshold = 0.3

    def caution(self, text, suggestions):
        return None


def suggestion(rank, description="Heart failure", spans=1, text="dyspnea"):
    evidence = tuple(Evidence(0, len(text), text, 0.5, "negated") for _ in range(spans))
    return Suggestion(rank, "icd10cm", "I50.9", description, 0.5, True, 3, evidence, 0.5, "likely")


texts = st.text(max_size=300)
notes = st.lists(st.lists(st.tuples(texts, st.integers(0, 3), texts), max_size=12), min_size=1, max_size=4)


@given(notes, st.integers(0, 20_000))
def test_an_answer_is_no_larger_than_allowed_and_says_when_it_is_cut(given_notes, limit):
    found = [[suggestion(rank, *one) for rank, one in enumerate(note, 1)] for note in given_notes]
    for before, (kept, cut) in zip(found, answers.bounded(found, limit), strict=True):
        shown = [
            json.dumps(answers.suggestion_out(Served(), one), ensure_ascii=False).encode() for one in kept
        ]
        assert sum(map(len, shown)) <= limit / len(found)
        assert [one.rank for one in kept] == list(range(1, len(kept) + 1))
        assert cut == (kept != before)
        assert all(one.evidence in (was.evidence, ()) for one, was in zip(kept, before, strict=False))


@pytest.fixture
def small_answers(monkeypatch):
    monkeypatch.setattr(answers, "ANSWER_BYTES", 6_000)


MANY = [[suggestion(rank) for rank in range(1, 11)], [suggestion(1)]]
NOTES = [NoteIn(text="dyspnea", id="n-1"), NoteIn(text="dyspnea")]


def test_json_says_of_which_note_something_is_left_out(small_answers):
    answer = json.loads(answers.as_json("tiny", Served(), "icd10", NOTES, [1, 1], MANY))
    CodeResponse.model_validate(answer)
    assert [(note["cut"], len(note["suggestions"])) for note in answer["notes"]] == [(True, 3), (False, 1)]


def test_a_bundle_says_so_in_an_operation_outcome(small_answers):
    resources = [entry["resource"] for entry in json.loads(answers.as_fhir(NOTES, MANY))["entry"]]
    (outcome,) = [one for one in resources if one["resourceType"] == "OperationOutcome"]
    assert outcome["issue"][0]["diagnostics"].endswith("n-1")


def test_an_answer_within_the_bound_is_whole():
    assert answers.bounded(MANY, 1_000_000) == [(MANY[0], False), (MANY[1], False)]
